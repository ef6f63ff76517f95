"""The files of a bundle as a folder: replaced whole or not at all, and checked before anything in them is believed."""

import contextlib
import ctypes
import errno
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

FORMAT = 1
CONFIG = "config.json"
# Every other file of a bundle; nothing else is read, so no name in a bundle can lead out of its folder.
FILES = (
    "encoder.weights.h5", "decoder.weights.h5", "classifier.weights.h5",
    "attributes.npz", "metrics.json", "README.md", "samples.png",
)  # fmt: skip
MAX_FILE_BYTES = 10 * 1000 * 1000  # what a Space and plain git take
_LIMIT = f"{MAX_FILE_BYTES / 1e6:.0f} MB a file"
_EXCHANGE = 2  # RENAME_EXCHANGE of Linux's renameat2
_HERE = -100  # AT_FDCWD


class BundleError(ValueError):
    """A bundle that is not whole, not of this format, or cannot be written: one sentence that names the file."""


def write_folder(path: str | os.PathLike, files: Mapping[str, bytes], config: Mapping) -> None:
    """Write `files` and their config.json beside `path`, then put them in its place in one step.

    A crash at any moment leaves the old bundle or the new one, whole, where `standing` says. Other files that stand in
    the folder stay there.

    Args:
        path: the bundle's folder; its parents are made.
        files: contents by name, all of FILES.
        config: what config.json holds besides `format`, `files` (hashes) and `checksum`.
    Raises:
        BundleError: a file too large or missing, a place that can't be written, a full disk.
    """
    path = Path(os.path.realpath(path))
    missing = sorted(set(FILES) - set(files))
    if missing or len(files) != len(FILES):
        raise BundleError(f"a bundle has exactly the files {', '.join(FILES)}; missing: {', '.join(missing) or 'none'}")
    hashes = {name: hashlib.sha256(files[name]).hexdigest() for name in FILES}
    document = {"format": FORMAT, **config, "files": hashes}
    document["checksum"] = _checksum(document)
    everything = {**files, CONFIG: _text(document)}
    for name, content in everything.items():
        if len(content) > MAX_FILE_BYTES:
            raise BundleError(f"{name} would have {len(content) / 1e6:.1f} MB; the limit is {_LIMIT}")
    aside, replaced = path.with_name(f".{path.name}.writing"), _replaced(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if standing(path) != path:
            os.rename(replaced, path)
        for left in (aside, replaced):  # by a run that was killed while writing
            _discard(left, path)
        aside.mkdir()
        for name, content in everything.items():
            with open(aside / name, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        _sync(aside)
        old = aside
        if path.exists():
            old = _exchange(aside, path)
        else:
            os.rename(aside, path)
        _sync(path.parent)
        _discard(old, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            _discard(aside, path)
        raise BundleError(f"cannot write the bundle {path}: {error.strerror or error}") from error


def _discard(aside: Path, path: Path) -> None:
    """Delete a folder's bundle files; whatever else is in it moves to `path`."""
    if not aside.exists():
        return
    for entry in list(aside.iterdir()):
        if entry.name in (*FILES, CONFIG):
            entry.unlink()
        elif path.is_dir() and not (path / entry.name).exists():
            os.rename(entry, path / entry.name)
    aside.rmdir()


def _exchange(new: Path, path: Path) -> Path:
    """Put the folder `new` in the place of `path`; returns where the old one is now.

    In one step on Linux. Elsewhere, and on file systems that cannot do that, by two renames; between them nothing is at
    `path`, and `standing` says where the old folder is.
    """
    if not path.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "a file has that name")
    libc = ctypes.CDLL(None, use_errno=True)
    rename = getattr(libc, "renameat2", None)
    if rename and rename(_HERE, os.fsencode(new), _HERE, os.fsencode(path), _EXCHANGE) == 0:
        return new
    replaced = _replaced(path)
    os.rename(path, replaced)
    try:
        os.rename(new, path)
    except OSError:
        os.rename(replaced, path)
        raise
    return replaced


def _replaced(path: Path) -> Path:
    return path.with_name(f".{path.name}.replaced")


def standing(path: str | os.PathLike) -> Path:
    """Where the bundle of `path` is: there, or beside it where a run was killed between the two renames of a save."""
    replaced = _replaced(Path(os.path.realpath(path)))
    return replaced if not os.path.exists(path) and replaced.is_dir() else Path(path)


def _sync(folder: Path) -> None:
    with contextlib.suppress(OSError):  # some file systems cannot flush a folder; its files are flushed by then
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _text(document: Mapping) -> bytes:
    return (json.dumps(document, indent=2, allow_nan=False) + "\n").encode()


def _checksum(document: Mapping) -> str:
    """Of config.json itself, over everything in it but this."""
    rest = {key: value for key, value in document.items() if key != "checksum"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def read_folder(path: str | os.PathLike) -> tuple[dict, dict[str, bytes], str]:
    """Read and verify every file of a bundle.

    Returns:
        config.json as a dictionary, the contents of FILES by name, and the short hash of config.json, which stands for
        the whole bundle since it holds the other files' hashes.
    Raises:
        BundleError: naming the first file that is missing, too large, changed, or of another format.
    """
    path = standing(path)
    if not path.is_dir():
        raise BundleError(f"there is no bundle folder {path}; train one with train.py or give another --bundle")
    text = _read(path / CONFIG)
    try:
        document = json.loads(text)
        version, hashes, checksum = (document[key] for key in ("format", "files", "checksum"))
    except (ValueError, KeyError, TypeError, RecursionError):
        raise BundleError(f"{path / CONFIG} does not describe a bundle: it is damaged or of another program") from None
    if version != FORMAT:
        older = isinstance(version, int) and version < FORMAT
        advice = "save the bundle anew" if older else "update Facet"
        raise BundleError(f"{path / CONFIG} has format {version!r}, this Facet reads format {FORMAT}: {advice}")
    if checksum != _checksum(document) or text != _text(document):
        raise BundleError(f"{path / CONFIG} was changed after it was written: its checksum is wrong")
    if not isinstance(hashes, dict) or set(hashes) != set(FILES):
        odd = ", ".join(sorted(set(hashes) ^ set(FILES))) if isinstance(hashes, dict) else "all of them"
        raise BundleError(f"{path / CONFIG} does not list exactly the files of a bundle; too many or missing: {odd}")
    files = {}
    for name in FILES:
        files[name] = _read(path / name)
        if hashlib.sha256(files[name]).hexdigest() != hashes[name]:
            raise BundleError(f"{path / name} is damaged or of another bundle: its SHA-256 is not the one in {CONFIG}")
    return document, files, hashlib.sha256(text).hexdigest()[:12]


def _read(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise BundleError(f"{path} has {size / 1e6:.1f} MB; a bundle's limit is {_LIMIT}")
        return path.read_bytes()
    except FileNotFoundError:
        raise BundleError(f"{path} is missing: the bundle is not complete") from None
    except OSError as error:
        raise BundleError(f"{path} cannot be read: {error.strerror or error}") from None
