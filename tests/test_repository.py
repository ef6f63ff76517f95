"""What may be in the repository: small files, short modules, no photographs, requirements that fit their locks."""

import re
import subprocess
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

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


def requirements(name: str) -> list[Requirement]:
    """The requirements of a file, those of the files it names included."""
    found = []
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        line = line.split("#")[0].strip()
        if line.startswith("-r "):
            found += requirements(line[3:].strip())
        elif line:
            found.append(Requirement(line))
    return found


@pytest.mark.parametrize("kind", ["requirements", "requirements-dev"])
def test_the_lock_holds_what_is_required(kind):
    pinned = {}
    for requirement in requirements(f"{kind}.lock"):
        assert re.fullmatch(r"==[\w.]+", str(requirement.specifier)), requirement
        pinned[canonicalize_name(requirement.name)] = requirement
    for requirement in requirements(f"{kind}.txt"):
        pin = pinned[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(str(pin.specifier)[2:]), (requirement, pin)
        assert str(requirement.marker) == str(pin.marker), (requirement, pin)


def test_the_development_lock_only_adds_to_the_other():
    run, dev = ({str(r) for r in requirements(name)} for name in ("requirements.lock", "requirements-dev.lock"))
    assert run <= dev


@pytest.mark.parametrize("name", [f"requirements{kind}.{end}" for kind in ("", "-dev") for end in ("txt", "lock")])
def test_requirements_name_packages_and_no_place(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert not re.search(r"://|--(extra-)?index|--find-links|\s-[fie]\s| @ ", text)
