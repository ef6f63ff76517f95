"""What counts as a whole number, whoever sent it."""

import math
from fractions import Fraction

import numpy as np
import pytest

from app.limits import as_whole, whole
from app.recipe import SEED_LIMIT, Recipe, RecipeError

GIANT = 10**400  # more than any float


@pytest.mark.parametrize(("value", "number"), [(0, 0), (3, 3), (-7, -7), (3.0, 3), (-0.0, 0), (np.float64(4), 4),
                                               (1e300, int(1e300)), (GIANT, GIANT)])
def test_a_whole_number_is_one_however_it_was_written(value, number):
    assert as_whole(value) == whole(value, "face") == number
    assert type(as_whole(value)) is int


@pytest.mark.parametrize("value", [True, False, math.nan, math.inf, -math.inf, 0.5, 1e-300, None, "3", b"3", [3], 3j,
                                   Fraction(3), np.bool_(True)])
def test_anything_else_is_none_and_a_sentence(value):
    assert as_whole(value) is None
    with pytest.raises(ValueError, match="The number of the face must be a whole one, not "):
        whole(value, "face")


def test_a_recipe_takes_the_same_numbers_within_its_ranges():
    assert Recipe(face=2.0, seed=3.0) == Recipe(face=2, seed=3)
    for value in (True, math.nan, math.inf, 0.5, "3", -1, SEED_LIMIT + 1, GIANT):
        with pytest.raises(RecipeError, match=f"The seed must be a whole number from 0 to {SEED_LIMIT}, not "):
            Recipe(seed=value)
