import io

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image, ImageSequence

from app.photo.animation import easing, save_animation


def some_frames(count: int = 5, size: tuple[int, int] = (33, 21)) -> list[Image.Image]:
    x = np.linspace(0, 200, size[0])
    return [Image.fromarray(np.stack([np.tile(x, (size[1], 1)), np.full(size[::-1], 40 * i), np.full(size[::-1], 90)],
                                     axis=-1).astype(np.uint8)) for i in range(count)]


def saved(format: str, frames=None, **options) -> bytes:
    memory = io.BytesIO()
    save_animation(frames or some_frames(), memory, format, **options)
    return memory.getvalue()


def shown(data: bytes) -> list[tuple[float, np.ndarray]]:
    """Each frame of a GIF or WebP: its milliseconds, its pixels."""
    with Image.open(io.BytesIO(data)) as image:
        frames = []
        for frame in ImageSequence.Iterator(image):
            pixels = np.asarray(frame.convert("RGB"), int)  # WebP knows its time only once it is decoded
            frames.append((frame.info["duration"], pixels))
        return frames


@pytest.mark.parametrize("format", ["gif", "webp"])
@pytest.mark.parametrize(("options", "seconds"), [
    ({"fps": 10}, 0.5),
    ({"fps": 30}, 5 / 30),  # 3 1/3 hundredths each
    ({"fps": 50}, 0.1),
    ({"fps": 10, "hold": 0.4}, 1.3),
    ({"fps": 10, "boomerang": True}, 0.8),
    ({"fps": 10, "boomerang": True, "hold": 0.25}, 1.3),
])
def test_the_time_is_right(format, options, seconds):
    frames = shown(saved(format, **options))
    assert sum(milliseconds for milliseconds, _ in frames) == pytest.approx(1000 * seconds, abs=10)
    if format == "gif":
        assert all(milliseconds % 10 == 0 and milliseconds >= 20 for milliseconds, _ in frames)


@pytest.mark.parametrize("format", ["gif", "webp"])
def test_frames_are_what_was_given(format):
    given = some_frames()
    frames = shown(saved(format, given, boomerang=True))
    order = [0, 1, 2, 3, 4, 3, 2, 1]
    assert len(frames) == len(order)
    for i, (_, pixels) in zip(order, frames, strict=True):
        assert np.abs(pixels - np.asarray(given[i])).mean() < 6
    assert Image.open(io.BytesIO(saved(format))).info["loop"] == 0  # for ever


def test_frames_alike_keep_their_time():
    frames = [some_frames(1)[0]] * 4
    assert sum(milliseconds for milliseconds, _ in shown(saved("gif", frames, fps=10))) == 400


def test_one_palette_does_not_flicker():
    frames = some_frames(6)
    first = [pixels[0, 0].tolist() for _, pixels in shown(saved("gif", [frames[0], frames[3], frames[0]], fps=5))]
    assert first[0] == first[2] != first[1]


@pytest.mark.parametrize(("options", "count"), [({}, 5), ({"boomerang": True}, 8), ({"hold": 0.2, "fps": 10}, 9)])
def test_mp4(options, count):
    given = some_frames()
    path_free = saved("mp4", given, **options)
    assert b"ftyp" in path_free[:16] and path_free.index(b"moov") < path_free.index(b"mdat")  # plays while it loads
    frames, size = read_mp4(path_free)
    assert size == (34, 22)  # even
    assert len(frames) == count
    assert np.abs(frames[0][:21, :33] - np.asarray(given[0], int)).mean() < 8


def read_mp4(data: bytes) -> tuple[list[np.ndarray], tuple[int, int]]:
    import tempfile

    with tempfile.NamedTemporaryFile(suffix=".mp4") as file:
        file.write(data)
        file.flush()
        reader = imageio_ffmpeg.read_frames(file.name)
        width, height = next(reader)["size"]
        return [np.frombuffer(raw, np.uint8).reshape(height, width, 3).astype(int) for raw in reader], (width, height)


def test_to_a_path_and_smaller(tmp_path):
    save_animation(some_frames(), tmp_path / "a.gif", max_side=11)
    assert Image.open(tmp_path / "a.gif").size == (11, 7)
    save_animation(some_frames(), str(tmp_path / "b.webp"), "webp", max_side=100)
    assert Image.open(tmp_path / "b.webp").size == (33, 21)
    save_animation(some_frames(1), tmp_path / "c.gif", boomerang=True, hold=1)
    assert shown((tmp_path / "c.gif").read_bytes())[0][1].shape == (21, 33, 3)


@pytest.mark.parametrize(("frames", "options", "part"), [
    ([], {}, "one frame"),
    ([Image.new("RGB", (3, 3)), Image.new("RGB", (4, 3))], {}, "one size"),
    (None, {"format": "avi"}, "avi"),
    (None, {"fps": 0}, "fps|frames a second"),
    (None, {"fps": 51}, "51"),
    (None, {"fps": float("nan")}, "nan"),
    (None, {"hold": -1}, "-1"),
    (None, {"hold": 1e9, "format": "mp4"}, "0 to 10 seconds"),  # it would be written for years
    (None, {"hold": float("nan")}, "nan"),
])
def test_mistakes_are_said(frames, options, part):
    with pytest.raises(ValueError, match=part):
        save_animation(some_frames() if frames is None else frames, io.BytesIO(), **options)


def test_easing_starts_and_stops_gently():
    t = np.linspace(0, 1, 11)
    assert easing(0) == 0 and easing(1) == 1 and easing(0.5) == 0.5
    assert (np.diff(easing(t)) > 0).all() and easing(0.1) < 0.05
