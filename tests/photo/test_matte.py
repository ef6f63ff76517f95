import numpy as np
import pytest

from app.faces import face_square
from app.photo.matte import head_matte
from model.preprocessing import FACE_BOX
from tests.faces import draw_face


@pytest.mark.parametrize("scale", [0.5, 1.0, 2.5])
def test_the_head_is_in_the_matte_and_the_wall_is_not(scale):
    picture, _ = draw_face(np.random.default_rng(3), (round(178 * scale), round(218 * scale)))
    frame = np.asarray(picture)
    matte = head_matte(frame, FACE_BOX)
    assert matte.shape == frame.shape[:2] and matte.dtype == np.float32 and matte.min() >= 0 and matte.max() <= 1
    assert matte[: len(frame) // 50].max() < 0.01
    matte = face_square(matte)
    side = len(matte)
    assert matte[side * 45 // 128 : side * 105 // 128, side * 45 // 128 : side * 83 // 128].min() > 0.99
    corner = side // 11
    assert matte[:corner, :corner].max() < 0.01 and matte[:corner, -corner:].max() < 0.01


def test_the_edge_of_the_matte_is_the_photos():
    frame = np.full((490, 400, 3), 200, np.uint8)
    y, x = np.mgrid[:490, :400]
    for top in (96, 52):  # the hair ends in the square, and above it
        head = (np.abs(x - 200) < 120) & (y > top + 5 * np.sign(np.sin(x / 2)))  # strands of 2 pixels for GrabCut
        frame[head] = 60
        assert ((head_matte(frame, FACE_BOX) > 0.5) == head)[top - 16 : top + 16, 160:240].mean() > 0.97


def test_the_same_frame_gives_the_same_matte():
    frame = np.random.default_rng(0).integers(0, 256, (218, 178, 3), np.uint8)
    first = head_matte(frame, FACE_BOX)
    head_matte(255 - frame, FACE_BOX)  # uses the same generator in between
    assert np.array_equal(first, head_matte(frame, FACE_BOX))


@pytest.mark.parametrize("grey", [0, 128, 255])
def test_a_picture_of_one_colour_has_a_matte_too(grey):
    assert np.isfinite(head_matte(np.full((109, 89, 3), grey, np.uint8), FACE_BOX)).all()
