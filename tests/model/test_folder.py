"""A bundle's folder: what was written comes back, and nothing else is taken for it."""

import json
import os
from pathlib import Path

import pytest

from model import folder
from model.folder import CONFIG, FILES, MAX_FILE_BYTES, BundleError, read_folder, write_folder
from tests.model.folders import contents

ALL = (*FILES, CONFIG)


def rewrite_config(path: Path, change) -> None:
    """Change config.json as somebody would who can compute a checksum."""
    document = json.loads((path / CONFIG).read_bytes())
    change(document)
    document["checksum"] = folder._checksum(document)
    (path / CONFIG).write_bytes(folder._text(document))


def test_there_and_back(saved):
    document, files, short_hash = read_folder(saved)
    assert files == contents("a") and document["about"] == {"minutes": 1.5, "rate": 1e-05}
    assert len(short_hash) == 12 and int(short_hash, 16)
    assert sorted(os.listdir(saved.parent)) == ["one"]


def test_the_hash_names_the_contents(saved, tmp_path):
    write_folder(tmp_path / "same", contents("a"), {"about": {"minutes": 1.5, "rate": 1e-05}})
    write_folder(tmp_path / "other", contents("b"), {"about": {"minutes": 1.5, "rate": 1e-05}})
    assert read_folder(tmp_path / "same")[2] == read_folder(saved)[2] != read_folder(tmp_path / "other")[2]


@pytest.mark.parametrize("name", ALL)
def test_a_damaged_file_is_named(saved, name):
    whole = (saved / name).read_bytes()
    for damaged in (b"", whole[:-1], whole[: len(whole) // 2], whole + b"x", bytes([whole[0] ^ 1]) + whole[1:]):
        (saved / name).write_bytes(damaged)
        with pytest.raises(BundleError, match=name):
            read_folder(saved)
    (saved / name).unlink()
    with pytest.raises(BundleError, match=f"{name} is missing"):
        read_folder(saved)
    (saved / name).mkdir()
    with pytest.raises(BundleError, match=name):
        read_folder(saved)


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_another_bundle_is_named(saved, tmp_path, name):
    write_folder(tmp_path / "other", contents("b"), {})
    (saved / name).write_bytes((tmp_path / "other" / name).read_bytes())
    with pytest.raises(BundleError, match=f"{name} is damaged or of another bundle"):
        read_folder(saved)


def test_any_flipped_bit_of_the_config_is_found(saved):
    whole = (saved / CONFIG).read_bytes()
    for position in range(len(whole)):
        bit = 1 << position % 8
        (saved / CONFIG).write_bytes(whole[:position] + bytes([whole[position] ^ bit]) + whole[position + 1 :])
        with pytest.raises(BundleError, match=CONFIG):
            read_folder(saved)


@pytest.mark.parametrize("name", ["../../secret", "/etc/passwd", "more.h5"])
def test_no_file_outside_is_read(saved, name):
    rewrite_config(saved, lambda document: document["files"].update({name: "0" * 64}))
    with pytest.raises(BundleError, match="too many or missing"):
        read_folder(saved)
    rewrite_config(saved, lambda document: document.update(files=[name]))
    with pytest.raises(BundleError, match=CONFIG):
        read_folder(saved)


@pytest.mark.parametrize(("version", "advice"), [(2, "update Facet"), (0, "save the bundle anew"), ("1", "update")])
def test_another_format(saved, version, advice):
    rewrite_config(saved, lambda document: document.update(format=version))
    with pytest.raises(BundleError, match=f"format {version!r}.*{advice}"):
        read_folder(saved)


@pytest.mark.parametrize("text", [b"[]", b"{}", b"null", b"\xff", b"[" * 100_000, b'{"format": 1, "files": {}}'])
def test_another_programs_config(saved, text):
    (saved / CONFIG).write_bytes(text)
    with pytest.raises(BundleError, match=f"{CONFIG} does not describe a bundle"):
        read_folder(saved)


def test_no_folder(tmp_path, saved):
    with pytest.raises(BundleError, match="no bundle folder .*nowhere"):
        read_folder(tmp_path / "nowhere")
    with pytest.raises(BundleError, match="no bundle folder"):
        read_folder(saved / CONFIG)


def test_a_file_too_large_is_neither_written_nor_read(saved):
    big = {**contents("b"), "samples.png": bytes(MAX_FILE_BYTES + 1)}
    with pytest.raises(BundleError, match="samples.png would have 10.0 MB"):
        write_folder(saved, big, {})
    assert read_folder(saved)[1] == contents("a")
    (saved / "samples.png").write_bytes(big["samples.png"])
    with pytest.raises(BundleError, match="samples.png has 10.0 MB"):
        read_folder(saved)


def test_a_file_missing_or_too_many_is_not_written(saved):
    with pytest.raises(BundleError, match="missing: samples.png"):
        write_folder(saved, dict.fromkeys(FILES[:-1], b""), {})
    with pytest.raises(BundleError, match="exactly"):
        write_folder(saved, {**contents("b"), "more.txt": b""}, {})


def test_replacing_keeps_what_is_not_of_a_bundle(saved):
    (saved / "runs").mkdir()
    (saved / "runs" / "log").write_text("mine")
    (saved / "notes.txt").write_text("mine too")
    write_folder(saved, contents("b"), {})
    assert read_folder(saved)[1] == contents("b")
    assert (saved / "runs" / "log").read_text() == "mine" and (saved / "notes.txt").read_text() == "mine too"
    assert os.listdir(saved.parent) == ["one"]


def test_a_link_is_followed(saved, tmp_path):
    (tmp_path / "link").symlink_to(saved)
    write_folder(tmp_path / "link", contents("b"), {})
    assert (tmp_path / "link").is_symlink() and read_folder(saved)[1] == contents("b")


def test_a_place_that_cannot_be_written(saved):
    with pytest.raises(BundleError, match="cannot write the bundle"):
        write_folder(saved / CONFIG, contents("b"), {})
    with pytest.raises(BundleError, match="cannot write the bundle"):
        write_folder(saved / CONFIG / "deeper", contents("b"), {})
    assert read_folder(saved)[1] == contents("a")
