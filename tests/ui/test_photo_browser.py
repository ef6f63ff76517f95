"""Photos in the Edit tab in a real browser: opened, chosen from, looked at whole, downloaded; and what is no photo."""

import re

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from app.ui.text import DOWNLOAD
from tests.ui.fakes import photo_of
from tests.ui.pages import alt, download, open_photo, picture, query, rested, slider, toast

pytestmark = pytest.mark.browser


def test_a_photo_is_found_looked_at_whole_edited_and_downloaded_at_its_own_size(page, photo_file):
    open_photo(page, photo_file(1))
    expect(page.locator("#facet-pair")).to_contain_text("Found in your photo")
    expect(page.locator("#facet-pair")).to_contain_text("What the model sees")
    unedited = np.asarray(Image.open(download(page).path()))
    assert np.array_equal(unedited, np.asarray(photo_of(1)))
    slider(page, "Smiling").fill("1.5")
    expect(alt(page)).to_have_attribute("alt", re.compile("Smile"))
    page.get_by_role("button", name="Whole photo").click()
    whole = page.get_by_role("dialog").get_by_role("img")
    expect(whole).to_have_attribute("width", str(photo_of(1).width))
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    result = Image.open(download(page).path())
    photo = photo_of(1)
    assert (result.format, result.size, dict(result.info)) == ("PNG", photo.size, {})
    changed = np.abs(np.asarray(result, int) - np.asarray(photo, int)).max(axis=2) > 0
    assert changed[60:496, 40:396].any()
    assert not changed[:, :30].any()
    expect(page.locator("#facet-download")).to_have_text(DOWNLOAD)  # no longer busy


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
    changed = np.asarray(Image.open(download(page).path()), int) != np.asarray(photo_of(2), int)
    assert changed[:, :420].any()
    assert changed[:, 440:].any()
    faces.nth(0).click()
    expect(slider(page, "Smiling")).to_have_value("1.5")


def test_a_bad_upload_gives_a_sentence_and_keeps_the_face(page, tmp_path, noise_photo):
    letter = tmp_path / "letter.jpg"
    letter.write_text("Dear Sir or Madam")
    start = picture(page)
    for path, says in ((letter, "not a picture"), (noise_photo, "No face")):
        page.locator("#edit-upload input[type=file]").set_input_files(str(path))
        assert str(tmp_path) not in toast(page, says)
        expect(page.locator("#edit-upload img[src]")).to_have_count(0)  # nor does it stay in the box
        assert picture(page) == start
