"""A changed face goes back into its photo: the changed pixels, and nothing else."""

import tracemalloc

import numpy as np
import pytest
from PIL import Image, ImageChops

from app.photo.align import cut_frame, native_scale
from app.photo.compose import paste_back
from tests.photo.fakes import face, unlike


def photo_and_matrix(size=(900, 700), scale=1.3, degrees=12.0, shift=(-120.0, -60.0)):
    rng = np.random.default_rng(0)
    photo = Image.fromarray(rng.integers(0, 255, (*size[::-1], 3), dtype=np.uint8))
    a = np.radians(degrees)
    matrix = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0]]) / scale
    matrix[:, 2] = shift
    return photo, matrix


def test_pasting_back_nothing_is_the_same_photo():
    photo, matrix = photo_and_matrix()
    frame = cut_frame(photo, matrix, 1.3)
    assert paste_back(photo, frame, frame.copy(), matrix, 1.3) is photo


@pytest.mark.parametrize("shift", [(-120, -60), (60, 60), (-600, -450)], ids=["inside", "cut at the top", "and below"])
def test_pasting_back_touches_the_changed_pixels_only(shift):
    photo, matrix = photo_and_matrix(shift=shift)
    scale = native_scale(matrix)
    before = cut_frame(photo, matrix, scale)
    after = before.copy()
    after[100:160, 80:150] = 255 - after[100:160, 80:150]
    result = paste_back(photo, before, after, matrix, scale)
    assert result.size == photo.size and result is not photo
    x, y = np.meshgrid(np.arange(photo.width), np.arange(photo.height))
    at = np.stack([x, y], axis=-1) @ matrix[:, :2].T + matrix[:, 2]
    at = (at + 0.5) * scale - 0.5  # where each pixel of the photo lies in the frame
    near = (np.abs(at - (114.5, 129.5)) < (38, 33)).all(axis=2)
    changed = unlike(np.asarray(result), np.asarray(photo)).max(axis=2) > 0
    assert not changed[~near].any()
    assert changed[near].any() == near.any()


def test_pasting_back_a_smooth_change_is_exact():
    photo, matrix = photo_and_matrix()
    photo = Image.new("RGB", photo.size, (90, 90, 90))
    for scale in (1.0, 1.3, 2.0):
        before = cut_frame(photo, matrix, scale)
        result = np.asarray(paste_back(photo, before, before + np.uint8(40), matrix, scale))
        middle = np.rint(np.linalg.solve(matrix[:, :2], np.array([89, 109]) - matrix[:, 2])).astype(int)
        assert (result[middle[1] - 30 : middle[1] + 30, middle[0] - 30 : middle[0] + 30] == 130).all()


def test_a_photos_colour_profile_outlives_an_edit():
    photo, matrix = photo_and_matrix()
    photo.info["icc_profile"] = b"profile"
    frame = cut_frame(photo, matrix, 1.0)
    assert paste_back(photo, frame, 255 - frame, matrix, 1.0).info == {"icc_profile": b"profile"}


def test_a_face_that_fills_25_megapixels_is_put_back_in_little_memory():
    """Besides the new photo, which Pillow holds and tracemalloc does not see."""
    photo = Image.fromarray(face(11)).resize((4500, 5500), Image.Resampling.BILINEAR)
    matrix = np.array([[178 / 4500, 0, 0], [0, 218 / 5500, 0]])
    before = cut_frame(photo, matrix, 2.0)
    after = before.copy()
    after[200:230, 170:180] ^= 64
    tracemalloc.start()
    result = paste_back(photo, before, after, matrix, 2.0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100e6
    changed = ImageChops.difference(result, photo).getbbox()
    left, top, right, bottom = (round(pixel * 4500 / 356) for pixel in (170, 200, 180, 230))
    assert changed[0] >= left - 40 and changed[1] >= top - 40 and changed[2] <= right + 40 and changed[3] <= bottom + 40
    assert changed[3] - changed[1] > 256  # over more than one band
