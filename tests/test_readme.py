"""The README does what it says: its commands and snippets run against a tiny bundle; its tree and links are read."""

import importlib
import re
import shlex
from pathlib import Path

import pytest
from PIL import Image

from app.__main__ import DEFAULT_BUNDLE, build_parser
from app.__main__ import main as facet

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
ADDRESS = "http://localhost:7860"  # what the snippets call; a server of the test's own answers in its place


def blocks(language: str) -> list[str]:
    """The fenced blocks of a language, in their order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


def commands(program: str) -> list[str]:
    """The shell lines that begin with a program, without their comments."""
    lines = [shlex.join(shlex.split(line, comments=True)) for block in blocks("bash") for line in block.splitlines()]
    return [line for line in lines if line.startswith(program)]


PYTHON = blocks("python")
APP = commands("python -m app")


@pytest.fixture(scope="module")
def workshop(tmp_path_factory) -> Path:
    """A folder with what the README's lines name: checkpoints/default (tiny), me.jpg, you.jpg, aligned.jpg."""
    from skimage.data import astronaut  # a real face that belongs to everybody

    from tests.faces import tiny_bundle

    folder = tmp_path_factory.mktemp("readme")
    tiny_bundle(folder / "checkpoints" / "default")
    (folder / "checkpoints" / "mine").symlink_to("default")
    photo = Image.fromarray(astronaut())
    photo.save(folder / "me.jpg")
    photo.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(folder / "you.jpg")
    photo.crop((135, 20, 313, 238)).save(folder / "aligned.jpg")
    return folder


@pytest.fixture(scope="module")
def bundle(workshop):
    from model.bundle import load_bundle

    return load_bundle(workshop / "checkpoints" / "default")


@pytest.fixture
def inside(workshop, bundle, monkeypatch) -> Path:
    """The workshop as the working folder; the editor takes the bundle that is loaded already."""
    monkeypatch.chdir(workshop)
    monkeypatch.setattr("app.editor.load_bundle", lambda source: bundle)
    return workshop


@pytest.mark.parametrize("line", APP)
def test_a_command_line_works(line, inside):
    arguments = shlex.split(line)[3:]
    options = build_parser().parse_args(arguments)
    if options.command == "serve":  # never ends; the tests of the page start it
        assert options.bundle == DEFAULT_BUNDLE or Path(options.bundle).is_dir()
        return
    if options.output is not None:
        options.output.unlink(missing_ok=True)
    assert facet(arguments) == 0
    assert options.output is None or options.output.stat().st_size > 0


def test_the_snippets_run_in_their_order(inside):
    names: dict = {}
    for source in PYTHON:
        if ADDRESS not in source:
            exec(compile(source, "README.md", "exec"), names)  # noqa: S102
    assert len(names["frames"]) == 12
    assert names["readings"].shape == (1, 40)
    assert len(names["faces"]) == 4
    for name in ("smiling.png", "seen.png", "nobody.png"):
        Image.open(name).verify()


@pytest.mark.browser
def test_the_http_snippets_run_against_a_server(inside, capsys, monkeypatch, tmp_path):
    from benchmarks.server import running_server

    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "gradio"))
    with running_server(str(inside / "checkpoints" / "default")) as (address, _):
        for source in PYTHON:
            if ADDRESS in source:
                exec(compile(source.replace(ADDRESS, address), "README.md", "exec"), {})  # noqa: S102
        assert list((tmp_path / "gradio").rglob("*.*"))
    assert "score" in capsys.readouterr().out
    left = [path for path in (tmp_path / "gradio").rglob("*") if path.is_file() or path.name.startswith("facet-")]
    assert left == []  # a server that is told to end leaves no photo behind


@pytest.mark.parametrize("line", commands("make"))
def test_a_make_target_exists(line):
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert shlex.split(line)[1] in targets


@pytest.mark.parametrize("line", commands("python train.py"))
def test_a_training_line_parses(line):
    import train

    options, *_ = train.parse(shlex.split(line)[2:])
    assert options.data
    assert options.out


@pytest.mark.parametrize(("program", "arguments"), [("model.evaluate", ["--help"]), ("model.hub", ["push", "--help"]),
                                                    ("model.hub", ["pull", "--help"])])
def test_the_options_of_a_command_exist(program, arguments, capsys):
    lines = [line for line in commands(f"python -m {program}") if arguments[0] in ("--help", line.split()[3])]
    with pytest.raises(SystemExit):
        importlib.import_module(program).main(arguments)
    shown = capsys.readouterr().out
    assert lines
    assert [option for line in lines for option in re.findall(r"--[a-z-]+", line) if option not in shown] == []


def test_every_shell_line_is_one_that_a_test_knows():
    known = ("python -m app", "python train.py", "python -m model.evaluate", "python -m model.hub", "make ", "docker ")
    assert [line for line in commands("") if line and not line.startswith(known)] == []


def tree() -> list[str]:
    """The paths in the README's tree, folders with their slash."""
    (block,) = re.findall(r"^### Where things are\n\n```\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    paths, folders = [], {0: ""}
    for line in block.splitlines():
        indent = len(line) - len(line.lstrip())
        name, *comment = line.split(maxsplit=1)
        assert comment, f"{name} has no comment"
        path = folders[indent] + name
        paths.append(path)
        if name.endswith("/"):
            folders[indent + 2] = path
    return paths


def test_the_tree_shows_every_source_file_and_nothing_that_is_not_there():
    shown = tree()
    assert [path for path in shown if not (ROOT / path).exists()] == []
    sources = [path for folder in ("app", "model", "assets", "benchmarks") for path in ROOT.glob(f"{folder}/**/*")
               if path.suffix in (".py", ".js", ".css", ".svg")]
    names = {path.relative_to(ROOT).as_posix() for path in sources if path.name != "__init__.py"}
    assert names - set(shown) == set()


def test_the_links_lead_somewhere():
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert len(links) > 3
    assert [link for link in links if "://" not in link and not (ROOT / link).exists()] == []


def test_the_first_screen_has_the_two_commands():
    first = README.split("## ")[0]
    assert "make run" in first
    assert "make test" in first


def test_the_dependencies_are_justified_one_by_one():
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    packages = {re.split(r"[~<>=; ]", line)[0] for line in lines if line and not line.startswith("#")}
    table = re.search(r"^\| package \|.*?\n\n", README, re.DOTALL | re.MULTILINE)[0]
    assert [package for package in packages if not re.search(rf"\b{package}\b", table)] == []
