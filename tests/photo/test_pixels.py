import io

import numpy as np
import pytest
from PIL import Image

from app.photo.pixels import in_colour, largest, luminance, resize, to_float, to_jpeg, to_uint8, total
from tests.faces import draw_face


def test_there_and_back_is_the_same_picture_and_what_is_beyond_is_clipped():
    picture = np.random.default_rng(0).integers(0, 256, (9, 7, 3), np.uint8)
    assert np.array_equal(to_uint8(to_float(picture)), picture)
    assert to_uint8(np.array([[-1.0, 0.3, 7.0]], np.float32)).tolist() == [[0, 76, 255]]


@pytest.mark.parametrize("quality", [50, 88])
def test_a_jpeg_is_the_one_that_pillow_writes(quality):
    picture, _ = draw_face(np.random.default_rng(0), (178, 218))
    memory = io.BytesIO()
    picture.save(memory, format="JPEG", quality=quality)
    opened = Image.open(io.BytesIO(to_jpeg(np.asarray(picture), quality)))
    assert not opened.getexif() and "comment" not in opened.info
    assert np.array_equal(np.asarray(opened), np.asarray(Image.open(memory)))


def test_colours_are_summed_and_compared_for_each_pixel():
    picture = np.random.default_rng(1).random((5, 6, 3), np.float32)
    assert total(picture) == pytest.approx(picture.sum(axis=2), rel=1e-6)
    assert np.array_equal(largest(picture), picture.max(axis=2))
    assert luminance(in_colour(picture[:, :, 0])) == pytest.approx(picture[:, :, 0], abs=1e-6)


def test_a_picture_that_shrinks_is_averaged():
    checks = np.indices((64, 64)).sum(axis=0).astype(np.float32) % 2
    assert resize(checks, (16, 16)) == pytest.approx(0.5)
    assert resize(checks[:8, :8], (32, 32)).shape == (32, 32)
