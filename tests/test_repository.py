"""What may be in the repository: small files, short modules, no photographs."""

import subprocess
from pathlib import Path

import pytest

from tools.space import MAX_FILE_BYTES, PICTURE_FOLDERS, PICTURES

ROOT = Path(__file__).parent.parent
MAX_LINES = 260
MAX_TEST_LINES = 300


@pytest.fixture(scope="module")
def tracked() -> list[str]:
    """What git tracks, or would if it were added."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listing = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                             cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [name for name in listing.split("\0") if name and (ROOT / name).is_file()]


def test_no_file_is_too_large_for_a_space(tracked):
    assert [name for name in tracked if (ROOT / name).stat().st_size > MAX_FILE_BYTES] == []


def test_pictures_are_only_where_the_model_draws_them(tracked):
    pictures = [name for name in tracked if name.lower().endswith(PICTURES)]
    assert [name for name in pictures if not name.startswith(PICTURE_FOLDERS)] == []


def test_no_module_is_long(tracked):
    code = [name for name in tracked if name.endswith(".py")]
    lengths = {name: len((ROOT / name).read_text(encoding="utf-8").splitlines()) for name in code}
    limits = {name: MAX_TEST_LINES if name.startswith("tests/") else MAX_LINES for name in code}
    assert {name: lines for name, lines in lengths.items() if lines > limits[name]} == {}
