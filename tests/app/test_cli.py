"""The command line: every tool leaves its file, every mistake is one line on stderr."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image

import app.commands
import app.editor
from app.__main__ import main
from app.editor import FaceEditor
from app.limits import MOST_FRAMES, MOST_SAMPLES
from app.recipe import Recipe
from tests.app.fakes import FakeBundle, faces_at, photo_of_faces
from tests.faces import tiny_bundle


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a photo of two faces, beside a bundle folder that is only looked at, never loaded."""
    photo, matrices = photo_of_faces()
    photo.save(tmp_path / "photo.png")
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle" / "config.json").write_text("{}")
    for module in (app.editor, app.commands):
        monkeypatch.setattr(module, "find_faces", lambda photo: faces_at(photo, matrices))
    monkeypatch.setattr(FaceEditor, "load", classmethod(lambda cls, source: cls(FakeBundle())))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(line: str) -> int:
    return main([*line.split(), "--bundle", "bundle"])


def opened(path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB"), np.int16)


def test_edit_without_a_set_gives_the_photo_back(folder):
    assert run("edit photo.png -o out.png") == 0
    assert np.array_equal(opened("out.png"), opened("photo.png"))


def test_a_bundle_whose_replacement_was_killed_half_way_is_found(folder):
    Path("bundle").rename(".bundle.replaced")
    assert run("edit photo.png -o out.png") == 0


def test_edit_gives_what_the_editor_gives(folder, capsys):
    assert run("edit photo.png --set Smiling=1 --set Male=-0.5 --keep Young --detail 0.9 --face 1 -o out.png") == 0
    expected = FaceEditor(FakeBundle()).edit("photo.png", {"Smiling": 1, "Male": -0.5}, ("Young",), 0.9, face=1)
    assert np.array_equal(opened("out.png"), np.asarray(expected, np.int16))
    assert capsys.readouterr() == ("", "")


def test_a_recipe_file_and_the_same_options_give_the_same_pixels(folder, monkeypatch):
    recipe = Recipe(set={"Smiling": 1.0}, keep=("Young",), face=1)
    Path("recipe.json").write_text(recipe.to_json())
    assert run("edit photo.png --set Smiling=1 --keep Young --face 1 -o a.png") == 0
    assert run("edit photo.png --recipe recipe.json -o b.png") == 0
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(recipe.replace(face=0).to_json().encode())))
    assert run("edit photo.png --recipe - --face 1 -o c.png") == 0  # an option goes over the recipe
    assert np.array_equal(opened("a.png"), opened("b.png"))
    assert np.array_equal(opened("a.png"), opened("c.png"))


def test_a_list_of_recipes_edits_several_faces(folder, capsys):
    Path("recipes.json").write_text('[{"set": {"Smiling": 1}}, {"set": {"Male": 1}, "face": 1}]')
    assert run("edit photo.png --recipe recipes.json --receipt -o out.png") == 0
    change = np.abs(opened("out.png") - opened("photo.png"))
    assert change[:, :500].max() > 0 and change[:, 500:].max() > 0
    assert [receipt["recipe"]["face"] for receipt in json.loads(capsys.readouterr().out)] == [0, 1]


def test_the_receipt_is_json_with_the_recipe_that_repeats_it(folder, capsys):
    assert run("edit photo.png --set Smiling=1 --receipt -o a.png") == 0
    receipt = json.loads(capsys.readouterr().out)
    assert receipt["asked"] == {"Smiling": 1.0} and set(receipt["achieved"]) == {"Smiling"}
    Path("recipe.json").write_text(json.dumps(receipt["recipe"]))
    assert run("edit photo.png --recipe recipe.json -o b.png") == 0
    assert np.array_equal(opened("a.png"), opened("b.png"))


def test_a_drawn_face_is_edited_without_a_photo(folder):
    assert run("sample --count 5 --seed 3 -o faces.webp") == 0
    assert Image.open("faces.webp").size == (3 * 16, 2 * 16)
    assert run("sample --count 1 --seed 4 -o four.png") == 0
    assert run("edit --seed 4 -o same.png") == 0
    assert run("edit --seed 4 --set Smiling=1 -o edited.png") == 0
    assert np.array_equal(opened("four.png"), opened("same.png"))
    assert not np.array_equal(opened("four.png"), opened("edited.png"))


def test_reconstruct_writes_the_models_square_and_faces_writes_json(folder, capsys):
    assert run("reconstruct photo.png --face 1 -o out.jpg") == 0
    assert Image.open("out.jpg").size == (16, 16)
    assert run("faces photo.png") == 0
    found = json.loads(capsys.readouterr().out)
    assert [face["face"] for face in found] == [0, 1] and found[0]["box"] == [40, 124, 396, 480]
    assert run("faces photo.png -o faces.json") == 0
    assert json.loads(Path("faces.json").read_text()) == found


@pytest.mark.parametrize("suffix", ["gif", "webp", "mp4"])
def test_morphs_and_animations_in_every_format(folder, suffix):
    assert run(f"morph photo.png seed:3 --frames 4 --fps 10 -o morph.{suffix}") == 0
    assert run(f"animate photo.png --set Smiling=1 --frames 4 --no-boomerang -o animation.{suffix}") == 0
    for name in ("morph", "animation"):
        head = Path(f"{name}.{suffix}").read_bytes()[:12]
        assert head.startswith(b"GIF8") or head[8:12] == b"WEBP" or head[4:8] == b"ftyp"


def test_results_carry_nothing_of_the_photos_metadata(folder):
    exif = Image.Exif()
    exif[0x010E] = "a secret description"
    Image.open("photo.png").save("tagged.jpg", exif=exif, comment=b"a secret comment", quality=95)
    for suffix in ("png", "jpg", "webp"):
        assert run(f"edit tagged.jpg -o out.{suffix}") == 0
        assert b"secret" not in Path(f"out.{suffix}").read_bytes()


MISTAKES = [
    ("edit photo.png --set Smilling=1 -o out.png", 1, "did you mean Smiling"),
    ("edit photo.png --keep yung -o out.png", 1, "did you mean Young"),
    ("edit photo.png --set Smiling -o out.png", 1, "NAME=STRENGTH"),
    ("edit photo.png --set Smiling=lots -o out.png", 1, "must be a number, not 'lots'"),
    ("edit photo.png --set Smiling=3 -o out.png", 1, "from -2 to 2"),
    ("edit photo.png --detail 2 -o out.png", 1, "from 0 to 1"),
    ("edit photo.png --face 7 -o out.png", 1, "2 faces, numbered 0 to 1"),
    ("edit photo.png --seed 3 -o out.png", 1, "not both"),
    ("edit -o out.png", 1, "Give a photo, or --seed"),
    ("edit --seed -1 -o out.png", 1, "The seed"),
    ("edit missing.png -o out.png", 1, "missing.png"),
    ("edit bundle -o out.png", 1, "bundle"),
    ("edit notes.txt -o out.png", 1, "notes.txt"),
    ("edit photo.png -o out.xyz", 1, "end it with .png"),
    ("edit photo.png -o nowhere/out.png", 1, "no folder nowhere"),
    ("edit photo.png -o folder.png", 1, "is a folder"),
    ("edit photo.png --recipe missing.json -o out.png", 1, "missing.json"),
    ("edit photo.png --recipe notes.txt -o out.png", 1, "not a recipe"),
    ("edit photo.png --recipe two.json --set Smiling=1 -o out.png", 1, "ambiguous"),
    ("animate photo.png -o out.gif", 1, "needs one recipe that moves something"),
    ("animate photo.png --set Smiling=1 -o out.png", 1, "end it with .gif"),
    ("morph photo.png -o out.gif", 1, "two photos or more"),
    ("morph photo.png seed:x -o out.gif", 1, "Seed must be a whole number"),
    ("sample --temperature 9 -o out.png", 1, "Temperature"),
    (f"sample --count {MOST_SAMPLES + 1} -o out.png", 2, f"from 1 to {MOST_SAMPLES}"),
    (f"morph photo.png photo.png --frames {MOST_FRAMES + 1} -o out.gif", 2, f"from 2 to {MOST_FRAMES}"),
    ("morph photo.png photo.png --hold 11 -o out.gif", 2, "from 0 to 10 seconds"),
    ("morph photo.png photo.png --fps x -o out.gif", 2, "whole number"),
    ("edit photo.png", 2, "-o"),
    ("edit photo.png --sett Smiling=1 -o out.png", 2, "--sett"),
    ("editt photo.png", 2, "editt"),
    ("--port 99999", 2, "65535"),
]


@pytest.mark.parametrize(("line", "status", "part"), MISTAKES, ids=[line for line, _, _ in MISTAKES])
def test_a_mistake_is_one_line(folder, capsys, line, status, part):
    Path("notes.txt").write_text("no picture")
    Path("two.json").write_text('[{}, {"face": 1}]')
    Path("folder.png").mkdir()
    try:
        ended = run(line)
    except SystemExit as leaving:  # argparse
        ended = leaving.code
    out, err = capsys.readouterr()
    assert ended == status and out == ""
    assert err.startswith("facet: ") and err.count("\n") == 1 and part in err
    assert not Path("out.png").exists() and not Path("out.gif").exists()


def test_a_missing_bundle_and_a_photo_without_a_face(folder, capsys, monkeypatch):
    assert main(["edit", "photo.png", "-o", "out.png", "--bundle", "nothing"]) == 1
    assert "no model in nothing" in capsys.readouterr().err
    monkeypatch.setattr(app.editor, "find_faces", lambda photo: [])
    assert run("edit photo.png --set Smiling=1 -o out.png") == 1
    assert "No face was found" in capsys.readouterr().err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_an_unwritable_folder(folder, capsys):
    Path("locked").mkdir(mode=0o500)
    assert run("edit photo.png -o locked/out.png") == 1
    assert "cannot be written" in capsys.readouterr().err


def test_mistakes_are_found_before_the_slow_imports(folder):
    script = ("import sys; from app.__main__ import main; status = main(sys.argv[1:]); "
              "print(status, [name for name in ('tensorflow', 'keras', 'gradio') if name in sys.modules])")
    ended = subprocess.run([sys.executable, "-c", script, "edit", "notes.txt", "--set", "Smiling=1", "-o", "out.png",
                            "--bundle", "bundle"], capture_output=True, text=True, check=True,
                           env={**os.environ, "PYTHONPATH": str(Path(app.editor.__file__).parent.parent)})
    assert ended.stdout == "1 []\n" and "notes.txt" in ended.stderr


def test_the_real_thing_on_a_real_face(tmp_path, capsys):
    """No fakes: detector, bundle and photo work; the model is tiny and knows nothing."""
    bundle = tiny_bundle(tmp_path / "bundle")
    photo, out = str(tmp_path / "astronaut.png"), str(tmp_path / "out.png")
    Image.fromarray(skimage.data.astronaut()).save(photo)
    assert main(["edit", photo, "-o", out, "--bundle", bundle]) == 0
    assert np.array_equal(opened(out), opened(photo))
    line = f"edit {photo} --set Smiling=2 --keep Young --receipt -o {out} --bundle {bundle}"
    assert main(line.split()) == 0
    change = np.abs(opened(out) - opened(photo)).max(axis=2)
    assert change[60:200, 160:280].max() > 0  # her face
    assert change[:, :100].max() == 0 and change[300:].max() == 0
    assert json.loads(capsys.readouterr().out)["asked"] == {"Smiling": 2.0}
