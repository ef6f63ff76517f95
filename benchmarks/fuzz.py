"""The one opener against files that lie: `python -m benchmarks.fuzz --minutes N`, `make fuzz`.

Every generator of tests/photo/uploads.py in turn: the file as it is; truncated (at every byte where it is small);
with bits flipped; with runs of bytes cut out, repeated or overwritten by values that decoders trip on; and bytes from
Hypothesis behind each kind's magic. Whatever the file, `open_photo` must return an RGB picture or raise PhotoError
with one sentence that names no path, and leave nothing behind: no file, no open one. A process of its own opens them,
so that its memory is theirs alone and a crash is a finding. Seconds are the processor's, whatever else it has to do.

A file that did anything else is kept in build/fuzz/ and named in the last lines.
"""

import argparse
import hashlib
import multiprocessing
import os
import re
import resource
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FunctionType

from app.photo import PhotoError, open_photo
from benchmarks.mutations import mutations_of, seeds
from tests.photo import uploads

KEPT = Path(__file__).parent.parent / "build" / "fuzz"
MINUTES = 2.0
# Issue 6, an upload.
MOST_SECONDS, MOST_MB = 5.0, 600.0
ADDRESS_SPACE = 4 << 30  # bytes: past it a decoder gets MemoryError, and this machine goes on
HANG_SECONDS = 60.0  # without an answer the process is ended


@dataclass
class Row:
    """What came of one kind of file."""

    uploads: int = 0
    opened: int = 0
    refused: int = 0
    slowest: float = 0.0  # seconds
    peak: float = 0.0  # MB over the memory before the first file
    faults: dict[str, Path] = field(default_factory=dict)  # what was wrong -> the file that shows it

    def add(self, data: bytes, kind: str, outcome: str, seconds: float, peak: float) -> None:
        """Count one upload, and keep it if something was wrong with it."""
        self.uploads += 1
        self.opened += outcome == "opened"
        self.refused += outcome == "refused"
        self.slowest, self.peak = max(self.slowest, seconds), max(self.peak, peak)
        fault = outcome if outcome not in ("opened", "refused") else None
        fault = fault or (f"took {seconds:.1f} s" if seconds > MOST_SECONDS else None)
        fault = fault or (f"took {peak:.0f} MB" if peak > MOST_MB else None)
        if fault is not None and fault not in self.faults:
            KEPT.mkdir(parents=True, exist_ok=True)
            self.faults[fault] = KEPT / f"{kind.replace(' ', '-')}-{hashlib.sha256(data).hexdigest()[:12]}"
            self.faults[fault].write_bytes(data)


def judge(source: bytes | Path) -> str:
    """`opened`, `refused`, or what was wrong."""
    try:
        photo = open_photo(source)
        photo.tobytes()  # nothing is left to be decoded later
    except PhotoError as error:
        sentence = str(error)
        plain = sentence[:1].isupper() and sentence.endswith(".") and "\n" not in sentence and "/" not in sentence
        return "refused" if plain and len(sentence) < 200 else f"said {sentence!r}"
    except Exception as error:  # what this bench looks for
        return f"{type(error).__name__}: {error}"
    return "opened" if photo.mode == "RGB" else f"opened as {photo.mode}"


def peak_mb() -> float:
    """The most memory that this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def open_files() -> int:
    """How many files this process has open; 0 where the system does not tell."""
    return len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else 0


def judge_as_upload(data: bytes, folder: Path) -> str:
    """`judge` of a file in the folder for temporary files, as the page's uploads are; and what it left there."""
    before, path = open_files(), folder / "upload"
    path.write_bytes(data)
    outcome = judge(path)
    path.unlink()
    left = sorted(folder.iterdir())
    for one in left:
        one.unlink()
    if outcome not in ("opened", "refused"):
        return outcome
    if left:
        return f"left the temporary file {left[0].name}"
    return outcome if open_files() == before else "left a file open"


def answer(pipe, folder: str) -> None:
    """The process that opens what it is sent: outcome, seconds, and the peak of its memory over what it began with."""
    tempfile.tempdir = os.environ["TMPDIR"] = folder
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # libtiff says there what it thinks of each file
    warnings.simplefilter("ignore")  # Pillow warns of much that is refused here, or opened all the same
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    judge(uploads.encode(uploads.picture(), "PNG"))  # whatever Pillow loads at first
    start = peak_mb()
    pipe.send("ready")
    while True:  # until it is killed
        data = pipe.recv_bytes()  # an empty file is an upload too
        began = time.process_time()
        outcome = judge_as_upload(data, Path(folder))
        pipe.send((outcome, time.process_time() - began, peak_mb() - start))


class Opener:
    """The opener in a process of its own, started anew after a crash or a hang."""

    def __init__(self):
        self._context = multiprocessing.get_context("forkserver")  # fresh processes without importing anew
        self._context.set_forkserver_preload(["benchmarks.mutations", "app.photo"])
        self._folder = tempfile.TemporaryDirectory(prefix="facet-fuzz-")
        self._start()

    def __enter__(self) -> "Opener":
        return self

    def __exit__(self, *exception) -> None:
        self._end()
        self._folder.cleanup()

    def open(self, data: bytes) -> tuple[str, float, float]:
        """Outcome, seconds and peak memory in MB."""
        try:
            self._pipe.send_bytes(data)
            if self._pipe.poll(HANG_SECONDS):
                return self._pipe.recv()
            outcome = "hung"
        except (EOFError, ConnectionError):
            self._process.join()
            outcome = f"crashed with status {self._process.exitcode}"
        self._end()
        self._start()
        return outcome, 0.0, 0.0

    def _end(self) -> None:
        self._process.kill()
        self._process.join()

    def _start(self) -> None:
        self._pipe, theirs = self._context.Pipe()
        self._process = self._context.Process(target=answer, args=(theirs, self._folder.name), daemon=True)
        self._process.start()
        theirs.close()
        self._pipe.recv()  # what follows is timed, and starting is not part of it


def fuzz(minutes: float, seed: int = 0, kinds: dict[str, bytes] | None = None) -> dict[str, Row]:
    """Open for so many minutes, the same time for every kind; kinds: name -> a file (default: all of `seeds`)."""
    kinds = seeds() if kinds is None else kinds
    rows = {kind: Row() for kind in kinds}
    share = 60 * minutes / len(kinds)
    for i, (kind, data) in enumerate(kinds.items()):
        with Opener() as opener:  # a fresh process, so that a kind's peak is its own
            for upload in mutations_of(data, seed + i, time.monotonic() + share):
                rows[kind].add(upload, kind, *opener.open(upload))
    return rows


def decoders() -> list[Callable]:
    """The functions and methods in Python that a file goes through: ours, Pillow's and its HEIC plugin's."""
    found: dict[Callable, None] = {}
    for name, module in sys.modules.items():
        if re.fullmatch(r"app\.photo\.open|(PIL|pillow_heif)\..*", name):
            values = list(vars(module).values())
            values += [one for owner in values if isinstance(owner, type) for one in vars(owner).values()]
            found |= {one: None for one in values if isinstance(one, FunctionType) and one.__module__ == name}
    return list(found)


def fuzz_with_atheris(minutes: float) -> None:
    """Let coverage guide the mutations, in this process; ends it. Atheris is not among the requirements."""
    try:
        import atheris
    except ImportError:
        sys.exit("benchmarks.fuzz: Atheris is missing; install it with .venv/bin/pip install atheris")
    warnings.simplefilter("ignore")
    corpus = KEPT / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for kind, data in seeds().items():
        (corpus / kind.replace(" ", "-")).write_bytes(data)

    def test_one(data: bytes) -> None:
        outcome = judge(data)
        if outcome not in ("opened", "refused"):
            raise AssertionError(outcome)

    for function in decoders():
        atheris.instrument_func(function)
    limits = (f"-max_total_time={round(60 * minutes)}", f"-timeout={HANG_SECONDS:.0f}",
              f"-rss_limit_mb={2 * MOST_MB:.0f}", f"-artifact_prefix={KEPT}/")
    atheris.Setup([sys.argv[0], *limits, str(corpus)], test_one)
    atheris.Fuzz()


def print_table(rows: dict[str, Row]) -> None:
    """One row a kind, then every fault with the file that shows it."""
    print("| kind | uploads | opened | refused | slowest, s | peak, MB | wrong |\n|---|---|---|---|---|---|---|")
    for kind, row in rows.items():
        print(f"| {kind} | {row.uploads} | {row.opened} | {row.refused} | {row.slowest:.2f} | {row.peak:.0f} | "
              f"{len(row.faults)} |")
    whole = rows.values()
    slowest, peak = max(row.slowest for row in whole), max(row.peak for row in whole)
    print(f"\n{sum(row.uploads for row in whole)} uploads, the slowest {slowest:.2f} s (limit {MOST_SECONDS:g}), "
          f"the most memory {peak:.0f} MB (limit {MOST_MB:g})")
    for kind, row in rows.items():
        for fault, path in row.faults.items():
            print(f"WRONG: {kind}: {fault}: {path}")


def main() -> int:
    """Print the table; 1 if any upload ended otherwise than in a picture or a sentence, in time and memory."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fuzz", description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=MINUTES, help=f"in all (default {MINUTES:g})")
    parser.add_argument("--seed", type=int, default=0, help="of the mutations (default 0)")
    parser.add_argument("--atheris", action="store_true", help="mutations guided by coverage, if Atheris is installed")
    options = parser.parse_args()
    if options.atheris:
        fuzz_with_atheris(options.minutes)
    rows = fuzz(options.minutes, options.seed)
    print_table(rows)
    return 1 if any(row.faults for row in rows.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
