"""The Edit tab's sliders, presets, history and comparing in a real browser, as a person uses them."""

import io
import re

import pytest
from PIL import Image
from playwright.sync_api import expect

from app.ui.text import PRESETS
from tests.ui.conftest import PATIENCE
from tests.ui.pages import alt, picture, query, rested, rested_at, slider, toast, wait_for_change

pytestmark = pytest.mark.browser


def test_the_page_is_useful_before_anything_is_clicked(page):
    start = picture(page)
    slider(page, "Smiling").focus()
    page.keyboard.press("ArrowRight")
    wait_for_change(page, start)
    expect(alt(page)).to_have_attribute("alt", re.compile("Smile \\+0.05"))


def test_a_drag_shows_its_last_position_and_leaves_a_receipt_beside_the_face(page):
    box = slider(page, "Smiling").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    for step in range(1, 13):
        page.mouse.move(box["x"] + box["width"] * (0.5 + step / 40), box["y"] + box["height"] / 2)
    page.mouse.up()
    value = float(slider(page, "Smiling").input_value())
    assert value > 1
    expect(alt(page)).to_have_attribute("alt", f"The face with Smile {value:+.2g}")
    rested_at(page, set=f"Smiling:{value}")
    rested(page, "Asked for")
    column, receipt = (page.locator(at).bounding_box() for at in ("#facet-left", "#facet-receipt"))
    assert column["x"] <= receipt["x"] < receipt["x"] + receipt["width"] <= column["x"] + column["width"]


@pytest.fixture
def phone(chromium, server):
    """The page on a phone, and a finger: touch(kind, x, y)."""
    context = chromium.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True,
                                   reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(server)
    page.wait_for_selector("#facet-after img.after")
    session = context.new_cdp_session(page)

    def touch(kind: str, *at: float) -> None:
        points = [{"x": at[0], "y": at[1]}] if at else []
        session.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": points})

    yield page, touch
    context.close()


def test_a_finger_drags_a_slider_sideways_and_scrolls_over_it_upwards(phone):
    page, touch = phone
    young = slider(page, "Young")
    young.scroll_into_view_if_needed()

    def swipe(right: float, down: float) -> None:
        box = young.bounding_box()
        x, y = box["x"] + 0.6 * box["width"], box["y"] + box["height"] / 2
        touch("Start", x, y)
        for step in range(1, 9):
            touch("Move", x + right * step, y + down * step)
        touch("End")

    at = page.evaluate("scrollY")
    swipe(5, 0)
    value = float(young.input_value())
    assert value > 0.4 and page.evaluate("scrollY") == at
    rested_at(page, set=f"Young:{value}")
    expect(page.locator("#facet-after")).to_be_in_viewport()  # the face, however low the slider
    expect(page.locator(".facet-summary")).to_contain_text("Young")
    swipe(0, -12)
    page.wait_for_function("at => scrollY > at", arg=at)
    assert float(young.input_value()) == value
    page.locator(".facet-summary").click()
    expect(page.locator("#facet-receipt table").first).to_be_in_viewport()


def test_reset_one_and_all_and_undo_and_redo(page):
    start = picture(page)
    expect(page.locator("#reset-Smiling")).to_be_hidden()
    for name, at in (("Smiling", "Smiling:1.0"), ("Young", "Smiling:1.0,Young:1.0")):
        slider(page, name).fill("1")
        rested_at(page, set=at)  # its receipt may name Young already for Smiling: it changes along with it
    page.get_by_role("button", name="Reset Smile").click()
    expect(slider(page, "Smiling")).to_have_value("0")
    expect(slider(page, "Smiling")).to_be_focused()
    expect(alt(page)).to_have_attribute("alt", "The face with Young +1")
    rested_at(page, set="Young:1.0")
    page.get_by_role("button", name="Undo").click()
    expect(slider(page, "Smiling")).to_have_value("1")
    page.locator("body").press("Control+z")
    expect(slider(page, "Young")).to_have_value("0")
    page.get_by_role("button", name="Redo").click()
    expect(slider(page, "Young")).to_have_value("1")
    page.get_by_role("button", name="Reset all").click()
    expect(alt(page)).to_have_attribute("alt", "The face, unedited")
    expect(slider(page, "Smiling")).to_have_value("0")
    assert picture(page) == start


def test_a_typed_number_moves_its_slider_and_stays_within_the_ends(page):
    number = page.locator("#slider-Young input[type=number]")
    number.fill("-1.25")
    expect(alt(page)).to_have_attribute("alt", "The face with Young -1.2")
    expect(slider(page, "Young")).to_have_value("-1.25")
    number.fill("9")
    expect(slider(page, "Young")).to_have_value("2")
    expect(alt(page)).to_have_attribute("alt", "The face with Young +2")
    number.fill("")  # half typed: the face stays
    number.blur()
    expect(number).to_have_value("2")
    expect(alt(page)).to_have_attribute("alt", "The face with Young +2")


def test_presets_go_together_show_that_they_are_on_and_come_off_again(page):
    glasses, blonde = (page.get_by_role("button", name=name, exact=True) for name in ("Dark glasses", "Blonde"))
    hair = page.locator("details", has=page.locator("#slider-Blond_Hair")).locator("summary")
    glasses.click()
    expect(alt(page)).to_have_attribute("alt", re.compile("Glasses"))
    blonde.click()
    expect(alt(page)).to_have_attribute("alt", re.compile("Blond hair.*Glasses"))
    expect(glasses).to_have_attribute("aria-pressed", "true")
    expect(hair).to_contain_text("1 set")  # its group is closed, and tells
    glasses.click()
    expect(alt(page)).to_have_attribute("alt", f"The face with Blond hair {PRESETS['Blonde']['Blond_Hair']:+g}")
    expect(glasses).to_have_attribute("aria-pressed", "false")
    page.get_by_role("button", name="Undo").click()
    expect(glasses).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Reset all").click()
    expect(blonde).to_have_attribute("aria-pressed", "false")
    expect(hair).not_to_contain_text("set")


def test_the_receipt_locks_what_nobody_asked_for(page):
    slider(page, "Smiling").fill("2")
    rested(page, "Changed along with it")
    button = page.locator("#facet-receipt .lock-button").first
    name = button.get_attribute("data-value")
    button.click()
    page.wait_for_function("name => (new URL(location).searchParams.get('keep') || '').includes(name)", arg=name)


def test_a_weak_attribute_is_warned_of_beside_the_face_by_its_plain_name(page):
    page.get_by_text("Worn, and the photo").click()
    slider(page, "Wearing_Hat").fill("1")
    warning = page.locator("#facet-warnings")
    expect(warning).to_contain_text("too few labelled faces for Hat")
    page.get_by_role("button", name="Reset all").click()
    expect(warning).to_be_hidden()


def test_before_shows_by_button_by_key_and_by_slider(page):
    slider(page, "Smiling").fill("2")
    clip = "getComputedStyle(document.querySelector('#facet-stage')).getPropertyValue('--split').trim()"
    toggle = page.get_by_role("button", name="Show before", exact=True)
    assert page.evaluate(clip) == "0%"
    toggle.click()
    assert page.evaluate(clip) == "100%"
    expect(toggle).to_have_attribute("aria-pressed", "true")
    toggle.click()
    page.locator("body").press("Escape")
    page.keyboard.down("b")
    assert page.evaluate(clip) == "100%"
    page.keyboard.up("b")
    assert page.evaluate(clip) == "0%"
    page.locator("#facet-split").fill("40")
    assert page.evaluate(clip) == "40%"


def test_an_edit_is_animated_scrubbed_and_downloaded(page):
    page.locator("#facet-animate").get_by_text("Animate this edit").click()
    page.get_by_role("button", name="Animate", exact=True).click()
    toast(page, "Move a slider")
    slider(page, "Smiling").fill("1.5")
    page.locator("#animate-frames input[type=number]").fill("6")
    page.get_by_role("button", name="Animate", exact=True).click()
    frames = page.locator("#facet-animation .frames img")
    expect(frames).to_have_count(6)
    page.locator("#facet-animation .scrub").fill("4")
    expect(frames.nth(4)).to_be_visible()
    expect(frames.nth(0)).to_be_hidden()
    button = page.get_by_role("button", name="Download animation")
    expect(button).to_be_enabled()
    with page.expect_download() as download:
        button.click()
    with open(download.value.path(), "rb") as file:
        assert Image.open(io.BytesIO(file.read())).format == "GIF"
    page.get_by_role("button", name="Random face").first.click()  # another face: the animation of the last one goes
    expect(frames).to_have_count(0)
    expect(button).to_be_disabled()


def test_a_drawn_example_and_a_random_face_open_by_click(page):
    start = picture(page)
    expect(page.get_by_role("button", name="Whole photo")).to_be_hidden()  # there is none
    page.locator("#edit-samples .face-button").nth(2).click()
    second = wait_for_change(page, start)
    page.get_by_role("button", name="Random face").first.click()
    wait_for_change(page, second)
    slider(page, "Smiling").fill("1")
    rested(page, "Smile")
    assert int(query(page)["seed"][0]) >= 0
