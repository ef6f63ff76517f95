"""What is installed may be used and passed on: every package that the locks name has a licence that lets us."""

import re
from importlib.metadata import PackageNotFoundError, distribution

import pytest
from packaging.utils import canonicalize_name

from tests.test_requirements import ROOT, requirements

# Without a duty to publish what is built with them. MPL asks that of its own files only, and nobody changes those.
ALLOWED = re.compile(r"(MIT|BSD|Apache|ISC|PSF|Python Software Foundation|Zlib|CC0|MPL|Mozilla)\b", re.IGNORECASE)
# What the wheels of these hold besides is under GPL and LGPL, which only a file deep inside says; the README does too.
MORE_INSIDE = ("imageio-ffmpeg", "pillow-heif")
SILENT = {"namex": "Apache-2.0"}  # packages that do not say it of themselves, from their repositories


def licence_of(name: str) -> str:
    """As a package states it: its expression, else its classifiers, else the first line of its text."""
    data = distribution(name).metadata
    classifiers = [one for one in data.get_all("Classifier") or [] if one.startswith("License")]
    stated = " AND ".join(one.rpartition("::")[2].strip() for one in classifiers)
    stated = data.get("License-Expression") or stated or (data.get("License") or "").partition("\n")[0]
    return stated or SILENT.get(name, "")


def parts_not_allowed(licence: str) -> list[str]:
    """The parts of an expression that are not on the list; of alternatives one is enough."""
    parts = re.split(r"\bAND\b", licence.replace("(", "").replace(")", ""))
    return [part.strip() or "nothing" for part in parts
            if not any(ALLOWED.search(one) and "GPL" not in one for one in re.split(r"\bOR\b", part))]


def test_every_package_may_be_used():
    odd = {}
    for requirement in requirements("requirements-dev.lock"):
        if requirement.marker and not requirement.marker.evaluate():
            continue
        try:
            odd[requirement.name] = parts_not_allowed(licence_of(requirement.name))
        except PackageNotFoundError:  # a lock that changed; `make setup` installs it
            pytest.fail(f"{requirement.name} is in requirements-dev.lock and not installed")
    assert len(odd) > 100
    assert {name: parts for name, parts in odd.items() if parts} == {}


def test_the_readme_says_which_wheels_hold_more_than_they_state():
    security = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Security")[2].partition("\n## ")[0]
    named = {canonicalize_name(requirement.name) for requirement in requirements("requirements.lock")}
    assert [name for name in MORE_INSIDE if name in named and f"`{name}`" not in security] == []


@pytest.mark.parametrize(("licence", "odd"), [
    ("MIT", []), ("Apache-2.0 OR BSD-2-Clause", []), ("MPL-2.0 AND (Apache-2.0 OR MIT)", []),
    ("3-Clause BSD License", []), ("LGPL-2.1", ["LGPL-2.1"]),
    ("GPL-3.0-only", ["GPL-3.0-only"]), ("MIT AND AGPL-3.0", ["AGPL-3.0"]), ("GPL-2.0 OR MIT", []), ("", ["nothing"]),
])
def test_expressions_are_read(licence, odd):
    assert parts_not_allowed(licence) == odd
