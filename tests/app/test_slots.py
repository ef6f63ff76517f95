"""Inferences of many visitors: within the slots, in turn, and none without an end."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import app.editor
from app.editor import FaceEditor
from app.recipe import Recipe
from app.slots import BusyError, Slots
from tests.app.fakes import NAMES, FakeBundle, faces_at, photo_of_faces


@pytest.fixture
def photo(monkeypatch):
    photo, matrices = photo_of_faces()
    monkeypatch.setattr(app.editor, "find_faces", lambda photo: faces_at(photo, matrices))
    return photo


def test_threads_share_one_editor_within_its_slots(photo):
    editor = FaceEditor(FakeBundle(), slots=2)
    opened = editor.open_face(photo)
    recipes = [Recipe(set={name: strength}) for name in NAMES for strength in (-1.0, 1.0)]
    expected = [editor.preview(opened, recipe) for recipe in recipes]
    with ThreadPoolExecutor(8) as pool:
        shown = list(pool.map(lambda recipe: editor.preview(opened, recipe), recipes * 8))
    assert all(np.array_equal(a, b) for a, b in zip(shown, expected * 8, strict=True))
    assert 1 <= editor.bundle.most_running <= 2


def test_a_full_house_says_so_and_recovers():
    slots = Slots(1, patience=0.05)
    inside, leave = threading.Event(), threading.Event()

    def visitor():
        with slots:
            inside.set()
            leave.wait(5)

    thread = threading.Thread(target=visitor)
    thread.start()
    inside.wait(5)
    with pytest.raises(BusyError, match="try again"), slots:
        pass
    leave.set()
    thread.join()
    with pytest.raises(KeyError), slots:
        raise KeyError  # an error inside gives the slot back
    with slots:
        pass


def test_slots_are_given_out_in_turn():
    """Who gives one back and asks again, as a long task does between its parts, stands behind who waits."""
    slots, order = Slots(1, patience=5), []

    def visitor():
        with slots:
            order.append("visitor")

    with slots:
        thread = threading.Thread(target=visitor)
        thread.start()
        while not slots._waiting:
            time.sleep(0.001)
    with slots:
        order.append("long task")
    thread.join()
    assert order == ["visitor", "long task"]


def test_no_crowd_of_slow_tasks_makes_a_slider_wait(photo):
    editor = FaceEditor(FakeBundle(), slots=1, patience=0.2)
    opened, recipe = editor.open_face(photo), Recipe(set={"Smiling": 1.0})
    decode, inside, leave = editor.bundle.decode, threading.Event(), threading.Event()

    def slow(z):
        """As long as a network takes for many frames."""
        if len(z) > 1:
            inside.set()
            leave.wait(5)
        return decode(z)

    editor.bundle.decode = slow
    thread = threading.Thread(target=lambda: editor.morph_opened(opened, opened, frames=5))
    thread.start()
    inside.wait(5)
    try:
        assert editor.preview(opened, recipe).shape == opened.frame.shape
        with pytest.raises(BusyError):  # another slow one waits its turn, and not for ever
            editor.animate(opened, recipe, frames=5)
    finally:
        leave.set()
        thread.join()
