"""Values that the page makes or reads: the sliders' recipe, and HTML that repeats only escaped words."""

import gradio as gr
import numpy as np
import pytest

from app.recipe import Recipe
from app.ui import text, view
from app.ui.errors import sentence
from app.ui.pictures import face_buttons
from app.ui.sliders import AttributeSliders
from model.data import ATTRIBUTES


@pytest.fixture(scope="module")
def panel():
    with gr.Blocks():
        return AttributeSliders(ATTRIBUTES, [name != "Wearing_Hat" for name in ATTRIBUTES])


def test_every_attribute_has_one_plain_name():
    assert sorted(text.LABELS) == sorted(ATTRIBUTES)
    assert len(set(text.LABELS.values())) == 40
    assert all("_" not in label for label in text.LABELS.values())
    for strengths in text.PRESETS.values():
        Recipe(set=strengths).check(ATTRIBUTES)


def test_controls_and_recipe_are_inverse(panel):
    recipe = Recipe(set={"Smiling": 1.25, "Young": -0.5}, keep=("Male",), detail=0.4)
    assert panel.read(panel.write(recipe)) == recipe


@pytest.mark.parametrize(("raw", "strength"), [(7, 2.0), (-99.5, -2.0), (None, 0), ("x", 0), (float("nan"), 0),
                                               (float("inf"), 2.0), (True, 0)])
def test_raw_values_never_raise(panel, raw, strength):
    value = {"set": {"Bald": raw, "no such attribute": 1}, "keep": ["Male", raw, 3], "detail": 1}
    assert panel.read(value) == Recipe(set={"Bald": strength}, keep=("Male",))


@pytest.mark.parametrize("raw", [None, "x", [], {}, {"set": [1], "keep": {"Male": 1}, "detail": "much"}, {"set": None}])
def test_a_value_of_another_shape_is_an_unedited_face(panel, raw):
    assert panel.read(raw) == Recipe()


def test_weak_attributes_say_so(panel):
    markup = panel.component.props["markup"]
    assert ">Hat (weak)<" in markup
    assert ">Smile<" in markup


def test_the_panel_has_a_slider_a_lock_and_a_reset_of_every_attribute_and_is_one_component(panel):
    markup = panel.component.props["markup"]
    for name in ATTRIBUTES:
        assert all(f'id="{kind}-{name}"' in markup for kind in ("slider", "lock", "reset"))


def test_markup_in_words_is_escaped():
    nasty = '"><script>alert(1)</script>'
    assert "<script" not in view.stage_error(nasty)
    assert "<script" not in view.stage(np.zeros((4, 4, 3), np.uint8), {nasty: 0}, Recipe(), nasty, nasty)
    assert "<script" not in face_buttons([np.zeros((4, 4, 3), np.uint8)], [nasty], [nasty])


def test_what_lies_outside_the_photo_is_veiled():
    matrix = np.array([[0.5, 0, -20.0], [0, 0.5, -30.0]])  # the frame of 178 x 218 shows x 40 to 396, y 60 to 496
    assert view.outline(matrix, (480, 560)) == ""
    corners = [[float(part.rstrip("%")) for part in corner.split()] for corner in
               view.outline(matrix, (218, 560)).split(",")[5:]]
    assert np.allclose([corners[1][0], corners[2][0]], 50, atol=0.2)  # the photo ends in the middle
    assert all(y < 0 or y > 100 for _, y in corners)


def test_a_warning_has_the_pages_names():
    shown = view.warnings(["The model saw too few labelled faces for Wearing_Hat, Bald; expect little of it."])
    assert "for Hat, Bald;" in shown
    assert "Smile +1.00 goes" in view.warnings(["The face is much like that already: Smiling +1.00 goes nowhere."])


def test_an_unexpected_error_keeps_its_details_to_the_log(caplog):
    assert sentence(RuntimeError("/srv/secret/path")) == text.UNEXPECTED
    assert "secret" in caplog.text
