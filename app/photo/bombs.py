"""Files of a few bytes that would keep a decoder busy for hours or fill the memory, noticed before it begins.

Pillow bounds a picture's pixels and its texts, but not how often a JPEG goes over them, nor how many colour profiles a
PNG unpacks, nor how many tags of a TIFF or of EXIF share the same bytes, each with a copy of them.
"""

import functools
import io
import re
import struct

from PIL import TiffImagePlugin

MOST_SCANS = 100  # of a JPEG: a progressive one has about ten, and libtiff allows as many as this
MOST_PROFILES = 4  # of a PNG, which may have one
SHARED = 2  # times the bytes of a file that all its tags may take

MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")  # in a JPEG, but for those that belong to the pixels
NO_LENGTH, START, END = (0x01, 0xD8), 0xDA, 0xD9


def is_bomb(content: bytes) -> bool:
    """Whether a file goes over its pixels, or repeats its profile, far more often than a picture does."""
    if content.startswith(b"\xff\xd8"):
        return _count_scans(content) > MOST_SCANS
    return content.startswith(b"\x89PNG") and content.count(b"iCCP") > MOST_PROFILES


def _count_scans(jpeg: bytes) -> int:
    """The scans up to the picture's end, but no more than one over MOST_SCANS. What phones append is not read."""
    at, scans = 2, 0
    while scans <= MOST_SCANS and (found := MARKER.search(jpeg, at)):
        at, marker = found.end(), jpeg[found.end() - 1]
        if marker == END:
            break
        scans += marker == START
        if marker not in NO_LENGTH:
            at += int.from_bytes(jpeg[at : at + 2])  # past what is in it: a thumbnail has scans of its own
    return scans


def bound_tags() -> None:
    """Make Pillow refuse the tags of a TIFF or of EXIF that take far more memory than the file has bytes."""
    load = TiffImagePlugin.ImageFileDirectory_v2.load

    @functools.wraps(load)
    def bounded(self, fp) -> None:
        start = fp.tell()
        size = fp.seek(0, io.SEEK_END)
        fp.seek(start)
        if _bytes_of_tags(self, fp, size) > SHARED * size:
            raise ValueError("the tags share their bytes")
        fp.seek(start)
        load(self, fp)

    TiffImagePlugin.ImageFileDirectory_v2.load = bounded


def _bytes_of_tags(directory: TiffImagePlugin.ImageFileDirectory_v2, fp, size: int) -> int:
    """What Pillow would read of a file of `size` bytes for the directory that begins here."""
    order, inline = directory._endian, 8 if directory._bigtiff else 4
    count, entry, place = ("Q", "HHQ8s", "Q") if directory._bigtiff else ("H", "HHL4s", "L")
    head = fp.read(struct.calcsize(order + count))
    if len(head) < struct.calcsize(order + count):
        return 0
    length = struct.calcsize(order + entry)
    entries = fp.read(min(struct.unpack(order + count, head)[0] * length, size))
    total = 0
    for _, kind, number, data in struct.iter_unpack(order + entry, entries[: len(entries) // length * length]):
        needed = number * directory._load_dispatch.get(kind, (0,))[0]
        if needed > inline:
            total += max(0, min(needed, size - struct.unpack(order + place, data)[0]))
    return total
