"""The layers of the design: imports point one way, and each library is known in one place only."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OURS = ("app", "model", "train", "assets", "benchmarks", "tests", "tools")
# The command line opens the page, so it stands above it.
ENTRY = ("app.__main__", "app.commands")
# Who may import whom. The page reaches the model through the editor.
ARROWS = {
    "model": {"model"},
    "app.photo": {"app.photo"},
    "app": {"app", "app.photo", "model"},
    "app.ui": {"app.ui", "app", "app.photo"},
    "entry": {"entry", "app.ui", "app", "app.photo", "model"},
    "train": {"model"},
}
# Who may import these; a list with nobody else on it keeps the photo work free of Keras and the model free of pages.
LIBRARIES = {
    "gradio": {"app.ui"},
    "keras": {"model", "train"},
    "tensorflow": {"model", "train"},
    "jax": {"model"},
    "torch": {"model"},
    "mtcnn": {"app.photo"},
    "cv2": {"app.photo"},
}


def layer_of(module: str) -> str:
    """The layer of one of our modules, or of a name in one: `app.ui.tabs.edit` -> `app.ui`."""
    if any(f"{module}.".startswith(f"{entry}.") for entry in ENTRY):
        return "entry"
    first, *rest = module.split(".")
    return f"app.{rest[0]}" if first == "app" and rest and rest[0] in ("ui", "photo") else first


def imports_of(source: str, module: str, package: bool = False) -> Iterator[str]:
    """Full names of everything that a module's source imports, anywhere in it, `import_module("...")` included.

    `from a import b` yields `a.b`: its layer is right whether b is a module or a name in one.
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = module.split(".")[: (1 if package else 0) - node.level or None]
                base = ".".join([*parents, *([base] if base else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
            yield from (a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str))


def wrong_imports(source: str, module: str, package: bool = False) -> list[str]:
    """The imports of a module that the design does not allow, each as one line."""
    layer = layer_of(module)
    found = []
    for name in imports_of(source, module, package):
        first = name.split(".")[0]
        if first in OURS and layer_of(name) not in ARROWS[layer]:
            found.append(f"{module} ({layer}) imports {name} ({layer_of(name)})")
        elif layer not in LIBRARIES.get(first, {layer}):
            found.append(f"{module} ({layer}) imports {name}; only {', '.join(sorted(LIBRARIES[first]))} may")
    return found


def our_modules() -> dict[str, Path]:
    """Every module of the app, the model and train.py, by its full name."""
    paths = [ROOT / "train.py", *ROOT.glob("app/**/*.py"), *ROOT.glob("model/**/*.py")]
    names = {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in paths}
    return dict(sorted(names.items()))


def test_imports_point_one_way():
    modules = our_modules()
    assert {"app.editor", "model.bundle", "train"} <= set(modules)
    wrong = [line for module, path in modules.items()
             for line in wrong_imports(path.read_text(encoding="utf-8"), module, path.name == "__init__.py")]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(("module", "source"), [
    ("model.vae", "from app.editor import FaceEditor"),
    ("model.vae", "import train"),
    ("app.photo.align", "from model.preprocessing import FACE_BOX"),
    ("app.photo.align", "from app import recipe"),
    ("app.photo.compose", "def warp():\n    import keras"),
    ("app.editor", "from app import ui"),
    ("app.editor", "from .ui.demo import serve"),
    ("app.editor", "from app.commands import edit"),
    ("app.editor", "import gradio as gr"),
    ("app.editor", "import importlib\nimportlib.import_module('gradio')"),
    ("app.ui.demo", "from model.bundle import load_bundle"),
    ("app.ui.demo", "import tensorflow as tf"),
    ("model.latents", "from tests.faces import draw_face"),
    ("train", "from app.photo import open_photo"),
])
def test_a_wrong_arrow_is_seen(module, source):
    assert len(wrong_imports(source, module)) == 1


@pytest.mark.parametrize(("module", "source"), [
    ("app.ui.demo", "import gradio\nfrom app.editor import FaceEditor\nfrom ..recipe import Recipe"),
    ("app.editor", "from app.photo import open_photo\nfrom model.latents import Latents\nfrom . import recipe"),
    ("app.commands", "def serve():\n    from app.ui.demo import serve"),
    ("app.photo.align", "from mtcnn import MTCNN\nfrom .open import open_photo"),
    ("train", "import keras\nfrom model.vae import VAE"),
])
def test_a_right_arrow_passes(module, source):
    assert wrong_imports(source, module) == []


def test_a_package_resolves_its_own_relative_imports():
    assert list(imports_of("from .open import open_photo", "app.photo", package=True)) == ["app.photo.open.open_photo"]
    assert list(imports_of("from . import open", "app.photo", package=True)) == ["app.photo.open"]
    assert list(imports_of("from ..recipe import Recipe", "app.ui.demo")) == ["app.recipe.Recipe"]


def test_every_picture_of_the_app_comes_through_one_opener():
    """Whatever reads picture files anywhere else would read what the opener refuses."""
    readers = ("Image.open", "imread", "imdecode", "imreadmulti", "fromqimage", "ImageFile.Parser")
    found = {module for module, path in our_modules().items() if module.startswith("app")
             for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
             if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(readers)}
    assert found == {"app.photo.open"}
