"""The Generate and Morph tabs, a phone's width and the keyboard, in a real browser."""

import re
import threading

import pytest
from PIL import Image, ImageSequence
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def open_tab(page, name):
    page.get_by_role("tab", name=name).click()


def test_faces_are_drawn_anew_and_again_and_one_is_edited(page):
    open_tab(page, "Generate")
    faces = page.locator("#generate-gallery .face-button")
    expect(faces).to_have_count(12)
    first = faces.nth(0).locator("img").get_attribute("src")
    page.get_by_role("button", name="Draw new faces").click()
    expect(faces.nth(0).locator("img")).not_to_have_attribute("src", first)
    page.locator("#generate-seed input").fill("0")  # what is set draws at once
    page.locator("#generate-count input[type=range]").fill("5")
    expect(faces).to_have_count(5)
    expect(faces.nth(0).locator("img")).to_have_attribute("src", first)
    wanted = faces.nth(3).locator("img").get_attribute("src")
    faces.nth(3).click()
    expect(page.get_by_role("tab", name="Edit")).to_have_attribute("aria-selected", "true")
    expect(page.locator("#facet-after img.after")).to_have_attribute("src", wanted)
    page.locator("#slider-Young input[type=range]").fill("1")
    page.wait_for_function("new URL(location).searchParams.get('seed') === '3'")


def test_a_photo_morphs_into_a_drawn_face_and_is_downloaded(page, photo_file):
    open_tab(page, "Morph")
    start = page.locator("#morph-a-face img").get_attribute("src")
    page.locator("#morph-a-upload input[type=file]").set_input_files(photo_file(1))
    expect(page.locator("#morph-a-face img")).not_to_have_attribute("src", start)
    page.locator("#morph-b-samples .face-button").nth(4).click()
    page.get_by_text("Speed, length and file").click()
    set_number(page, "#morph-frames", "7")
    page.locator("#morph-format").get_by_text("WebP").click()
    page.get_by_role("button", name="Morph", exact=True).click()
    frames = page.locator("#morph-result .frames img")
    expect(frames).to_have_count(7)
    page.locator("#morph-result .scrub").focus()
    page.keyboard.press("End")
    expect(frames.nth(6)).to_be_visible()
    page.locator("#morph-result").get_by_role("button", name="Play or pause").click()
    expect(frames.nth(0)).to_be_visible()
    button = page.get_by_role("button", name="Download WebP")
    expect(button).to_be_enabled()
    with page.expect_download() as download:
        button.click()
    with Image.open(download.value.path()) as animation:
        assert animation.format == "WEBP"
        assert len(list(ImageSequence.Iterator(animation))) > 7


def set_number(page, slider: str, value: str) -> None:
    """Type a slider's number; again where an accordion that was still opening put the old one back."""
    number, bar = (page.locator(f"{slider} input[type={kind}]") for kind in ("number", "range"))
    for _ in range(20):
        number.fill(value)
        number.press("Tab")
        page.wait_for_timeout(100)
        if bar.input_value() == number.input_value() == value:
            return
    raise AssertionError(f"{slider} stays at {bar.input_value()}")


def test_a_third_face_joins_the_row_and_leaves_it(page):
    page.get_by_role("tab", name="Morph").click()
    expect(page.locator("#morph-c-face")).to_be_hidden()
    page.get_by_role("button", name="Add a face").click()
    expect(page.locator("#morph-c-face img")).to_be_visible()
    page.locator("#morph-options").get_by_text("Speed, length and file").click()
    set_number(page, "#morph-frames", "5")
    page.locator("#morph-size").get_by_text("Small").click()
    page.get_by_role("button", name="Morph", exact=True).click()
    frames = page.locator("#morph-result .frames img")
    expect(frames).to_have_count(2 * 5 - 1)
    page.get_by_role("button", name="Remove the last").click()
    expect(page.locator("#morph-c-face")).to_be_hidden()
    expect(page.get_by_role("button", name="Remove the last")).to_be_disabled()
    page.get_by_role("button", name="Morph", exact=True).click()
    expect(frames).to_have_count(5)


def test_a_morph_is_cancelled(page, editor, monkeypatch):
    going_on, morph = threading.Event(), type(editor).morph_opened
    # However fast the machine draws, this one is not done before it is cancelled.
    monkeypatch.setattr(type(editor), "morph_opened",
                        lambda *args, **options: going_on.wait(60) and morph(*args, **options))
    open_tab(page, "Morph")
    cancel = page.get_by_role("button", name="Cancel")
    expect(cancel).to_be_disabled()
    page.get_by_text("Speed, length and file").click()
    set_number(page, "#morph-frames", "120")
    page.get_by_role("button", name="Morph", exact=True).click()
    expect(cancel).to_be_enabled()
    cancel.click()
    expect(cancel).to_be_disabled()
    going_on.set()
    expect(page.get_by_role("button", name="Download", exact=True)).to_be_disabled()


def test_a_phone_keeps_the_face_in_sight_and_nothing_sticks_out(page):
    page.set_viewport_size({"width": 390, "height": 844})
    page.evaluate("window.scrollBy(0, document.querySelector('#slider-Attractive').getBoundingClientRect().top - 700)")
    stage, slider = (page.locator(at).bounding_box() for at in ("#facet-stage", "#slider-Attractive"))
    assert page.evaluate("window.scrollY") > 300
    assert stage["y"] >= -1
    assert slider["y"] > stage["y"] + stage["height"]
    top = page.evaluate("document.elementFromPoint(195, 40).closest('#facet-stage') !== null")
    assert top, "something lies over the face"
    for name in ("Edit", "Generate", "Morph"):
        open_tab(page, name)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_everything_is_reached_and_named_for_the_keyboard(page):
    names = []
    page.locator("#facet-toggle").focus()
    for _ in range(40):
        page.keyboard.press("Tab")
        names.append(page.evaluate("() => { const e = document.activeElement;"
                                   " return e.getAttribute('aria-label') || e.innerText"
                                   " || (e.labels && e.labels[0] ? e.labels[0].innerText : ''); }"))
    assert "" not in names
    text = " | ".join(names)
    for name in ("Reset all", "Download", "PNG", "Older", "Smile, as a number | Smile | Lock Smile | Open mouth, as"):
        assert name in text


def test_a_lock_holds_its_attribute(page):
    page.locator("#lock-Young input").check()
    page.locator("#slider-Smiling input[type=range]").fill("1")
    page.wait_for_function("new URL(location).searchParams.get('keep') === 'Young'")
    expect(page.locator("#facet-after img.after")).to_have_attribute("alt", re.compile("Smile"))
