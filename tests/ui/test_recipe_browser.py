"""Recipes in a real browser: by link, as text, of several faces; and the same pixels from every door."""

import json
import re

import numpy as np
import pytest
from gradio_client import Client, handle_file
from PIL import Image
from playwright.sync_api import expect

from app.__main__ import main
from app.editor import FaceEditor
from app.photo.open import open_photo as read_photo
from tests.ui.fakes import photo_of
from tests.ui.pages import alt, download, fill_kept, open_photo, picture, query, rested, rested_at, slider, toast

pytestmark = pytest.mark.browser


def recipe_box(page):
    page.locator("#facet-recipe").get_by_text("Recipe").click()
    return page.locator("#facet-recipe textarea")


def test_a_link_opens_with_its_edit(page, server):
    page.goto(f"{server}?seed=7&set=Smiling:1.25,Eyeglasses:-0.5&keep=Young&utm_source=friend")
    expect(alt(page)).to_have_attribute("alt", re.compile("Glasses -0.5, Smile \\+1.2"))
    expect(slider(page, "Smiling")).to_have_value("1.25")
    expect(page.locator("#lock-Young input")).to_be_checked()
    rested(page, "Smile")
    assert query(page)["utm_source"] == ["friend"]
    again = picture(page)
    recipe_box(page)
    page.get_by_role("button", name="Copy a link").click()
    expect(page.locator("#facet-link")).to_have_text("Copied")
    page.goto(page.evaluate("navigator.clipboard.readText()"))
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
    toast(page, "not the name of an attribute")
    assert page.locator(".toast-wrap img[src=x]").count() == 0
    expect(alt(page)).to_have_attribute("alt", "The face, unedited")


def test_a_recipe_is_copied_and_pasted(page):
    slider(page, "Smiling").fill("0.5")
    rested_at(page, set="Smiling:0.5")
    rested(page, "Smile")
    box, apply = recipe_box(page), page.get_by_role("button", name="Apply this recipe")
    recipe = json.loads(box.input_value())
    assert recipe["set"] == {"Smiling": 0.5}
    fill_kept(box, json.dumps({**recipe, "set": {"Young": 1}, "keep": ["Male"]}))
    apply.click()
    expect(slider(page, "Young")).to_have_value("1")
    expect(slider(page, "Smiling")).to_have_value("0")
    expect(page.locator("#lock-Male input")).to_be_checked()
    box.fill("{")
    apply.click()
    toast(page, "not a recipe")
    box.fill('[{"set": {"Young": 1}}, {"face": 1, "set": {"Male": 1}}]')
    apply.click()
    toast(page, "Open that photo")


def test_the_same_recipe_gives_the_same_pixels_from_page_command_line_and_http(page, server, editor, tmp_path,
                                                                               monkeypatch):
    """Two faces of a photo as a phone writes it, turned by EXIF and with its place; compared at full size."""
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by a quarter
    exif.get_ifd(0x8825)[1] = "N"
    exif[0x010E] = "a secret description"
    photo = tmp_path / "phone.jpg"
    photo_of(2).transpose(Image.Transpose.ROTATE_90).save(photo, exif=exif, quality=95)
    upright = read_photo(photo)

    open_photo(page, str(photo))
    slider(page, "Smiling").fill("1.5")
    page.locator("#lock-Young input").check()
    rested_at(page, set="Smiling:1.5", keep="Young")
    page.locator("#facet-faces .face-button").nth(1).click()
    expect(alt(page)).to_have_attribute("alt", "The face, unedited")
    slider(page, "Male").fill("-1")
    page.locator("#facet-detail input[type=range]").fill("0.8")
    rested_at(page, set="Male:-1.0", detail="0.8", face="1")
    box = recipe_box(page)
    expect(box).to_have_value(re.compile(r'"Smiling": 1.5.*\n.*"Male": -1.0', re.DOTALL))
    recipe = box.input_value()
    from_page = download(page).path()
    page.locator("#facet-kind").get_by_text("JPEG").click()
    as_jpeg = download(page).path()

    recipe_file, from_command = tmp_path / "recipe.json", tmp_path / "out.png"
    recipe_file.write_text(recipe)
    monkeypatch.setattr(FaceEditor, "load", lambda source: editor)
    assert main(["edit", str(photo), "--recipe", str(recipe_file), "-o", str(from_command)]) == 0
    client = Client(server, verbose=False, download_files=str(tmp_path))
    from_http, receipts = client.predict(handle_file(str(photo)), recipe, api_name="/edit")

    pixels = [np.asarray(Image.open(path).convert("RGB")) for path in (from_page, from_command, from_http)]
    assert pixels[0].shape == np.asarray(upright).shape == np.asarray(photo_of(2)).shape
    assert np.array_equal(pixels[0], pixels[1])
    assert np.array_equal(pixels[0], pixels[2])
    changed = (pixels[0] != np.asarray(upright)).any(axis=2)
    assert changed[:, :420].any() and changed[:, 440:].any()
    assert [receipt["recipe"] for receipt in receipts] == json.loads(recipe)
    for path in (from_page, as_jpeg):
        assert not Image.open(path).getexif()
        assert b"secret" not in path.read_bytes()
