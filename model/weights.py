"""Weights and arrays as bytes: Keras's own .weights.h5 in half precision, and npz without pickles."""

import io
import itertools
import tempfile
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import h5py
import keras
import numpy as np

# Unpacked, per file: a few compressed kilobytes must not fill the memory.
MAX_UNPACKED_BYTES = 200 * 1000 * 1000
MOST_ITEMS, MOST_DEPTH = 10_000, 16  # groups and arrays of a weights file, which may hold each other


def weights_to_bytes(model: keras.Model) -> bytes:
    """A .weights.h5 with float16 kernels, which Keras casts to the model's own type when it loads them.

    Raises:
        ValueError: a weight is not finite.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.weights.h5"
        model.save_weights(path)
        packed = io.BytesIO()
        with h5py.File(path) as full, h5py.File(packed, "w") as half:
            _copy_half(full, half)
    return packed.getvalue()


def _copy_half(full: h5py.Group, half: h5py.Group) -> None:
    # Without the attributes: they hold layer names that count up in a process, and the same weights are the same bytes.
    for name, item in full.items():
        if isinstance(item, h5py.Group):
            _copy_half(item, half.create_group(name))
            continue
        values = np.asarray(item[()])
        if not np.isfinite(values).all():
            raise ValueError(f"weight {item.name} is not finite: training diverged")
        # Biases and batch normalisation's variances are few and may be any size; kernels are many and small.
        if values.ndim > 1 and np.abs(values).max(initial=0) <= np.finfo(np.float16).max:
            values = values.astype(np.float16)
        half.create_dataset(name, data=values)


def load_weights(model: keras.Model, content: bytes) -> None:
    """Load a .weights.h5 from its bytes: those that were verified, whatever is in their file by now.

    Raises:
        ValueError: not a weights file, not this model's, one that takes more memory than it has bytes, or weights that
            are not finite.
    """
    other = "its weights are those of another network than config.json describes"
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        path = Path(folder) / "model.weights.h5"
        path.write_bytes(content)
        if sorted(_shapes(path, len(content))) != sorted(tuple(weight.shape) for weight in model.weights):
            raise ValueError(other)
        warnings.simplefilter("ignore")  # Keras warns of what it skips before it raises for what is then missing
        try:
            model.load_weights(path)
        except Exception as error:  # Keras raises ValueError, KeyError, AttributeError or OSError, by where it finds it
            raise ValueError(other) from error
    if not all(np.isfinite(values).all() for values in model.get_weights()):
        raise ValueError("it holds weights that are not finite numbers")


def _shapes(path: Path, size: int) -> list[tuple[int, ...]]:
    """Shapes of all arrays in an HDF5 file of so many bytes, before any is read; ValueError as in `load_weights`."""
    try:
        with h5py.File(path, "r") as file:
            found = list(itertools.islice(_walk(file), MOST_ITEMS + 1))
    except Exception as error:  # h5py's, by where the file is damaged: OSError, RuntimeError, UnicodeDecodeError ...
        raise ValueError("it is not an HDF5 file of weights") from error
    if len(found) > MOST_ITEMS:
        raise ValueError(f"it holds more than {MOST_ITEMS:,} groups and arrays")
    for name, odd, *_ in found:
        if odd:
            raise ValueError(f"{name} in it {odd}")
    needed = sum(count for *_, count in found)
    if needed > size:
        raise ValueError(f"it unpacks to {needed / 1e6:.0f} MB")
    return [shape for _, _, shape, _ in found if shape is not None]


def _walk(group: h5py.Group, depth: int = 0) -> Iterator[tuple[str, str, tuple[int, ...] | None, int]]:
    """Everything in a file: name, what is wrong with it if anything, shape (None but of arrays) and bytes.

    Right are groups, and arrays of numbers that lie in the file as they are: a packed one may be huge or in pieces that
    are, and a link may lead to any file of this machine.
    """
    for name in group:
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            yield name, "leads elsewhere", None, 0
            continue
        item = group[name]
        if isinstance(item, h5py.Group):
            yield name, "lies too deep" if depth > MOST_DEPTH else "", None, 0
            yield from _walk(item, depth + 1) if depth <= MOST_DEPTH else ()
        elif not isinstance(item, h5py.Dataset) or item.dtype.kind not in "fiu" or item.shape is None:
            yield name, "is not an array of numbers", None, 0
        else:
            elsewhere = item.chunks or item.external or item.is_virtual
            yield name, "is packed or lies elsewhere" if elsewhere else "", item.shape, item.size * item.dtype.itemsize


def arrays_to_bytes(arrays: Mapping[str, np.ndarray]) -> bytes:
    """A compressed npz. Raises ValueError for an array of Python objects, which would need a pickle."""
    packed = io.BytesIO()
    np.savez_compressed(packed, allow_pickle=False, **arrays)
    return packed.getvalue()


def arrays_from_bytes(content: bytes) -> dict[str, np.ndarray]:
    """The inverse. Raises ValueError for anything but plain arrays that unpack to at most MAX_UNPACKED_BYTES."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            size = sum(member.file_size for member in archive.infolist())
            if size > MAX_UNPACKED_BYTES:
                raise ValueError(f"it unpacks to {size / 1e6:.0f} MB")
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except ValueError as error:
        reason = "it holds Python objects (a pickle), which are never loaded" if "pickle" in str(error) else str(error)
        raise ValueError(reason) from None
    except Exception as error:  # zlib, zipfile and NumPy each have their own, and EOFError
        raise ValueError("it is not an npz file of plain arrays") from error
