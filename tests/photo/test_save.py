import io

import numpy as np
import pytest
from PIL import Image

from app.photo import open_photo
from app.photo.save import save_photo
from tests.photo.uploads import picture, srgb_profile


@pytest.mark.parametrize(("format", "most"), [("png", 0), ("jpeg", 12), ("jpg", 12), ("webp", 25)])
def test_every_format_to_file_and_path(tmp_path, format, most):
    memory = io.BytesIO()
    save_photo(picture(), memory, format)
    save_photo(picture(), tmp_path / "photo", format)
    assert (tmp_path / "photo").read_bytes() == memory.getvalue()
    assert np.abs(np.asarray(open_photo(memory.getvalue()), int) - np.asarray(picture(), int)).max() <= most


def test_the_profile_goes_along_and_nothing_else():
    image = picture()
    image.info = {"icc_profile": srgb_profile(), **dict.fromkeys(("comment", "exif", "xmp"), b"Exif\0\0my house")}
    for format in ("png", "jpeg", "webp"):
        memory = io.BytesIO()
        save_photo(image, memory, format)
        assert b"my house" not in memory.getvalue()
        assert Image.open(memory).info["icc_profile"] == srgb_profile()


def test_a_png_is_packed_as_tightly_as_a_download_can_wait_for():
    image, ours = picture(), io.BytesIO()
    save_photo(image, ours, "png")
    sizes = {}
    for level in (1, 6):
        memory = io.BytesIO()
        Image.frombytes("RGB", image.size, image.tobytes()).save(memory, "png", compress_level=level)
        sizes[level] = len(memory.getvalue())
    assert len(ours.getvalue()) < 1.1 * sizes[6] and len(ours.getvalue()) <= sizes[1]


def test_an_unknown_format_writes_nothing(tmp_path):
    with pytest.raises(ValueError, match="gif"):
        save_photo(picture(), tmp_path / "photo.gif", "gif")
    assert not (tmp_path / "photo.gif").exists()
