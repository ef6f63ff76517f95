"""Push and pull against a stand-in for the Hub's HTTP API on this machine; nothing leaves it."""

import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from huggingface_hub import constants

from model.bundle import BundleError, load_bundle
from model.folder import CONFIG, FILES, read_folder
from model.hub import fetch, main, parse_address, pull, push
from tests.faces import tiny_bundle
from tests.model.hub_server import TOKEN, Server, connect


@pytest.fixture
def hub(monkeypatch, tmp_path):
    server = Server()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    connect(monkeypatch, server.url)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return Path(tiny_bundle(tmp_path_factory.mktemp("bundles") / "tiny"))


@pytest.fixture
def bundle(whole, tmp_path):
    return shutil.copytree(whole, tmp_path / "tiny")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("hf://someone/faces", ("someone/faces", None)),
        ("hf://someone/faces@v1.2", ("someone/faces", "v1.2")),
        ("hf://someone/faces@refs/pr/3", ("someone/faces", "refs/pr/3")),
        ("someone/faces@v1", ("someone/faces", "v1")),
    ],
)
def test_addresses(address, expected):
    assert parse_address(address) == expected


@pytest.mark.parametrize(
    "address",
    ["hf://", "hf://faces", "hf://datasets/a/b", "hf://spaces/a/b", "hf://a/b/config.json", "hf://a/b@", "a b/c", "",
     "hf://../../etc", "hf://a/..", "checkpoints/default/../x", "hf:/a/b", "https://example.org/a/b"],
)  # fmt: skip
def test_addresses_that_are_none(address):
    with pytest.raises(BundleError, match="hf://owner/name"):
        parse_address(address)


def test_there_and_back(hub, bundle, tmp_path):
    (bundle / "notes.txt").write_text("mine, not the bundle's")
    push(bundle, "someone/faces", private=True)
    repository = hub.repositories["someone/faces"]
    assert repository["visibility"] == "private"
    assert set(repository["commits"][repository["refs"]["main"]]) == {CONFIG, *FILES}
    assert sum("/commit/" in path for _, path in hub.requests) == 1  # no revision holds half a bundle
    short_hash = pull("hf://someone/faces", tmp_path / "pulled")
    assert short_hash == read_folder(bundle)[2]
    assert read_folder(tmp_path / "pulled") == read_folder(bundle)


def test_the_app_takes_an_address_where_it_takes_a_folder(hub, bundle):
    push(bundle, "someone/faces")
    assert load_bundle("hf://someone/faces").hash == read_folder(bundle)[2]


def test_a_revision_is_that_revision(hub, bundle, tmp_path):
    push(bundle, "someone/faces")
    first = hub.repositories["someone/faces"]["refs"]["main"]
    hub.repositories["someone/faces"]["refs"]["v1"] = first
    other = tiny_bundle(tmp_path / "other", seed=1)
    push(other, "someone/faces")
    assert read_folder(fetch("hf://someone/faces@v1"))[2] == read_folder(bundle)[2]
    assert read_folder(fetch(f"hf://someone/faces@{first}"))[2] == read_folder(bundle)[2]
    assert read_folder(fetch("hf://someone/faces"))[2] == read_folder(other)[2]


def test_other_files_of_the_repository_are_not_fetched(hub, bundle):
    push(bundle, "someone/faces")
    hub.commit("someone/faces", {"model.pkl": b"cos\nsystem\n", "config.py": b"import os", "sub/config.json": b"{}"})
    folder = fetch("hf://someone/faces")
    assert {path.name for path in folder.rglob("*")} == {CONFIG, *FILES}


@pytest.mark.parametrize("name", [CONFIG, "decoder.weights.h5", "attributes.npz", "README.md"])
def test_a_bundle_that_was_tampered_with(hub, bundle, tmp_path, name):
    push(bundle, "someone/faces")
    content = bytearray((bundle / name).read_bytes())
    content[len(content) // 2] ^= 1
    hub.commit("someone/faces", {name: bytes(content)})
    with pytest.raises(BundleError, match=name):
        load_bundle("hf://someone/faces")
    shutil.copytree(bundle, tmp_path / "before")
    with pytest.raises(BundleError, match=name):
        pull("hf://someone/faces", tmp_path / "before")
    assert read_folder(tmp_path / "before") == read_folder(bundle)


def test_a_repository_that_is_no_bundle(hub):
    hub.repositories["someone/words"] = {"refs": {}, "commits": {}}
    hub.commit("someone/words", {"README.md": b"words", "model.safetensors": b"..."})
    with pytest.raises(BundleError, match="config.json is missing"):
        load_bundle("hf://someone/words")


def test_wrong_names_and_missing_revisions(hub, bundle):
    push(bundle, "someone/faces")
    with pytest.raises(BundleError, match="no model someone/fases.*private.*hf auth login"):
        load_bundle("hf://someone/fases")
    with pytest.raises(BundleError, match="someone/faces on the Hub has no revision 'v9'"):
        load_bundle("hf://someone/faces@v9")
    with pytest.raises(BundleError, match="has no revision 'v9'"):
        push(bundle, "someone/faces@v9")


def test_a_broken_bundle_is_not_pushed(hub, bundle):
    (bundle / "samples.png").write_bytes(b"")
    with pytest.raises(BundleError, match="samples.png"):
        push(bundle, "someone/faces")
    assert not hub.requests


@pytest.mark.parametrize("token", [None, "hf_of_another"])
def test_no_right_to_write(hub, bundle, monkeypatch, tmp_path, token):
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no-token"))
    if token:
        monkeypatch.setenv("HF_TOKEN", token)
    with pytest.raises(BundleError, match="someone/faces.*hf auth login"):
        push(bundle, "someone/faces")


def test_without_a_connection_the_cache_answers(hub, bundle, monkeypatch):
    push(bundle, "someone/faces")
    fetch("hf://someone/faces")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        connect(monkeypatch, f"http://127.0.0.1:{free.getsockname()[1]}")
    assert load_bundle("hf://someone/faces").hash == read_folder(bundle)[2]
    with pytest.raises(BundleError, match="cannot reach the Hub for someone/else"):
        fetch("hf://someone/else")
    with pytest.raises(BundleError, match="cannot reach the Hub"):
        push(bundle, "someone/faces")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(BundleError, match="cannot reach the Hub for someone/else"):
        fetch("hf://someone/else")


def test_the_command_line(hub, bundle, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["push", "someone/faces", "--bundle", str(bundle)]) == 0
    assert main(["pull", "someone/faces"]) == 0
    assert read_folder(tmp_path / "checkpoints" / "faces") == read_folder(bundle)
    assert "pushed" in capsys.readouterr().out
    for wrong in (["pull", "someone/fases"], ["push", "someone/faces", "--bundle", "nowhere"], ["pull", "faces"]):
        assert main(wrong) == 1
        message = capsys.readouterr().err
        assert message.startswith("error: ") and message.count("\n") == 1 and "Traceback" not in message


def test_it_runs_as_a_module():
    result = subprocess.run(
        [sys.executable, "-m", "model.hub", "pull", "not a name"],
        capture_output=True, text=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert result.returncode == 1 and result.stderr.startswith("error: ") and result.stderr.count("\n") == 1
