"""CelebA on disk: the listing, the attribute table, the splits, and every face decoded once.

Reads the official layout (`img_align_celeba/` or its zip, `.txt` tables, also in `Anno/` and `Eval/`), Kaggle's (`.csv`
tables, a nested image folder), and any part of either. Pictures without labels are welcome.
"""

import contextlib
import csv
import hashlib
import io
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from model.cache import DataError, decoded_faces

ATTRIBUTES = (
    "5_o_Clock_Shadow", "Arched_Eyebrows", "Attractive", "Bags_Under_Eyes", "Bald", "Bangs", "Big_Lips", "Big_Nose",
    "Black_Hair", "Blond_Hair", "Blurry", "Brown_Hair", "Bushy_Eyebrows", "Chubby", "Double_Chin", "Eyeglasses",
    "Goatee", "Gray_Hair", "Heavy_Makeup", "High_Cheekbones", "Male", "Mouth_Slightly_Open", "Mustache", "Narrow_Eyes",
    "No_Beard", "Oval_Face", "Pale_Skin", "Pointy_Nose", "Receding_Hairline", "Rosy_Cheeks", "Sideburns", "Smiling",
    "Straight_Hair", "Wavy_Hair", "Wearing_Earrings", "Wearing_Hat", "Wearing_Lipstick", "Wearing_Necklace",
    "Wearing_Necktie", "Young",
)  # fmt: skip
TRAIN, VALID, TEST = 0, 1, 2
SPLITS = {"train": TRAIN, "valid": VALID, "test": TEST}
MADE_VALID_SHARE = 20  # where there is no partition table, one identity (or picture) in this many is validation
_SUFFIXES = (".jpg", ".jpeg", ".png")


class CelebA:
    """The faces of one folder.

    Attributes:
        names: N file names, sorted.
        labels: (N, 40) int8, 1 has the attribute, -1 lacks it, 0 not labelled.
        identity: (N,) int64, who it is; where that is not known, a negative number of its own.
        split: (N,) uint8, TRAIN, VALID or TEST; no identity is in two of them where identities are known.
    """

    def __init__(self, root: str | os.PathLike, cache: str | os.PathLike | None = None):
        """Read the listing and the tables; no picture is decoded yet.

        Args:
            root: the data folder.
            cache: where decoded faces are kept; `~/.cache/facet` unless given.
        Raises:
            DataError: no pictures, or a table that cannot be read.
        """
        self.root = Path(root)
        if not self.root.is_dir():
            raise DataError(f"there is no data folder {self.root}")
        self.cache = Path(cache) if cache else Path.home() / ".cache" / "facet"
        self._folder, self._zip = self._find_pictures()
        self.names = self._list_pictures()
        self._index = {name: i for i, name in enumerate(self.names)}
        self.labels = self._read_labels()
        known = self._column("identity_CelebA")
        alone = -1 - np.arange(len(self))
        self.identity = alone if known is None else np.where(known < 0, alone, known)
        self.split = self._read_split()
        self._sharp: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.names)

    def rows(self, split: str | None = None, labelled: bool = False, sharp: bool | None = None) -> np.ndarray:
        """Indices (n,) of the faces of `split` ("train", "valid", "test" or None for all), in listing order.

        `labelled` keeps those with labels; `sharp` those at full size (True) or at less (False), once decoded.
        """
        if split is not None and split not in SPLITS:
            raise ValueError(f"split is {split!r}; it must be one of {', '.join(SPLITS)}")
        keep = np.ones(len(self), bool) if split is None else self.split == SPLITS[split]
        if labelled:
            keep &= (self.labels != 0).any(axis=1)
        if sharp is not None:
            keep &= self.sharp == sharp
        return np.flatnonzero(keep)

    @property
    def sharp(self) -> np.ndarray:
        """(N,) bool: the picture is at CelebA's full size, so that fine detail can be learnt from it."""
        if self._sharp is None:
            raise RuntimeError("whether a face is sharp is known once images() has decoded it")
        return self._sharp

    def images(self, size: int) -> np.ndarray:
        """Every face as uint8 (N, size, size, 3), memory-mapped; decoded at the first call, then read from the cache.

        Raises:
            DataError: a picture does not decode, or the cache folder cannot be written.
        """
        key = hashlib.sha256(f"{size}\n{self._listing_key()}".encode()).hexdigest()[:16]
        with self._archive() as archive:
            images, self._sharp = decoded_faces(self.cache, key, len(self), size, lambda row: self._open(row, archive))
        return images

    def frame(self, row: int) -> Image.Image:
        """One face as its file has it, RGB: CelebA's frame of 178 x 218 pixels, or half of that.

        Raises:
            DataError: it does not decode.
        """
        with self._archive() as archive:
            return self._open(row, archive)

    def _archive(self) -> contextlib.AbstractContextManager:
        return zipfile.ZipFile(self._zip) if self._zip else contextlib.nullcontext()

    def _open(self, row: int, archive: zipfile.ZipFile | None) -> Image.Image:
        name = self.names[row]
        try:
            source = io.BytesIO(archive.read(self._members[name])) if archive else self._folder / name
            with Image.open(source) as frame:
                return frame.convert("RGB")
        except (OSError, SyntaxError, ValueError, zipfile.BadZipFile) as error:
            raise DataError(f"the picture {name} does not decode: {error}") from None

    def _find_pictures(self) -> tuple[Path | None, Path | None]:
        for folder in ("img_align_celeba/img_align_celeba", "img_align_celeba", "Img/img_align_celeba", "."):
            path = self.root / folder
            if path.is_dir() and any(entry.name.lower().endswith(_SUFFIXES) for entry in os.scandir(path)):
                return path, None
        for name in ("img_align_celeba.zip", "Img/img_align_celeba.zip"):
            if (self.root / name).is_file():
                return None, self.root / name
        raise DataError(f"{self.root} holds no pictures: expected img_align_celeba/*.jpg or img_align_celeba.zip")

    def _list_pictures(self) -> list[str]:
        if self._folder:
            return sorted(e.name for e in os.scandir(self._folder) if e.name.lower().endswith(_SUFFIXES))
        try:
            with zipfile.ZipFile(self._zip) as archive:
                self._members = {Path(m).name: m for m in archive.namelist() if m.lower().endswith(_SUFFIXES)}
        except (zipfile.BadZipFile, OSError) as error:
            raise DataError(f"{self._zip} is not a readable zip: {error}") from None
        if not self._members:
            raise DataError(f"{self._zip} holds no pictures")
        return sorted(self._members)

    def fingerprint(self) -> str:
        """Short hex that changes with the pictures, the labels and the splits."""
        digest = hashlib.sha256(self._listing_key().encode())
        for table in (self.labels, self.split):
            digest.update(table.tobytes())
        return digest.hexdigest()[:16]

    def _listing_key(self) -> str:
        """What the decoded faces depend on: names and byte sizes."""
        if self._folder:
            sizes = {e.name: e.stat().st_size for e in os.scandir(self._folder)}
        else:
            with zipfile.ZipFile(self._zip) as archive:
                sizes = {Path(i.filename).name: i.file_size for i in archive.infolist()}
        return "\n".join(f"{name} {sizes[name]}" for name in self.names)

    def _table(self, stem: str) -> tuple[Path, Iterator[list[str]]] | None:
        """A table's path and its rows, read one by one and split into words; None where there is no such table."""
        for folder in ("", "Anno", "Eval"):
            for suffix in (".txt", ".csv"):
                path = self.root / folder / (stem + suffix)
                if path.is_file():
                    return path, _rows(path)
        return None

    def _read_labels(self) -> np.ndarray:
        labels = np.zeros((len(self), len(ATTRIBUTES)), np.int8)
        found = self._table("list_attr_celeba")
        if found is None:
            return labels
        path, lines = found
        header = next(lines, [])
        if len(header) == 1:  # the official table begins with the number of its rows
            header = next(lines, [])
        header = [name for name in header if name not in ("image_id", "")]
        if set(header) != set(ATTRIBUTES):
            missing = sorted(set(ATTRIBUTES) - set(header))
            raise DataError(f"{path} must name CelebA's 40 attributes in its header; missing: {', '.join(missing[:5])}")
        order = [header.index(name) for name in ATTRIBUTES]
        for number, line in enumerate(lines, start=2):
            values = line[1:]
            if len(values) != len(header) or not set(values) <= {"1", "-1", "0"}:
                raise DataError(f"{path}: the row of {line[0]} (row {number}) needs 40 values of 1 or -1")
            row = self._index.get(line[0])
            if row is not None:
                labels[row] = np.array(values, np.int8)[order]
                # 0 is how some copies of the table write "lacks it".
                labels[row][labels[row] == 0] = -1
        return labels

    def _read_split(self) -> np.ndarray:
        partition = self._column("list_eval_partition", SPLITS.values())
        if partition is not None:
            if (partition < 0).any():
                name = self.names[int(np.argmax(partition < 0))]
                raise DataError(f"list_eval_partition has no row for {name}")
            return partition.astype(np.uint8)
        group = [str(i) if i >= 0 else name for i, name in zip(self.identity, self.names, strict=True)]
        # A hash, not a shuffle: a face keeps its split when others come or go.
        valid = [int(hashlib.sha256(g.encode()).hexdigest(), 16) % MADE_VALID_SHARE == 0 for g in group]
        return np.where(valid, VALID, TRAIN).astype(np.uint8)

    def _column(self, stem: str, choices=None) -> np.ndarray | None:
        """The number beside each picture's name in a two-column table, -1 where it has none."""
        found = self._table(stem)
        if found is None:
            return None
        path, lines = found
        values = np.full(len(self), -1, np.int64)
        for number, line in enumerate(lines, start=1):
            if number == 1 and line[0] == "image_id":
                continue
            try:
                name, value = line[0], int(line[1])
            except (IndexError, ValueError):
                raise DataError(f"{path}, row {number}: expected a file name and a number, not {line[:3]}") from None
            if choices is not None and value not in choices:
                raise DataError(f"{path}, row {number}: {value} is not one of {sorted(choices)}")
            if name in self._index:
                values[self._index[name]] = value
        return values


def _rows(path: Path) -> Iterator[list[str]]:
    """The rows of a table that are not empty; never all at once, since CelebA's have eight million words."""
    try:
        with open(path, encoding="utf-8", newline="") as file:
            yield from filter(None, csv.reader(file) if path.suffix == ".csv" else map(str.split, file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"cannot read {path}: {error}") from None
