"""Frames to a GIF, WebP or MP4 file."""

import io
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import imageio_ffmpeg
import numpy as np
from PIL import Image

FORMATS = ("gif", "webp", "mp4")
MAX_FPS = 50  # browsers slow GIF frames under two hundredths of a second down to ten
MAX_HOLD = 10.0  # seconds: an MP4 writes a frame that stays again and again
PALETTE_SAMPLES = 16  # frames that a GIF's shared palette is made from
WEBP_QUALITY = 90
MP4_QUALITY = "18"  # x264's constant rate factor: no difference that one sees


def easing(t: float | np.ndarray) -> float | np.ndarray:
    """Even time 0 to 1 -> time that starts and stops gently: 3 t^2 - 2 t^3."""
    return t * t * (3 - 2 * t)


def save_animation(frames: Sequence[Image.Image], path_or_file: str | os.PathLike | BinaryIO, format: str = "gif",
                   fps: float = 25.0, boomerang: bool = False, hold: float = 0.0, max_side: int | None = None) -> None:
    """Write an animation that repeats for ever (an MP4 plays once; players repeat it).

    Args:
        frames: RGB images of one size.
        path_or_file: where to; a file must be binary.
        format: gif, webp or mp4.
        fps: frames a second, up to 50.
        boomerang: play back again after the last frame.
        hold: seconds that the first and the last frame stay, besides their own time, 0 to 10.
        max_side: shrink to this many pixels at the longer side, if larger.
    Raises:
        ValueError: no frames, frames of several sizes, an unknown format, or a speed out of range.
    """
    if format not in FORMATS:
        raise ValueError(f"The format of an animation is one of {', '.join(FORMATS)}, not {format!r}.")
    if not 1 <= fps <= MAX_FPS:
        raise ValueError(f"The frames a second must be 1 to {MAX_FPS}, not {fps}.")
    if not 0 <= hold <= MAX_HOLD:
        raise ValueError(f"The hold must be 0 to {MAX_HOLD:g} seconds, not {hold}.")
    frames = [frame.convert("RGB") for frame in frames]
    if len({frame.size for frame in frames}) != 1:
        raise ValueError("An animation needs one frame or more, all of one size.")
    if max_side is not None and max_side < max(frames[0].size):
        size = tuple(max(1, round(side * max_side / max(frames[0].size))) for side in frames[0].size)
        frames = [frame.resize(size, Image.Resampling.LANCZOS) for frame in frames]
    seconds = np.full(len(frames), 1 / fps)
    seconds[[0, -1]] += hold
    if boomerang:  # back again without showing either end twice
        frames, seconds = [*frames, *frames[-2:0:-1]], np.concatenate([seconds, seconds[-2:0:-1]])
    data = {"gif": _gif, "webp": _webp, "mp4": _mp4}[format](frames, seconds, fps)
    if isinstance(path_or_file, (str, os.PathLike)):
        Path(path_or_file).write_bytes(data)
    else:
        path_or_file.write(data)


def _whole_times(seconds: np.ndarray, unit: float) -> list[int]:
    """Frame times as whole multiples of `unit` seconds; their sum is right, however many there are."""
    ends = np.rint(np.cumsum(seconds) / unit).astype(int)
    return np.maximum(1, np.diff(ends, prepend=0)).tolist()


def _gif(frames: list[Image.Image], seconds: np.ndarray, fps: float) -> bytes:
    """One palette for all frames and no dither: half the bytes, a tenth of the time, and nothing flickers."""
    some = [frames[i] for i in np.unique(np.linspace(0, len(frames) - 1, PALETTE_SAMPLES).astype(int))]
    strip = Image.fromarray(np.concatenate([np.asarray(frame) for frame in some]))
    palette = strip.quantize(256, method=Image.Quantize.MEDIANCUT)
    indexed = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    times = [10 * hundredths for hundredths in _whole_times(seconds, 0.01)]  # Pillow takes milliseconds
    return _save_all(indexed, "GIF", duration=times, loop=0, optimize=False, disposal=1)


def _webp(frames: list[Image.Image], seconds: np.ndarray, fps: float) -> bytes:
    return _save_all(frames, "WEBP", duration=_whole_times(seconds, 0.001), loop=0, quality=WEBP_QUALITY, method=2)


def _save_all(frames: list[Image.Image], format: str, **options) -> bytes:
    memory = io.BytesIO()
    frames[0].save(memory, format=format, save_all=True, append_images=frames[1:], **options)
    return memory.getvalue()


def _mp4(frames: list[Image.Image], seconds: np.ndarray, fps: float) -> bytes:
    """H.264 that browsers and phones play; a frame that stays is written again and again."""
    height, width = frames[0].height, frames[0].width
    even = ((0, height % 2), (0, width % 2), (0, 0))  # H.264 halves the colour: both sides must be even
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "animation.mp4")  # ffmpeg goes back to the start of its file when it ends
        writer = imageio_ffmpeg.write_frames(
            path, (width + width % 2, height + height % 2), fps=fps, codec="libx264", pix_fmt_out="yuv420p",
            quality=None, macro_block_size=2, ffmpeg_log_level="error",
            output_params=["-crf", MP4_QUALITY, "-preset", "fast", "-movflags", "+faststart"])
        writer.send(None)
        try:
            for frame, count in zip(frames, _whole_times(seconds, 1 / fps), strict=True):
                pixels = np.pad(np.asarray(frame), even, mode="edge").tobytes()
                for _ in range(count):
                    writer.send(pixels)
        finally:
            writer.close()
        return Path(path).read_bytes()
