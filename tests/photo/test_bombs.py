"""Small files that would keep a decoder busy or fill the memory: refused, and soon."""

import time
import tracemalloc

import pytest

from app.photo import PhotoError, open_photo
from app.photo.bombs import MOST_SCANS, is_bomb
from tests.photo import uploads
from tests.photo.uploads import encode, picture, png_file

BUSY = uploads.busy_files()
MOST_SECONDS, MOST_BYTES = 1.0, 100_000_000  # the whole limits are five times as much: none of these comes near


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("kind", BUSY)
def test_it_is_refused_soon(kind):
    tracemalloc.start()
    start = time.process_time()
    with pytest.raises(PhotoError):
        open_photo(BUSY[kind])
    seconds, peak = time.process_time() - start, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert seconds < MOST_SECONDS
    assert peak < MOST_BYTES


@pytest.mark.parametrize("format", ["PNG", "WEBP"])
def test_exif_whose_tags_share_their_bytes_costs_no_memory(format):
    data = encode(picture(), format, exif=uploads.lying_exif()["sharing"])
    tracemalloc.start()
    assert open_photo(data).size == picture().size
    assert tracemalloc.get_traced_memory()[1] < MOST_BYTES
    tracemalloc.stop()


def test_what_cameras_write_is_no_bomb():
    progressive = encode(picture(), "JPEG", progressive=True)
    thumbnail = b"\xff\xe1" + (2 + 60_000).to_bytes(2) + MOST_SCANS * 300 * b"\xff\xda"  # of some camera
    assert not is_bomb(progressive)
    assert not is_bomb(progressive + 1000 * b"\xff\xda")  # a film that a phone appends
    assert not is_bomb(progressive[:2] + thumbnail + progressive[2:])
    assert not is_bomb(png_file(40, 30, rows=bytes(30 * 121)))
    assert is_bomb(progressive[:-2] + (MOST_SCANS + 1) * b"\xff\xda\x00\x02" + b"\xff\xd9")
