"""A slider takes a face to the other side as far as it says, and hardly further to where the face lies already."""

from dataclasses import replace

import numpy as np
import pytest

from app.reach import EXCESS, within_reach
from app.recipe import Recipe
from tests.app.fakes import NAMES

STRENGTHS = np.linspace(-2, 2, 21)


@pytest.fixture
def latents(editor):
    return editor.bundle.latents


def reached(latents, z, name="Smiling"):
    return np.array([within_reach(latents, z, {name: strength})[name] for strength in STRENGTHS])


def far_on_one_side(latents, sign):
    """A code (1, D) whose side is beyond doubt."""
    return (latents.mean + 4 * sign * latents.directions[NAMES.index("Smiling")])[None]


@pytest.mark.parametrize("sign", [1, -1])
def test_a_face_goes_all_the_way_to_the_other_side_and_half_a_unit_further_on_its_own(latents, sign):
    found = reached(latents, far_on_one_side(latents, sign))
    other = np.sign(STRENGTHS) == -sign
    np.testing.assert_array_equal(found[other], STRENGTHS[other])
    assert np.abs(found[~other]).max() <= EXCESS + 0.01 and np.abs(found).min() == 0
    assert abs(found[2 * sign == STRENGTHS]) > 0.9 * EXCESS


def test_from_side_to_side_nothing_jumps_and_a_larger_strength_goes_further(latents):
    before = None
    for share in np.linspace(-1, 1, 41):
        found = reached(latents, share * far_on_one_side(latents, 1))
        assert (np.diff(found) > 0).all() and found[10] == 0
        assert before is None or np.abs(found - before).max() < 0.35
        before = found


def test_a_face_between_the_sides_goes_as_far_as_it_says(latents):
    middle = (latents.centroid_positive[:1] + latents.centroid_negative[:1]) / 2
    np.testing.assert_allclose(reached(latents, middle), STRENGTHS, atol=1e-4)


def test_gain_multiplies_what_is_left(latents):
    z = far_on_one_side(latents, 1)
    given = {"Smiling": 2.0, "Male": -1.0}
    left, more = within_reach(latents, z, given), within_reach(latents, z, given, gain=1.25)
    assert more == pytest.approx({name: 1.25 * strength for name, strength in left.items()})


def test_an_attribute_that_no_face_shows_goes_as_far_as_it_says(latents):
    flat = replace(latents, centroid_positive=latents.centroid_negative)
    np.testing.assert_array_equal(reached(flat, far_on_one_side(latents, 1)), STRENGTHS)


def test_the_editor_moves_it_so_and_the_receipt_says_it(editor, latents):
    smile, frown = (Recipe(set={"Smiling": strength}) for strength in (2.0, -2.0))
    opened = editor.open_latent(far_on_one_side(latents, 1))
    further, back = (np.linalg.norm(editor.move(opened, recipe) - opened.z) for recipe in (smile, frown))
    assert further == pytest.approx(back * EXCESS / 2, rel=0.01)
    (warning,) = (text for text in editor.warnings(opened, smile) if "already" in text)
    assert "Smiling +2.00 goes only as far as +0.50" in warning
    assert not any("already" in text for text in editor.warnings(opened, frown))
