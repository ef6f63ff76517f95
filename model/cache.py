"""Faces decoded once into a memory-mapped array on disk, which every later run reads."""

import os
import shutil
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from model.preprocessing import FRAME_SIZE, crop_image

TASK = 64  # faces that a thread decodes in one go: a task for each of 200,000 would fill some hundred MB


class DataError(ValueError):
    """The data folder or its cache cannot be used; the message names the file and says what is wrong."""


def decoded_faces(folder: Path, key: str, count: int, size: int,
                  frame: Callable[[int], Image.Image]) -> tuple[np.ndarray, np.ndarray]:
    """The faces as uint8 (count, size, size, 3), memory-mapped, and which of them are at full size, (count,) bool.

    Decoded at the first call, then read from `folder`.

    Args:
        key: names these faces at this size; other faces need another key.
        frame: row -> its picture in CelebA's frame. Called from several threads at once.
    Raises:
        DataError: the folder cannot be written, has no room, or holds something else or damaged faces under this key.
    """
    path, shape = folder / f"faces-{size}-{key}.npy", (count, size, size, 3)
    sharp_path, sums_path = (path.with_suffix(f".{name}.npy") for name in ("sharp", "sums"))
    if not (path.exists() and sharp_path.exists()):
        _decode(path, shape, frame)
    try:
        images, sharp = np.load(path, mmap_mode="r"), np.load(sharp_path)
        sums = np.load(sums_path) if sums_path.exists() else None  # an older cache has none
    except Exception as error:  # NumPy reads the header with Python's own tokenizer, and raises what that raises
        raise DataError(f"the cache file {path} is damaged ({error}); delete it and run again") from None
    if images.shape != shape or images.dtype != np.uint8 or sharp.shape != (count,):
        raise DataError(f"the cache file {path} holds {images.shape}, not {shape}; delete it and run again")
    if sums is not None and not np.array_equal(_sums(path, images.offset, shape), sums):
        raise DataError(f"the cache file {path} is damaged (its faces have other checksums); delete it and run again")
    return images, sharp


def _sums(path: Path, offset: int, shape: tuple[int, ...]) -> np.ndarray:
    """The checksum of every face. Read, not mapped: what a process maps counts as its memory."""
    length, sums = int(np.prod(shape[1:])), np.zeros(shape[0], np.uint32)
    with open(path, "rb") as file:
        file.seek(offset)
        for row in range(shape[0]):
            sums[row] = zlib.crc32(file.read(length))
    return sums


def _save(path: Path, array: np.ndarray) -> None:
    """All of it or nothing, as another run may read it."""
    aside = path.with_suffix(f".{os.getpid()}.partial")
    with open(aside, "wb") as file:
        np.save(file, array)
        file.flush()
        os.fsync(file.fileno())
    os.replace(aside, path)


def _decode(path: Path, shape: tuple[int, ...], frame: Callable[[int], Image.Image]) -> None:
    partial = path.with_suffix(f".{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _sweep(path)
        # Asked now: a memory-mapped file on a full disk ends the process without a word.
        needed, free = int(np.prod(shape)), shutil.disk_usage(path.parent).free
        if free < needed:
            raise DataError(f"the cache folder {path.parent} has {free / 1e9:.1f} GB free, and these faces need "
                            f"{needed / 1e9:.1f} GB; make room, or choose another folder with --cache")
        images = np.lib.format.open_memmap(partial, "w+", np.uint8, shape)
    except OSError as error:
        raise DataError(f"cannot write the cache folder {path.parent}: {error}") from None
    sharp, sums = np.zeros(shape[0], bool), np.zeros(shape[0], np.uint32)

    def decode(start: int) -> None:
        for row in range(start, min(start + TASK, shape[0])):
            picture = frame(row)
            sharp[row] = picture.width >= FRAME_SIZE[0]
            images[row] = face = crop_image(picture, shape[1])
            sums[row] = zlib.crc32(np.ascontiguousarray(face))

    try:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for _ in pool.map(decode, range(0, shape[0], TASK)):
                pass
        images.flush()
        for name, array in (("sharp", sharp), ("sums", sums)):
            _save(path.with_suffix(f".{name}.npy"), array)
        os.replace(partial, path)
    except OSError as error:
        raise DataError(f"cannot write the cache file {path}: {error}") from None
    finally:
        partial.unlink(missing_ok=True)


def _sweep(path: Path) -> None:
    """Delete what runs left here that were killed while they decoded."""
    for old in path.parent.glob(f"{path.stem}.*.partial"):
        try:
            os.kill(int(old.suffixes[-2].lstrip(".")), 0)
        except ProcessLookupError:
            old.unlink(missing_ok=True)
        except (PermissionError, ValueError):
            continue  # somebody else's run, or a file that we did not name
