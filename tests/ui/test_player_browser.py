"""The player in a real browser, against the file that is written of the same frames."""

import io

import numpy as np
import pytest
from PIL import Image, ImageSequence

from app.photo.animation import save_animation
from app.ui.player import player

pytestmark = pytest.mark.browser

FPS, HOLD, STEP = 10, 0.5, 50  # frames and seconds; milliseconds between two looks
FRAMES = [Image.new("RGB", (8, 8), (60 * i, 0, 0)) for i in range(4)]
SHOWN = "() => [...document.querySelectorAll('#test-player .frames img')].findIndex(i => i.style.display === 'block')"


def written(boomerang: bool) -> list[int]:
    """Which frame the file shows each STEP milliseconds."""
    memory = io.BytesIO()
    save_animation(FRAMES, memory, format="webp", fps=FPS, boomerang=boomerang, hold=HOLD)
    with Image.open(memory) as file:
        shown = [(round(np.asarray(one.convert("RGB"))[4, 4, 0] / 60), one.info["duration"])
                 for one in ImageSequence.Iterator(file)]
    return [index for index, duration in shown for _ in range(duration // STEP)]


def test_it_plays_as_the_file_does(page):
    page.clock.install()
    page.reload()  # so that no frame is left that the real clock will draw, late and at the real time
    page.wait_for_selector("#facet-after img.after")
    page.clock.pause_at(10_000_000_000)
    for boomerang, start in ((True, 0), (True, 2), (False, 0), (False, 2)):
        slots = written(boomerang)
        page.evaluate("""html => {
            document.getElementById("test-player")?.remove();
            document.body.insertAdjacentHTML("beforeend", `<div id="test-player">${html}</div>`);
        }""", player(FRAMES, FPS, boomerang, HOLD, "A test"))
        page.clock.run_for(STEP)
        assert page.evaluate("document.querySelector('#test-player .player').playing") is False  # page.js has seen it
        page.locator("#test-player .scrub").evaluate(
            "(e, value) => { e.value = value; e.dispatchEvent(new Event('input', {bubbles: true})); }", start)
        page.locator("#test-player .play").dispatch_event("click")
        page.clock.run_for(STEP // 2)  # in the middle between two changes
        shown = []
        for _ in slots:
            shown.append(page.evaluate(SHOWN))
            page.clock.run_for(STEP)
        first = slots.index(start)
        assert shown == slots[first:] + slots[:first], (boomerang, start)
