"""A bundle's folder: whole or not at all, whatever happens while it is written and after."""

import errno
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from model import folder
from model.folder import CONFIG, FILES, MAX_FILE_BYTES, BundleError, read_folder, write_folder

ALL = (*FILES, CONFIG)


def contents(letter: str) -> dict[str, bytes]:
    return {name: f"{letter} {name}".encode() * 50 for name in FILES}


@pytest.fixture
def path(tmp_path):
    write_folder(tmp_path / "some" / "one", contents("a"), {"about": {"minutes": 1.5, "rate": 1e-05}})
    return tmp_path / "some" / "one"


def rewrite_config(path: Path, change) -> None:
    """Change config.json as somebody would who can compute a checksum."""
    document = json.loads((path / CONFIG).read_bytes())
    change(document)
    document["checksum"] = folder._checksum(document)
    (path / CONFIG).write_bytes(folder._text(document))


def test_there_and_back(path):
    document, files, short_hash = read_folder(path)
    assert files == contents("a") and document["about"] == {"minutes": 1.5, "rate": 1e-05}
    assert len(short_hash) == 12 and int(short_hash, 16)
    assert sorted(os.listdir(path.parent)) == ["one"]


def test_the_hash_names_the_contents(path, tmp_path):
    write_folder(tmp_path / "same", contents("a"), {"about": {"minutes": 1.5, "rate": 1e-05}})
    write_folder(tmp_path / "other", contents("b"), {"about": {"minutes": 1.5, "rate": 1e-05}})
    assert read_folder(tmp_path / "same")[2] == read_folder(path)[2] != read_folder(tmp_path / "other")[2]


@pytest.mark.parametrize("name", ALL)
def test_a_damaged_file_is_named(path, name):
    whole = (path / name).read_bytes()
    for damaged in (b"", whole[:-1], whole[: len(whole) // 2], whole + b"x", bytes([whole[0] ^ 1]) + whole[1:]):
        (path / name).write_bytes(damaged)
        with pytest.raises(BundleError, match=name):
            read_folder(path)
    (path / name).unlink()
    with pytest.raises(BundleError, match=f"{name} is missing"):
        read_folder(path)
    (path / name).mkdir()
    with pytest.raises(BundleError, match=name):
        read_folder(path)


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_another_bundle_is_named(path, tmp_path, name):
    write_folder(tmp_path / "other", contents("b"), {})
    (path / name).write_bytes((tmp_path / "other" / name).read_bytes())
    with pytest.raises(BundleError, match=f"{name} is damaged or of another bundle"):
        read_folder(path)


def test_any_flipped_bit_of_the_config_is_found(path):
    whole = (path / CONFIG).read_bytes()
    for position in range(len(whole)):
        bit = 1 << position % 8
        (path / CONFIG).write_bytes(whole[:position] + bytes([whole[position] ^ bit]) + whole[position + 1 :])
        with pytest.raises(BundleError, match=CONFIG):
            read_folder(path)


@pytest.mark.parametrize("name", ["../../secret", "/etc/passwd", "more.h5"])
def test_no_file_outside_is_read(path, name):
    rewrite_config(path, lambda document: document["files"].update({name: "0" * 64}))
    with pytest.raises(BundleError, match="too many or missing"):
        read_folder(path)
    rewrite_config(path, lambda document: document.update(files=[name]))
    with pytest.raises(BundleError, match=CONFIG):
        read_folder(path)


@pytest.mark.parametrize(("version", "advice"), [(2, "update Facet"), (0, "save the bundle anew"), ("1", "update")])
def test_another_format(path, version, advice):
    rewrite_config(path, lambda document: document.update(format=version))
    with pytest.raises(BundleError, match=f"format {version!r}.*{advice}"):
        read_folder(path)


@pytest.mark.parametrize("text", [b"[]", b"{}", b"null", b"\xff", b"[" * 100_000, b'{"format": 1, "files": {}}'])
def test_another_programs_config(path, text):
    (path / CONFIG).write_bytes(text)
    with pytest.raises(BundleError, match=f"{CONFIG} does not describe a bundle"):
        read_folder(path)


def test_no_folder(tmp_path, path):
    with pytest.raises(BundleError, match="no bundle folder .*nowhere"):
        read_folder(tmp_path / "nowhere")
    with pytest.raises(BundleError, match="no bundle folder"):
        read_folder(path / CONFIG)


def test_a_file_too_large_is_neither_written_nor_read(path):
    big = {**contents("b"), "samples.png": bytes(MAX_FILE_BYTES + 1)}
    with pytest.raises(BundleError, match="samples.png would have 10.0 MB"):
        write_folder(path, big, {})
    assert read_folder(path)[1] == contents("a")
    (path / "samples.png").write_bytes(big["samples.png"])
    with pytest.raises(BundleError, match="samples.png has 10.0 MB"):
        read_folder(path)


def test_a_file_missing_or_too_many_is_not_written(path):
    with pytest.raises(BundleError, match="missing: samples.png"):
        write_folder(path, dict.fromkeys(FILES[:-1], b""), {})
    with pytest.raises(BundleError, match="exactly"):
        write_folder(path, {**contents("b"), "more.txt": b""}, {})


def test_replacing_keeps_what_is_not_of_a_bundle(path):
    (path / "runs").mkdir()
    (path / "runs" / "log").write_text("mine")
    (path / "notes.txt").write_text("mine too")
    write_folder(path, contents("b"), {})
    assert read_folder(path)[1] == contents("b")
    assert (path / "runs" / "log").read_text() == "mine" and (path / "notes.txt").read_text() == "mine too"
    assert os.listdir(path.parent) == ["one"]


def test_a_link_is_followed(path, tmp_path):
    (tmp_path / "link").symlink_to(path)
    write_folder(tmp_path / "link", contents("b"), {})
    assert (tmp_path / "link").is_symlink() and read_folder(path)[1] == contents("b")


@pytest.mark.parametrize("at", range(len(FILES) + 2))
def test_a_full_disk_leaves_the_old_bundle(path, monkeypatch, at):
    calls, real = [], os.fsync

    def fsync(descriptor):
        calls.append(descriptor)
        if len(calls) == at + 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    if at < len(ALL):
        with pytest.raises(BundleError, match=f"{path}: No space left"):
            write_folder(path, contents("b"), {})
        assert read_folder(path)[1] == contents("a")
    else:  # flushing the folder itself is a bonus that some file systems do not give
        write_folder(path, contents("b"), {})
        assert read_folder(path)[1] == contents("b")
    assert os.listdir(path.parent) == ["one"]


def test_a_place_that_cannot_be_written(path):
    with pytest.raises(BundleError, match="cannot write the bundle"):
        write_folder(path / CONFIG, contents("b"), {})
    with pytest.raises(BundleError, match="cannot write the bundle"):
        write_folder(path / CONFIG / "deeper", contents("b"), {})
    assert read_folder(path)[1] == contents("a")


class NoExchange:
    """A C library without renameat2, as macOS has it."""

    def __init__(self, *_, **__):
        pass


@pytest.fixture
def two_renames(monkeypatch):
    monkeypatch.setattr(folder.ctypes, "CDLL", NoExchange)


def test_without_an_exchange_in_one_step(path, two_renames):
    (path / "notes.txt").write_text("mine")
    write_folder(path, contents("b"), {})
    assert read_folder(path)[1] == contents("b") and (path / "notes.txt").exists()
    assert os.listdir(path.parent) == ["one"]


class Killed(BaseException):
    """What no handler of errors takes, as none takes a SIGKILL."""


@pytest.mark.parametrize("at", range(4))
def test_killed_between_two_renames(path, two_renames, monkeypatch, at):
    """Before, between and after the two renames, and after the notes moved; then the next save tidies up."""
    (path / "notes.txt").write_text("mine")
    real, calls = os.rename, []

    def rename(*names):
        if len(calls) == at:
            raise Killed
        calls.append(names)
        real(*names)

    monkeypatch.setattr(os, "rename", rename)
    if at < 3:
        with pytest.raises(Killed):
            write_folder(path, contents("b"), {})
    else:
        write_folder(path, contents("b"), {})
    monkeypatch.setattr(os, "rename", real)
    assert read_folder(path)[1] == contents("a" if at < 2 else "b")
    write_folder(path, contents("c"), {})
    assert read_folder(path)[1] == contents("c")
    assert (path / "notes.txt").read_text() == "mine" and os.listdir(path.parent) == ["one"]


def test_a_rename_that_fails_is_taken_back(path, two_renames, monkeypatch):
    real = os.rename

    def rename(old, new):
        if str(old).endswith(".writing"):
            raise OSError(errno.EIO, "Input/output error")
        real(old, new)

    monkeypatch.setattr(os, "rename", rename)
    with pytest.raises(BundleError, match=f"{path}: Input/output error"):
        write_folder(path, contents("b"), {})
    assert read_folder(path)[1] == contents("a") and os.listdir(path.parent) == ["one"]


# Two renames are over in microseconds; pauses give the kill a chance to come between them.
SLOW_RENAMES = (
    "import ctypes, os, time\nctypes.CDLL = lambda *_, **__: None\nreal = os.rename\n"
    "def rename(*names):\n  time.sleep(0.01)\n  real(*names)\n  time.sleep(0.01)\nos.rename = rename\n"
)


@pytest.mark.parametrize("before", ["", SLOW_RENAMES], ids=["exchange", "two renames"])
def test_kill_9_at_any_moment(path, before):
    (path / "notes.txt").write_text("mine")
    script = before + (
        "import sys\nfrom model.folder import FILES, write_folder\nprint('ready', flush=True)\n"
        "while True:\n  for letter in 'bc':\n"
        "    write_folder(sys.argv[1], {n: letter.encode() * 20000 for n in FILES}, {'letter': letter})\n"
    )
    rng = random.Random(0)
    for _ in range(8):
        process = subprocess.Popen(
            [sys.executable, "-c", script, path], stdout=subprocess.PIPE, cwd=Path(folder.__file__).parents[1]
        )
        process.stdout.readline()
        time.sleep(rng.uniform(0.001, 0.1 if before else 0.03))
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        read_folder(path)
    write_folder(path, contents("d"), {})
    assert read_folder(path)[1] == contents("d")
    assert os.listdir(path.parent) == ["one"] and (path / "notes.txt").read_text() == "mine"
