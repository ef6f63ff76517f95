"""A quick fuzz of the opener, and that the fuzz sees what goes wrong."""

import os
import random

import pytest

from app.photo import PhotoError, open_photo
from benchmarks import fuzz, mutations

OPEN = []  # what a test's opener left open


def test_some_files_of_every_way_end_in_a_picture_or_a_sentence():
    kinds = mutations.seeds()
    rows = fuzz.fuzz(minutes=0.03, kinds={kind: kinds[kind] for kind in ("jpeg", "heic", "refused text")})
    assert [row.faults for row in rows.values()] == [{}, {}, {}]
    assert all(row.uploads == row.opened + row.refused > 0 for row in rows.values())
    assert rows["jpeg"].opened > 0
    assert rows["refused text"].opened == 0


def test_an_empty_upload_is_one_too():
    with fuzz.Opener() as opener:
        outcomes = [opener.open(data)[0] for data in (b"", mutations.seeds()["png"], b"")]
    assert outcomes == ["refused", "opened", "refused"]


def test_a_small_file_is_cut_at_every_byte():
    data = bytes(range(200))
    assert list(mutations.truncated(data)) == [data[:end] for end in range(1, 200)]


def test_a_seed_repeats_its_mutations():
    first, again, other = (mutations.mutated(bytes(500), random.Random(seed)) for seed in (1, 1, 2))
    assert first == again != other


@pytest.mark.parametrize(("raised", "outcome"), [
    (PhotoError("This file is empty; choose another."), "refused"),
    (PhotoError("/srv/app/photo.png is broken."), "said '/srv/app/photo.png is broken.'"),
    (KeyError("x"), "KeyError: 'x'"),
], ids=["a sentence", "a path", "an exception"])
def test_what_an_upload_ends_in_is_told_apart(monkeypatch, raised, outcome):
    def opener(data):
        raise raised

    monkeypatch.setattr(fuzz, "open_photo", opener)
    assert fuzz.judge(b"x") == outcome


@pytest.mark.parametrize(("leave", "outcome"), [
    (lambda folder: (folder / "left.tmp").write_bytes(b"x"), "left the temporary file left.tmp"),
    (lambda folder: OPEN.append(os.open(os.devnull, os.O_RDONLY)), "left a file open"),
    (lambda folder: None, "opened"),
])
def test_what_an_upload_leaves_behind_is_noticed(monkeypatch, tmp_path, leave, outcome):
    def opener(source):
        leave(tmp_path)
        return open_photo(source)

    monkeypatch.setattr(fuzz, "open_photo", opener)
    assert fuzz.judge_as_upload(mutations.seeds()["png"], tmp_path) == outcome
    assert list(tmp_path.iterdir()) == []
    while OPEN:
        os.close(OPEN.pop())


@pytest.mark.parametrize(("outcome", "seconds", "peak"), [
    ("KeyError: 'x'", 0.1, 1.0), ("opened", fuzz.MOST_SECONDS + 1, 1.0), ("refused", 0.1, fuzz.MOST_MB + 1)])
def test_a_fault_keeps_its_file(monkeypatch, tmp_path, outcome, seconds, peak):
    monkeypatch.setattr(fuzz, "KEPT", tmp_path / "fuzz")
    row = fuzz.Row()
    row.add(b"the file", "some kind", outcome, seconds, peak)
    (path,) = row.faults.values()
    assert path.read_bytes() == b"the file"
