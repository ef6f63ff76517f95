"""A bundle's folder is the old one or the new one, whole, whenever writing it breaks off."""

import errno
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from model import folder
from model.folder import CONFIG, FILES, BundleError, read_folder, write_folder
from tests.model.folders import contents

ALL = (*FILES, CONFIG)


@pytest.mark.parametrize("at", range(len(FILES) + 2))
def test_a_full_disk_leaves_the_old_bundle(saved, monkeypatch, at):
    calls, real = [], os.fsync

    def fsync(descriptor):
        calls.append(descriptor)
        if len(calls) == at + 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    if at < len(ALL):
        with pytest.raises(BundleError, match=f"{saved}: No space left"):
            write_folder(saved, contents("b"), {})
        assert read_folder(saved)[1] == contents("a")
    else:  # flushing the folder itself is a bonus that some file systems do not give
        write_folder(saved, contents("b"), {})
        assert read_folder(saved)[1] == contents("b")
    assert os.listdir(saved.parent) == ["one"]


class NoExchange:
    """A C library without renameat2, as macOS has it."""

    def __init__(self, *_, **__):
        pass


@pytest.fixture
def two_renames(monkeypatch):
    monkeypatch.setattr(folder.ctypes, "CDLL", NoExchange)


def test_without_an_exchange_in_one_step(saved, two_renames):
    (saved / "notes.txt").write_text("mine")
    write_folder(saved, contents("b"), {})
    assert read_folder(saved)[1] == contents("b") and (saved / "notes.txt").exists()
    assert os.listdir(saved.parent) == ["one"]


class Killed(BaseException):
    """What no handler of errors takes, as none takes a SIGKILL."""


@pytest.mark.parametrize("at", range(4))
def test_killed_between_two_renames(saved, two_renames, monkeypatch, at):
    """Before, between and after the two renames, and after the notes moved; then the next save tidies up."""
    (saved / "notes.txt").write_text("mine")
    real, calls = os.rename, []

    def rename(*names):
        if len(calls) == at:
            raise Killed
        calls.append(names)
        real(*names)

    monkeypatch.setattr(os, "rename", rename)
    if at < 3:
        with pytest.raises(Killed):
            write_folder(saved, contents("b"), {})
    else:
        write_folder(saved, contents("b"), {})
    monkeypatch.setattr(os, "rename", real)
    assert read_folder(saved)[1] == contents("a" if at < 2 else "b")
    write_folder(saved, contents("c"), {})
    assert read_folder(saved)[1] == contents("c")
    assert (saved / "notes.txt").read_text() == "mine" and os.listdir(saved.parent) == ["one"]


def test_a_rename_that_fails_is_taken_back(saved, two_renames, monkeypatch):
    real = os.rename

    def rename(old, new):
        if str(old).endswith(".writing"):
            raise OSError(errno.EIO, "Input/output error")
        real(old, new)

    monkeypatch.setattr(os, "rename", rename)
    with pytest.raises(BundleError, match=f"{saved}: Input/output error"):
        write_folder(saved, contents("b"), {})
    assert read_folder(saved)[1] == contents("a") and os.listdir(saved.parent) == ["one"]


# Two renames are over in microseconds; pauses give the kill a chance to come between them.
SLOW_RENAMES = (
    "import ctypes, os, time\nctypes.CDLL = lambda *_, **__: None\nreal = os.rename\n"
    "def rename(*names):\n  time.sleep(0.01)\n  real(*names)\n  time.sleep(0.01)\nos.rename = rename\n"
)


@pytest.mark.parametrize("before", ["", SLOW_RENAMES], ids=["exchange", "two renames"])
def test_kill_9_at_any_moment(saved, before):
    (saved / "notes.txt").write_text("mine")
    script = before + (
        "import sys\nfrom model.folder import FILES, write_folder\nprint('ready', flush=True)\n"
        "while True:\n  for letter in 'bc':\n"
        "    write_folder(sys.argv[1], {n: letter.encode() * 20000 for n in FILES}, {'letter': letter})\n"
    )
    rng = random.Random(0)
    for _ in range(8):
        process = subprocess.Popen(
            [sys.executable, "-c", script, saved], stdout=subprocess.PIPE, cwd=Path(folder.__file__).parents[1]
        )
        process.stdout.readline()
        time.sleep(rng.uniform(0.001, 0.1 if before else 0.03))
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        read_folder(saved)
    write_folder(saved, contents("d"), {})
    assert read_folder(saved)[1] == contents("d")
    assert os.listdir(saved.parent) == ["one"] and (saved / "notes.txt").read_text() == "mine"
