import numpy as np
import pytest

from app.faces import face_square
from app.photo.matte import head_matte
from tests.faces import draw_face


@pytest.mark.parametrize("scale", [0.5, 1.0, 2.5])
def test_the_head_is_in_the_matte_and_the_wall_is_not(scale):
    picture, _ = draw_face(np.random.default_rng(3), (round(178 * scale), round(218 * scale)))
    matte = head_matte(face_square(np.asarray(picture)))
    assert matte.shape == (128, 128) and matte.dtype == np.float32 and matte.min() >= 0 and matte.max() <= 1
    assert matte[45:105, 45:83].min() > 0.99
    assert matte[:12, :12].max() < 0.01 and matte[:12, -12:].max() < 0.01


def test_the_same_square_gives_the_same_matte():
    square = np.random.default_rng(0).integers(0, 256, (178, 178, 3), np.uint8)
    first = head_matte(square)
    head_matte(255 - square)  # uses the same generator in between
    assert np.array_equal(first, head_matte(square))


@pytest.mark.parametrize("grey", [0, 128, 255])
def test_a_picture_of_one_colour_has_a_matte_too(grey):
    assert np.isfinite(head_matte(np.full((89, 89, 3), grey, np.uint8))).all()
