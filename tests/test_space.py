"""`make space`: what it lists, and each thing that it must find wrong."""

import os
import subprocess
from pathlib import Path

import pytest

from tools import space

ROOT = Path(__file__).parent.parent
README = """---
title: Facet
emoji: 🙂
colorFrom: indigo
colorTo: pink
sdk: docker
app_port: 7860
short_description: Faces
license: other
---
# Facet
"""
DOCKERFILE = """FROM python:3.11-slim AS a
COPY lock lock
FROM a
COPY --from=a /venv /venv
USER 1000
COPY --chown=user app app
EXPOSE 7860
"""


@pytest.fixture
def repository(tmp_path):
    """A commit function over an empty repository: commit(name=content or None to delete) -> its folder."""
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b.c",
                   "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b.c"}

    def git(*arguments):
        subprocess.run(["git", *arguments], cwd=tmp_path, env=environment, check=True, capture_output=True)

    def commit(files: dict[str, bytes | None]) -> Path:
        for name, content in files.items():
            if content is None:
                (tmp_path / name).unlink()
            else:
                (tmp_path / name).write_bytes(content)
        git("add", "--all")
        git("commit", "-m", "a change")
        return tmp_path

    git("init", "-q")
    return commit


def test_it_lists_what_is_committed_and_nothing_else(repository):
    root = repository({"a.txt": b"12345", "naïve name.txt": b"1"})
    (root / "later.txt").write_text("not committed")
    assert space.committed_files(root) == {"a.txt": 5, "naïve name.txt": 1}


def test_a_large_file_is_found_in_the_history_after_it_was_deleted(repository, monkeypatch):
    monkeypatch.setattr(space, "MAX_FILE_BYTES", 1000)
    repository({"weights.h5": b"x" * 1001, "small": b"x" * 1000})
    root = repository({"weights.h5": None})
    assert space.check_files(space.committed_files(root))[0].startswith("Dockerfile is not committed")
    (problem,) = space.check_history(root)
    assert "weights.h5" in problem


@pytest.mark.parametrize(("name", "size", "part"), [
    ("assets/big.gif", 10_000_001, "10.0 MB"),
    ("tests/me.JPG", 10, "no photo"),
])
def test_a_file_that_may_not_be_published_is_named(name, size, part):
    whole = dict.fromkeys(space.NEEDED, 100)
    assert space.check_files(whole) == []
    (problem,) = space.check_files({**whole, name: size})
    assert name in problem
    assert part in problem


def test_a_missing_file_of_the_bundle_is_named():
    files = dict.fromkeys(space.NEEDED, 100)
    del files["checkpoints/default/decoder.weights.h5"]
    assert space.check_files(files) == ["checkpoints/default/decoder.weights.h5 is not committed"]


@pytest.mark.parametrize(("old", "new", "part"), [
    ("sdk: docker", "sdk: gradio", "sdk must be docker"),
    ("app_port: 7860", "app_port: 80", "app_port"),
    ("title: Facet\n", "", "title"),
    ("colorTo: pink", "colorTo: mauve", "colorFrom"),
    ("short_description: Faces", "short_description: " + 61 * "x", "short_description"),
    ("license: other\n", "", "license"),
    ("sdk: docker", "sdk: [", "not YAML"),
    ("---\ntitle", "title", "does not begin"),
])
def test_a_front_matter_that_no_space_takes(old, new, part):
    assert space.check_front_matter(README, DOCKERFILE) == []
    (problem,) = space.check_front_matter(README.replace(old, new, 1), DOCKERFILE)
    assert part in problem


@pytest.mark.parametrize(("old", "new", "part"), [
    ("USER 1000", "USER root", "USER 1000"),
    ("USER 1000\n", "", "USER 1000"),
    ("COPY lock", "COPY look", "copies look,"),
    ("user app app", "user apps app", "copies apps,"),
])
def test_a_dockerfile_that_no_space_takes(old, new, part):
    files = {"lock": 1, "app/editor.py": 1}
    assert space.check_dockerfile(DOCKERFILE, files) == []
    (problem,) = space.check_dockerfile(DOCKERFILE.replace(old, new, 1), files)
    assert part in problem


def test_this_repository_has_the_front_matter_and_dockerfile_of_a_space():
    readme, dockerfile = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "Dockerfile"))
    assert space.check_front_matter(readme, dockerfile) == []
    assert [problem for problem in space.check_dockerfile(dockerfile, {}) if "copies" not in problem] == []
