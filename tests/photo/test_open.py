import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from app.photo import PhotoError, open_photo
from tests.photo import uploads
from tests.photo.uploads import ORIENTATION, encode, picture, png_file

# Pillow warns of much that is refused here, or opened all the same.
pytestmark = [pytest.mark.filterwarnings("ignore::UserWarning"),
              pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")]

GOOD, ODD, HUGE, REFUSED, EXIF = (make() for make in (uploads.good_files, uploads.odd_files, uploads.huge_headers,
                                                      uploads.refused_files, uploads.lying_exif))


def difference(a: Image.Image, b: Image.Image) -> float:
    assert a.size == b.size
    return float(np.abs(np.asarray(a, np.float32) - np.asarray(b, np.float32)).mean())


def opens_or_says(data: bytes) -> Image.Image | None:
    """The rule of every upload: an RGB picture, or one sentence that names no path."""
    try:
        photo = open_photo(data)
    except PhotoError as error:
        message = str(error)
        assert message[0].isupper() and message.endswith(".") and "\n" not in message and len(message) < 200
        assert "/" not in message and "0x" not in message and "Error" not in message
        return None
    assert type(photo) is Image.Image and photo.mode == "RGB" and set(photo.info) <= {"icc_profile"}
    assert 1 <= photo.width * photo.height <= 25_000_000
    return photo


@pytest.mark.parametrize("kind", GOOD)
def test_every_allowed_kind_opens_at_its_first_frame(kind):
    nearly = {"jpeg": 3, "progressive": 3, "mpo": 3, "gif": 8, "heic": 6, "avif": 6, "cmyk-jpeg": 4}.get(kind, 0)
    assert difference(open_photo(GOOD[kind]), picture()) <= nearly


def test_every_kind_of_source(tmp_path):
    path = tmp_path / "photo.png"
    path.write_bytes(GOOD["png"])
    for source in (path, str(path), GOOD["png"], bytearray(GOOD["png"]), io.BytesIO(GOOD["png"]), path.open("rb")):
        assert difference(open_photo(source), picture()) == 0
    assert difference(open_photo(Image.open(path)), picture()) == 0


def test_an_open_photo_is_not_copied_again():
    photo = open_photo(GOOD["png"])
    assert open_photo(photo) is photo


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_is_upright(orientation):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    stored = picture().transpose(UNDONE[orientation]) if orientation > 1 else picture()
    for format in ("PNG", "TIFF", "WEBP"):
        options = {"lossless": True} if format == "WEBP" else {}
        assert difference(open_photo(encode(stored, format, exif=exif, **options)), picture()) == 0


# How a camera stores a picture of each orientation.
UNDONE = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.mark.parametrize("kind", EXIF)
def test_broken_exif_does_not_cost_the_picture(kind):
    data = encode(picture(), "PNG", exif=EXIF[kind])
    assert difference(open_photo(data), picture()) == 0


def test_location_and_comments_are_left_behind():
    exif = Image.Exif()
    exif[0x010E] = "my house"
    exif.get_ifd(0x8825)[2] = (52.0, 5.0, 1.0)  # GPS latitude
    data = encode(picture(), "JPEG", exif=exif, comment=b"my house", xmp=b"<x>my house</x>")
    assert b"my house" in data
    photo = open_photo(data)
    assert photo.info == {} and not photo.getexif()


def test_a_whole_colour_profile_stays_and_a_broken_one_goes():
    profile = uploads.srgb_profile()
    assert open_photo(encode(picture(), "PNG", icc_profile=profile)).info == {"icc_profile": profile}
    for broken in uploads.broken_profiles().values():  # in a TIFF: a huge one makes a PNG a bomb, which is refused
        photo = open_photo(encode(picture(), "TIFF", icc_profile=broken))
        assert photo.info == {} and difference(photo, picture()) == 0
    # A profile for other colours than the picture's would turn it into something else.
    assert open_photo(encode(picture().convert("CMYK"), "TIFF", icc_profile=profile)).info == {}


@pytest.mark.parametrize(("values", "expected"), [
    (np.array([[0, 257, 65535]], np.uint16), [0, 1, 255]),
    (np.array([[0, 65535, 2**31 - 1]], np.int32), [0, 0, 255]),
    (np.array([[0, 0.5, 1]], np.float32), [0, 128, 255]),
    (np.array([[-1, 51, 255]], np.float32), [0, 51, 255]),
    (np.array([[np.nan, np.inf, 1]], np.float32), [0, 255, 255]),
    (np.array([[0, 0, 0]], np.float32), [0, 0, 0]),
], ids=["16 bits", "32 bits", "float to 1", "float to 255", "not numbers", "black"])
def test_deep_grey_is_scaled(values, expected):
    photo = open_photo(encode(Image.fromarray(values), "TIFF"))
    assert np.asarray(photo).tolist() == [[[v] * 3 for v in expected]]


def test_16_bit_png():
    rows = b"".join(b"\0" + np.full(6, value, ">u2").tobytes() for value in (0, 32896, 65535))
    assert np.asarray(open_photo(png_file(2, 3, depth=16, colour=2, rows=rows)))[:, 0, 0].tolist() == [0, 128, 255]


def test_transparency_lies_on_white():
    image = Image.new("RGBA", (3, 1), (200, 0, 0, 255))
    image.putpixel((1, 0), (200, 0, 0, 0))
    image.putpixel((2, 0), (255, 255, 255, 128))
    expected = [[200, 0, 0], [255, 255, 255], [255, 255, 255]]
    assert np.asarray(open_photo(encode(image, "PNG")))[0].tolist() == expected
    palette = Image.new("P", (2, 1), 1)
    palette.putpalette([0, 0, 0, 10, 20, 30])
    palette.putpixel((0, 0), 0)
    opened = open_photo(encode(palette, "PNG", transparency=0))
    assert np.asarray(opened)[0].tolist() == [[255, 255, 255], [10, 20, 30]]


@pytest.mark.parametrize("kind", ODD)
def test_what_is_rare_but_whole_opens(kind):
    with Image.open(io.BytesIO(ODD[kind])) as file:
        assert open_photo(ODD[kind]).size == file.size


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_photo_is_refused(kind):
    assert opens_or_says(REFUSED[kind]) is None


@pytest.mark.parametrize("kind", HUGE)
def test_huge_pictures_are_refused_by_their_header(kind):
    with pytest.raises(PhotoError, match="25 megapixels"):
        open_photo(HUGE[kind])


def test_a_tiff_cannot_ask_for_a_huge_tile():
    with pytest.raises(PhotoError, match="tiles"):
        open_photo(REFUSED["tiff of huge tiles"])


@pytest.mark.parametrize("kind", GOOD)
def test_truncated_anywhere(kind):
    data = GOOD[kind]
    for end in range(1, len(data), max(1, len(data) // 40)):
        opens_or_says(data[:end])
    if kind != "tiff-pages":  # its first half is the whole first page
        assert opens_or_says(data[: len(data) // 2]) is None


@settings(max_examples=150, deadline=None)
@given(kind=st.sampled_from(sorted(GOOD)), data=st.data())
def test_changed_bytes(kind, data):
    changed = bytearray(GOOD[kind])
    for _ in range(data.draw(st.integers(1, 8))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    opens_or_says(bytes(changed))


@settings(max_examples=100, deadline=None)
@given(magic=st.sampled_from([b"", *(data[:12] for data in GOOD.values())]), tail=st.binary(max_size=300))
def test_any_bytes(magic, tail):
    opens_or_says(magic + tail)


@pytest.mark.parametrize(("source", "part"), [
    ("missing.png", "no such file"),
    ("photo.png/inside.png", "no such file"),
    (".", "not a file"),
    ("http://127.0.0.1:1/photo.png", "no such file"),
    ("zero\0byte.png", "cannot be read"),
    ("x" * 5000, "cannot be read"),
    (b"", "empty"),
    (io.StringIO("text"), "binary"),
    (7, "not int"),
    (None, "not NoneType"),
], ids=str)
def test_sources_that_are_no_file(tmp_path, monkeypatch, source, part):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photo.png").write_bytes(GOOD["png"])
    with pytest.raises(PhotoError, match=part) as caught:
        open_photo(source)
    assert str(tmp_path) not in str(caught.value)


def test_a_pipe_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(PhotoError, match="not a file"):
        open_photo(tmp_path / "pipe.png")


def test_a_file_of_too_many_bytes(monkeypatch, tmp_path):
    monkeypatch.setattr("app.photo.open.MAX_BYTES", 50)
    (tmp_path / "photo.png").write_bytes(GOOD["png"])
    for source in (GOOD["png"], io.BytesIO(GOOD["png"]), tmp_path / "photo.png"):
        with pytest.raises(PhotoError, match="MB"):
            open_photo(source)


PEAK = """
import resource, sys
from app.photo import open_photo
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
photo = open_photo(sys.argv[1])
print(photo.width, photo.height, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def test_the_largest_photo_stays_under_600_mb(tmp_path):
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    path = tmp_path / "large.png"  # transparent and lying on its side: the most copies
    Image.new("RGBA", (5000, 5000), (9, 9, 9, 99)).save(path, compress_level=1, exif=exif)
    root = Path(__file__).parent.parent.parent
    ended = subprocess.run([sys.executable, "-c", PEAK, path], cwd=root, capture_output=True, text=True, check=True)
    width, height, megabytes = map(int, ended.stdout.split())
    assert (width, height) == (5000, 5000) and megabytes < 600
