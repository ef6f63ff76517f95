"""Uploads and finished files do not stay: old ones go, and a server's folder goes with it."""

import os
import subprocess
import time

import pytest

from app.ui import cache


@pytest.fixture
def parent(tmp_path, monkeypatch):
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "gradio"))
    return tmp_path / "gradio"


def test_the_folder_is_new_and_gone_afterwards(parent):
    with cache.own_folder(every=60, age=60) as folder:
        assert folder.parent == parent and os.environ[cache.VARIABLE] == str(folder)
        (folder / "token").mkdir()
        (folder / "token" / "photo.png").write_bytes(b"x")
    assert list(parent.iterdir()) == [] and os.environ[cache.VARIABLE] == str(parent)


def test_what_is_old_goes_and_what_is_used_stays(tmp_path):
    for name in ("old", "used", "empty"):
        (tmp_path / name).mkdir()
    for name in ("old/photo.png", "used/photo.png", "tmpbrokenoff"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "old/link").symlink_to(tmp_path / "used")
    time.sleep(0.3)
    os.utime(tmp_path / "used/photo.png")  # as the page does with a photo in hand
    cache.clear(tmp_path, age=0.2)
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")) == ["old", "used",
                                                                                            "used/photo.png"]
    time.sleep(0.3)
    cache.clear(tmp_path, age=0.2)  # the emptied folder has been so for long enough
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["used"]


def test_it_is_cleared_while_the_server_runs(parent):
    with cache.own_folder(every=0.01, age=0.05) as folder:
        (folder / "photo.png").write_bytes(b"x")
        end = time.monotonic() + 10
        while list(folder.iterdir()) and time.monotonic() < end:
            time.sleep(0.01)
        assert list(folder.iterdir()) == []


def test_a_killed_servers_folder_goes_with_the_next_start(parent):
    killed = subprocess.Popen(["true"])
    killed.wait()
    names = (f"facet-{killed.pid}-x1", f"facet-{os.getppid()}-x2", "facet-photos")
    dead, living, other = (parent / name for name in names)
    for folder in (dead, living, other):
        folder.mkdir(parents=True)
        (folder / "photo.png").write_bytes(b"x")
    with cache.own_folder(every=60, age=60):
        assert (dead.exists(), living.exists(), other.exists()) == (False, True, True)
