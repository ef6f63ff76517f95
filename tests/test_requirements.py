"""The requirements name what the repository imports, the locks hold them, and the README says what each is for."""

import ast
import json
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.test_layers import OURS, imports_of, our_modules

ROOT = Path(__file__).parent.parent
# Looked for and done without where they are not installed: the program says what they would add. JAX and PyTorch are
# imported where Keras runs on them.
OPTIONAL = {"atheris", "dlib", "jax", "torch"}
FILES = [f"requirements{kind}.{end}" for kind in ("", "-dev") for end in ("txt", "lock")]


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


@pytest.mark.parametrize("name", FILES)
def test_requirements_name_packages_and_no_place(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert not re.search(r"://|--(extra-)?index|--find-links|\s-[fie]\s| @ ", text)


def packages_named(name: str) -> set[str]:
    """The packages that a requirements file names, itself or by the files it names."""
    return {canonicalize_name(requirement.name) for requirement in requirements(name)}


def packages_missing(imports: set[str], named: set[str]) -> list[str]:
    """The imported modules that are neither ours, nor Python's, nor of a package that is named."""
    homes = packages_distributions()
    others = {name.split(".")[0] for name in imports} - set(OURS) - set(sys.stdlib_module_names)
    return sorted(name for name in others if not {canonicalize_name(home) for home in homes.get(name, [])} & named)


def sources() -> dict[str, str]:
    """The Python of every module and notebook, by path; a notebook's is that of its code cells."""
    folders = [ROOT / name for name in (*OURS, "notebooks") if name != "train"]
    found = {path: path.read_text(encoding="utf-8") for folder in folders for path in folder.rglob("*.py")}
    found[ROOT / "train.py"] = (ROOT / "train.py").read_text(encoding="utf-8")
    for path in ROOT.glob("notebooks/*.ipynb"):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        found[path] = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    return {str(path.relative_to(ROOT)): source for path, source in sorted(found.items())}


def test_everything_imported_is_required_by_name():
    named, missing, seen = packages_named("requirements-dev.txt"), [], set()
    for path, source in sources().items():
        imports = set(imports_of(source, path.removesuffix(".py").replace("/", "."), path.endswith("__init__.py")))
        seen |= imports
        missing += [f"{path} imports {name}" for name in packages_missing(imports, named) if name not in OPTIONAL]
    assert not missing, "requirements.txt or requirements-dev.txt must name it: " + "; ".join(missing)
    assert {"keras", "pytest", "playwright"} <= {name.split(".")[0] for name in seen}


def test_a_missing_package_is_seen():
    assert packages_missing({"keras.ops", "os.path", "model.vae", "nowhere.at_all"}, {"keras"}) == ["nowhere"]
    assert packages_missing({"PIL.Image", "numpy"}, {"numpy"}) == ["PIL"]


def imports_at_once(path: Path) -> set[str]:
    """Full names of what a module imports when it is imported itself: not inside its functions."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    tree.body = [node for node in tree.body if not isinstance(node, ast.FunctionDef | ast.ClassDef)]
    return set(imports_of(ast.unparse(tree), ".".join(path.relative_to(ROOT).with_suffix("").parts)))


def test_the_app_starts_with_what_the_run_time_requirements_name():
    named, modules = packages_named("requirements.txt"), our_modules()
    # What the app reaches: its own modules, the Hub (imported late, for hf:// addresses), and what these import.
    reached, waiting, missing = set(), {name for name in modules if name.startswith("app")} | {"model.hub"}, []
    while waiting:
        module = waiting.pop()
        reached.add(module)
        imports = imports_at_once(modules[module])
        waiting |= (imports | {name.rpartition(".")[0] for name in imports}) & set(modules) - reached
        missing += [f"{module} imports {name}" for name in packages_missing(imports, named)]
    assert {"model.bundle", "model.classifier"} <= reached
    assert not missing, "requirements.txt must name it: " + "; ".join(missing)


def test_the_readme_says_what_each_package_is_for():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    text = text[text.index("## What it needs") : text.index("## Limits")].lower()
    assert [name for name in sorted(packages_named("requirements-dev.txt")) if name not in text] == []
