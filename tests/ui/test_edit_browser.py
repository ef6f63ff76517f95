"""The Edit tab in a real browser, as a person uses it."""

import io
import json
import re
from urllib.parse import parse_qs, urlparse

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from app.ui.text import PRESETS
from tests.ui.fakes import photo_of

pytestmark = pytest.mark.browser


def picture(page: Page) -> str:
    return page.locator("#facet-after img.after").get_attribute("src")


def alt(page: Page):
    return page.locator("#facet-after img.after")


def slider(page: Page, name: str):
    return page.locator(f"#slider-{name} input[type=range]")


def wait_for_change(page: Page, before: str) -> str:
    page.wait_for_function("old => { const img = document.querySelector('#facet-after img.after');"
                           " return img && img.src !== old; }", arg=before)
    return picture(page)


def open_photo(page: Page, path: str) -> None:
    before = picture(page)
    page.locator("#edit-upload input[type=file]").set_input_files(path)
    wait_for_change(page, before)


def query(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlparse(page.url).query)


def rested(page: Page, text: str):
    """Wait until the receipt speaks of this."""
    expect(page.locator("#facet-receipt")).to_contain_text(text)


def test_the_page_is_useful_before_anything_is_clicked(page):
    start = picture(page)
    slider(page, "Smiling").focus()
    page.keyboard.press("ArrowRight")
    wait_for_change(page, start)
    expect(alt(page)).to_have_attribute("alt", re.compile("Smile \\+0.05"))


def test_a_drag_shows_its_last_position_and_leaves_a_receipt(page):
    box = slider(page, "Smiling").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    for step in range(1, 13):
        page.mouse.move(box["x"] + box["width"] * (0.5 + step / 40), box["y"] + box["height"] / 2)
    page.mouse.up()
    value = float(slider(page, "Smiling").input_value())
    assert value > 1
    expect(alt(page)).to_have_attribute("alt", f"The face with Smile {value:+.2g}")
    rested(page, "Smile")
    assert query(page)["set"] == [f"Smiling:{value}"]


def test_reset_one_and_all_and_undo_and_redo(page):
    start = picture(page)
    for name in ("Smiling", "Young"):
        slider(page, name).fill("1")
        rested(page, {"Smiling": "Smile", "Young": "Young"}[name])
    page.get_by_role("button", name="Reset Smile").click()
    expect(slider(page, "Smiling")).to_have_value("0")
    expect(alt(page)).to_have_attribute("alt", "The face with Young +1")
    page.wait_for_function("!new URL(location).searchParams.get('set').includes('Smiling')")
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


def test_presets_go_together_and_come_off_again(page):
    page.get_by_role("button", name="Glasses", exact=True).click()
    expect(alt(page)).to_have_attribute("alt", re.compile("Glasses"))
    page.get_by_role("button", name="Blonde", exact=True).click()
    expect(alt(page)).to_have_attribute("alt", re.compile("Blond hair.*Glasses"))
    page.get_by_role("button", name="Glasses", exact=True).click()
    expect(alt(page)).to_have_attribute("alt", f"The face with Blond hair {PRESETS['Blonde']['Blond_Hair']:+g}")


def test_a_photo_is_found_edited_and_downloaded_at_its_own_size(page, photo_file):
    open_photo(page, photo_file(1))
    expect(page.locator("#facet-pair")).to_contain_text("Found in your photo")
    expect(page.locator("#facet-pair")).to_contain_text("What the model sees")
    slider(page, "Smiling").fill("1.5")
    expect(alt(page)).to_have_attribute("alt", re.compile("Smile"))
    with page.expect_download() as download:
        page.get_by_role("button", name="Download", exact=True).click()
    result = Image.open(download.value.path())
    photo = photo_of(1)
    assert (result.format, result.size, dict(result.info)) == ("PNG", photo.size, {})
    changed = np.abs(np.asarray(result, int) - np.asarray(photo, int)).max(axis=2) > 0
    assert changed[60:496, 40:396].any()
    assert not changed[:, :30].any()


def test_an_unedited_photo_comes_back_pixel_for_pixel(page, photo_file):
    open_photo(page, photo_file(1))
    with page.expect_download() as download:
        page.get_by_role("button", name="Download", exact=True).click()
    assert np.array_equal(np.asarray(Image.open(download.value.path())), np.asarray(photo_of(1)))


def test_edits_of_one_face_stay_while_another_is_edited(page, photo_file):
    open_photo(page, photo_file(2))
    faces = page.locator("#facet-faces .face-button")
    expect(faces).to_have_count(2)
    slider(page, "Smiling").fill("1.5")
    expect(alt(page)).to_have_attribute("alt", re.compile("Smile"))
    faces.nth(1).click()
    expect(alt(page)).to_have_attribute("alt", "The face, unedited")
    expect(slider(page, "Smiling")).to_have_value("0")
    slider(page, "Young").fill("-1.5")
    expect(alt(page)).to_have_attribute("alt", re.compile("Young"))
    rested(page, "Young")
    assert query(page)["face"] == ["1"]
    with page.expect_download() as download:
        page.get_by_role("button", name="Download", exact=True).click()
    changed = np.asarray(Image.open(download.value.path()), int) != np.asarray(photo_of(2), int)
    assert changed[:, :420].any()
    assert changed[:, 440:].any()
    faces.nth(0).click()
    expect(slider(page, "Smiling")).to_have_value("1.5")


@pytest.mark.parametrize("kind", ["text", "faceless"])
def test_a_bad_upload_gives_a_sentence_and_keeps_the_face(page, tmp_path, noise_photo, kind):
    path = noise_photo
    if kind == "text":
        path = tmp_path / "letter.jpg"
        path.write_text("Dear Sir or Madam")
    start = picture(page)
    page.locator("#edit-upload input[type=file]").set_input_files(str(path))
    toast = page.locator(".toast-wrap")
    expect(toast).to_contain_text("No face" if kind == "faceless" else re.compile("not a (photo|picture)|picture"))
    assert str(tmp_path) not in toast.inner_text()
    assert picture(page) == start


def test_a_link_opens_with_its_edit(page, server):
    page.goto(f"{server}?seed=7&set=Smiling:1.25,Eyeglasses:-0.5&keep=Young&utm_source=friend")
    expect(alt(page)).to_have_attribute("alt", re.compile("Glasses -0.5, Smile \\+1.2"))
    expect(slider(page, "Smiling")).to_have_value("1.25")
    expect(page.locator("#lock-Young input")).to_be_checked()
    rested(page, "Smile")
    assert query(page)["utm_source"] == ["friend"]
    again = picture(page)
    page.goto(page.url)
    expect(alt(page)).to_have_attribute("src", again)


def test_a_links_edit_waits_for_the_photo(page, server, photo_file):
    page.goto(f"{server}?set=Smiling:1")
    expect(slider(page, "Smiling")).to_have_value("1")
    rested(page, "Smile")
    assert "seed" not in query(page)
    open_photo(page, photo_file(1))
    expect(alt(page)).to_have_attribute("alt", "The face with Smile +1")
    expect(slider(page, "Smiling")).to_have_value("1")


def test_a_broken_link_gives_a_sentence_and_no_markup(page, server):
    page.goto(f"{server}?set=<img/src=x>:1")
    expect(page.locator(".toast-wrap")).to_contain_text("not the name of an attribute")
    assert page.locator(".toast-wrap img[src=x]").count() == 0
    expect(alt(page)).to_have_attribute("alt", "The face, unedited")


def test_a_recipe_is_copied_and_pasted(page):
    slider(page, "Smiling").fill("0.5")
    rested(page, "Smile")
    page.locator("#facet-recipe").get_by_text("Recipe").click()
    box = page.locator("#facet-recipe textarea")
    recipe = json.loads(box.input_value())
    assert recipe["set"] == {"Smiling": 0.5}
    box.fill(json.dumps({**recipe, "set": {"Young": 1}, "keep": ["Male"]}))
    page.get_by_role("button", name="Apply this recipe").click()
    expect(slider(page, "Young")).to_have_value("1")
    expect(slider(page, "Smiling")).to_have_value("0")
    expect(page.locator("#lock-Male input")).to_be_checked()
    box.fill("{")
    page.get_by_role("button", name="Apply this recipe").click()
    expect(page.locator(".toast-wrap")).to_contain_text("not a recipe")


def test_the_receipt_locks_what_nobody_asked_for(page):
    slider(page, "Smiling").fill("2")
    rested(page, "Changed along with it")
    button = page.locator("#facet-receipt .lock-button").first
    name = button.get_attribute("data-value")
    button.click()
    page.wait_for_function("name => (new URL(location).searchParams.get('keep') || '').includes(name)", arg=name)


def test_before_shows_by_button_by_key_and_by_slider(page):
    slider(page, "Smiling").fill("2")
    clip = "getComputedStyle(document.querySelector('#facet-stage')).getPropertyValue('--split').trim()"
    assert page.evaluate(clip) == "0%"
    page.get_by_role("button", name="Before", exact=True).click()
    assert page.evaluate(clip) == "100%"
    page.get_by_role("button", name="Before", exact=True).click()
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
    expect(page.locator(".toast-wrap")).to_contain_text("Move a slider")
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


def test_a_drawn_example_and_a_random_face_open_by_click(page):
    start = picture(page)
    page.locator("#edit-samples .face-button").nth(2).click()
    second = wait_for_change(page, start)
    page.get_by_role("button", name="Draw a random face").first.click()
    wait_for_change(page, second)
    slider(page, "Smiling").fill("1")
    rested(page, "Smile")
    assert int(query(page)["seed"][0]) >= 0
