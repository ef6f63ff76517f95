"""A slider takes a face to the other side as far as it says, and hardly further to where the face lies already."""

from dataclasses import replace

import numpy as np
import pytest

from app.faces import OpenFace
from app.reach import EXCESS, room, within_reach
from app.recipe import Recipe
from tests.app.fakes import NAMES

STRENGTHS = np.linspace(-2, 2, 21)


@pytest.fixture
def latents(editor):
    return editor.bundle.latents


def reached(latents, opened, name="Smiling"):
    return np.array([within_reach(latents, opened, {name: strength})[name] for strength in STRENGTHS])


def far_on_one_side(latents, sign):
    """A face whose side is beyond doubt."""
    return face(latents.mean + 4 * sign * latents.directions[NAMES.index("Smiling")])


def face(z, logits=None):
    return OpenFace(np.reshape(z, (1, -1)), np.zeros((4, 4, 3)), logits=logits)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_face_goes_to_the_other_side_as_asked_and_half_a_unit_beyond_or_further_on_its_own(latents, sign):
    found = reached(latents, far_on_one_side(latents, sign))
    across, further = np.sign(STRENGTHS) == -sign, np.sign(STRENGTHS) == sign
    asked = across & (np.abs(STRENGTHS) <= 1)
    np.testing.assert_allclose(found[asked], STRENGTHS[asked], atol=1e-9)
    assert 1 + 0.9 * EXCESS < np.abs(found[across]).max() < 1 + EXCESS
    assert 0.9 * EXCESS < np.abs(found[further]).max() < EXCESS + 0.01
    assert (np.sign(found) == np.sign(STRENGTHS)).all()


def test_from_side_to_side_nothing_jumps_and_a_larger_strength_goes_further(latents):
    before = None
    for share in np.linspace(-1, 1, 41):
        found = reached(latents, face(share * far_on_one_side(latents, 1).z))
        assert (np.diff(found) > 0).all() and found[10] == 0
        assert before is None or np.abs(found - before).max() < 0.35
        before = found


def test_between_the_sides_there_is_room_both_ways(latents):
    middle = face((latents.centroid_positive[0] + latents.centroid_negative[0]) / 2)
    for strength in (1.0, -1.0):
        assert room(latents, middle, {"Smiling": strength})["Smiling"] == pytest.approx(1, abs=1e-4)


def test_gain_multiplies_what_is_left(latents):
    opened = far_on_one_side(latents, 1)
    given = {"Smiling": 2.0, "Male": -1.0}
    left, more = within_reach(latents, opened, given), within_reach(latents, opened, given, gain=1.25)
    assert more == pytest.approx({name: 1.25 * strength for name, strength in left.items()})


def test_an_attribute_that_no_face_shows_has_all_the_room(latents):
    flat = replace(latents, centroid_positive=latents.centroid_negative)
    for sign in (1, -1):
        assert room(flat, far_on_one_side(latents, 1), {"Smiling": sign})["Smiling"] == 1


def test_what_the_classifier_sees_can_be_taken_off(latents):
    """A wearer of glasses whose code reads as bare could not be rid of them."""
    z = far_on_one_side(latents, -1).z
    for logit, left in ((-9.0, 0.0), (0.5, 1.0)):
        found = room(latents, face(z, np.full(len(NAMES), logit)), {"Smiling": -1.0})["Smiling"]
        assert found == pytest.approx(left, abs=0.05)
    z = far_on_one_side(latents, 1).z
    assert room(latents, face(z, np.full(len(NAMES), -9.0)), {"Smiling": 1.0})["Smiling"] < 0.05


def test_the_editor_moves_it_so_and_the_receipt_says_it(editor, latents):
    smile, frown = (Recipe(set={"Smiling": strength}) for strength in (1.0, -1.0))
    opened = editor.open_latent(far_on_one_side(latents, 1).z)
    further, back = (np.linalg.norm(editor.move(opened, recipe) - opened.z) for recipe in (smile, frown))
    assert further == pytest.approx(back * EXCESS, rel=0.05)
    (warning,) = (text for text in editor.warnings(opened, smile) if "already" in text)
    assert "Smiling +1.00 goes only as far as +0.48" in warning
    assert not any("already" in text for text in editor.warnings(opened, Recipe(set={"Smiling": -2.0})))
