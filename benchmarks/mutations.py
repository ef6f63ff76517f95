"""Files that lie, without end: the uploads of tests/photo/uploads.py, cut, changed and made up."""

import functools
import random
import time
from collections.abc import Iterator

from tests.photo import uploads

SMALL = 1500  # bytes: truncated at every one of them
CUTS = 200  # truncations of a larger file
ROUND = 40  # mutations of one file before the next has its turn
TRIPPING = (b"\x00", b"\xff", b"\x7f", b"\x80", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x00\x00\x00\x00")


@functools.cache
def seeds() -> dict[str, bytes]:
    """Every file of the generators, by kind."""
    kinds = {"huge " + name: data for name, data in uploads.huge_headers().items()}
    kinds |= {"refused " + name: data for name, data in uploads.refused_files().items()}
    kinds |= {"exif " + name: uploads.encode(uploads.picture(), "WEBP" if len(block) > 60_000 else "JPEG",
                                             exif=b"Exif\0\0" + block)
              for name, block in uploads.lying_exif().items()}
    profiles = {"whole": uploads.srgb_profile(), **uploads.broken_profiles()}
    kinds |= {"icc " + name: uploads.encode(uploads.picture(), "PNG", icc_profile=profile)
              for name, profile in profiles.items()}
    return {**uploads.good_files(), **uploads.odd_files(), **kinds}


def truncated(data: bytes) -> Iterator[bytes]:
    """Cut short at every byte, or of a larger file at CUTS places."""
    yield from (data[:end] for end in range(1, len(data), max(1, len(data) // CUTS) if len(data) > SMALL else 1))


def mutated(data: bytes, rng: random.Random) -> bytes:
    """One to eight changes, each a flipped bit, an overwritten, cut out or repeated run."""
    changed = bytearray(data)
    for _ in range(rng.randint(1, 8)):
        at, length = rng.randrange(len(changed) + 1), rng.randint(1, 16)
        way = rng.randrange(4)
        if way == 0 and at < len(changed):
            changed[at] ^= 1 << rng.randrange(8)
        elif way == 1:
            run = rng.choice(TRIPPING)
            changed[at : at + len(run)] = run
        elif way == 2:
            del changed[at : at + length]
        else:
            changed[at:at] = changed[at : at + length]
    return bytes(changed)


def anything(magic: bytes, count: int, seed: int) -> list[bytes]:
    """Bytes from Hypothesis behind a magic number."""
    from hypothesis import HealthCheck, given, settings
    from hypothesis import seed as seeded
    from hypothesis import strategies as st

    found = []

    @seeded(seed)
    @settings(max_examples=count, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.binary(max_size=400))
    def collect(tail: bytes) -> None:
        found.append(magic + tail)

    collect()
    return found


def mutations_of(data: bytes, seed: int, end: float) -> Iterator[bytes]:
    """The file, its truncations, and mutations until `end` (of time.monotonic), the same for the same seed."""
    rng = random.Random(seed)
    yield data
    cuts = truncated(data)
    while time.monotonic() < end:
        magic = data[: rng.randint(0, 24)]
        batch = [cut for _, cut in zip(range(ROUND), cuts, strict=False)]
        batch += [mutated(data, rng) for _ in range(ROUND)]
        batch += [one for one in anything(magic, ROUND // 4, rng.randrange(1 << 30)) if one]
        for upload in batch:
            if time.monotonic() >= end:
                return
            yield upload
