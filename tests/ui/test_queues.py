"""Slow work waits in queues of its own, so that no crowd keeps a slider from its answer."""

import threading
import time
from contextlib import ExitStack

import httpx

from app.recipe import Recipe
from app.ui import queues
from app.ui.demo import build_demo
from app.ui.sliders import AttributeSliders
from benchmarks.protocol import PageServer, Session
from benchmarks.visitors import PANEL

PICKERS = ("edit", "morph-a", "morph-b", "morph-c", "morph-d")


def test_all_queues_together_leave_most_threads_to_what_is_past_them(editor):
    known = [one for one in vars(queues).values() if isinstance(one, dict) and "concurrency_id" in one]
    limits = {one["concurrency_id"]: one["concurrency_limit"] for one in known}
    queued = [one for one in build_demo(editor).fns.values() if one.fn is not None and one.queue]
    assert {one.concurrency_id: one.concurrency_limit for one in queued} == limits
    assert sum(limits.values()) < queues.THREADS / 2


def test_a_crowd_at_the_drawn_faces_makes_no_slider_wait(server, editor, monkeypatch):
    """As many as may come, and every one of them takes long."""
    draw, inside, leave = editor.open_drawn, threading.Semaphore(0), threading.Event()

    def slow(recipe: Recipe):
        inside.release()
        leave.wait(20)
        return draw(recipe)

    monkeypatch.setattr(editor, "open_drawn", slow)
    page = PageServer(server)
    with ExitStack() as stack:
        stack.callback(page.close)
        stack.callback(leave.set)
        crowd = [stack.enter_context(Session(page)) for _ in range(queues.WAITING)]
        for i, visitor in enumerate(crowd):
            picker = PICKERS[i % len(PICKERS)]
            visitor.join(f"{picker}-{'samples' if i % 2 else 'random'}", "click", {}, sent=str(i))
        assert inside.acquire(timeout=10)
        start = time.monotonic()
        with Session(page) as hand:
            (stage,) = hand.at_once(PANEL, "input", {PANEL: AttributeSliders.write(Recipe(set={"Smiling": 1.0}))})
        assert "<img" in stage
        assert httpx.get(server).is_success
        assert time.monotonic() - start < 10
