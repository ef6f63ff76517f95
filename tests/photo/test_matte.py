import numpy as np
import pytest

from app.faces import face_square
from app.photo.matte import head_matte
from tests.faces import draw_face


@pytest.mark.parametrize("scale", [0.5, 1.0, 2.5])
def test_the_head_is_in_the_matte_and_the_wall_is_not(scale):
    picture, _ = draw_face(np.random.default_rng(3), (round(178 * scale), round(218 * scale)))
    square = face_square(np.asarray(picture))
    matte = head_matte(square)
    assert matte.shape == square.shape[:2] and matte.dtype == np.float32 and matte.min() >= 0 and matte.max() <= 1
    side = len(square)
    assert matte[side * 45 // 128 : side * 105 // 128, side * 45 // 128 : side * 83 // 128].min() > 0.99
    corner = side // 11
    assert matte[:corner, :corner].max() < 0.01 and matte[:corner, -corner:].max() < 0.01


def test_the_edge_of_the_matte_is_the_photos():
    square = np.full((400, 400, 3), 200, np.uint8)
    y, x = np.mgrid[:400, :400]
    head = (np.abs(x - 200) < 120) & (y > 24 + 5 * np.sign(np.sin(x / 2)))  # strands of 2 pixels where GrabCut works
    square[head] = 60
    matte = head_matte(square)
    assert ((matte > 0.5) == head)[8:40, 160:240].mean() > 0.97


def test_the_same_square_gives_the_same_matte():
    square = np.random.default_rng(0).integers(0, 256, (178, 178, 3), np.uint8)
    first = head_matte(square)
    head_matte(255 - square)  # uses the same generator in between
    assert np.array_equal(first, head_matte(square))


@pytest.mark.parametrize("grey", [0, 128, 255])
def test_a_picture_of_one_colour_has_a_matte_too(grey):
    assert np.isfinite(head_matte(np.full((89, 89, 3), grey, np.uint8))).all()
