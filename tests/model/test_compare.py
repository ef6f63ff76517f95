"""Bundles side by side: the table, the grids, and the command that writes both."""

import json

import numpy as np
import pytest
from PIL import Image

from model import compare as command
from model import disentanglement
from model.bundle import load_bundle
from model.compare import comparison_table, load_all
from model.data import CelebA
from model.grids import GAP, LABEL_HEIGHT, direction_grid, edit_grid, labelled_rows, morph_grid, samples_grid
from tests.faces import tiny_bundle

SIDE = 16


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    root = tmp_path_factory.mktemp("bundles")
    return [tiny_bundle(root / name, seed) for seed, name in enumerate(("first", "second"))]


@pytest.fixture(scope="module")
def bundles(paths):
    return load_all(paths)


def row(picture: Image.Image, i: int) -> np.ndarray:
    """The faces of row i, the name above them left out."""
    top = i * (SIDE + LABEL_HEIGHT) + LABEL_HEIGHT
    return np.asarray(picture)[top : top + SIDE]


def test_rows_hold_the_faces_they_are_given():
    black, white = np.zeros((2, SIDE, SIDE, 3)), np.ones((1, SIDE // 2, SIDE // 2, 3))
    picture = labelled_rows({"a": [black, white], "b": [black + 1, white * 0]})
    assert picture.size == (3 * SIDE + GAP, 2 * (SIDE + LABEL_HEIGHT))
    assert (row(picture, 0)[:, : 2 * SIDE] == 0).all() and (row(picture, 0)[:, 2 * SIDE :] == 255).all()
    assert (row(picture, 1)[:, 2 * SIDE + GAP :] == 0).all()
    assert (np.asarray(picture)[:LABEL_HEIGHT] < 128).any()  # the name is there


def test_samples_are_each_bundles_own(bundles):
    picture = samples_grid(bundles, faces=3, seed=5)
    for i, bundle in enumerate(bundles.values()):
        faces = np.concatenate(list(bundle.decode(bundle.sample(3, seed=5))), axis=1)
        assert row(picture, i) == pytest.approx(255 * faces, abs=0.51)
    normal = samples_grid(bundles, faces=3, seed=5, prior="normal")
    assert not np.array_equal(row(normal, 0), row(picture, 0))


def test_all_bundles_edit_the_faces_that_the_first_one_drew(bundles):
    picture = edit_grid(bundles, {"Smiling": 2.0}, faces=2, seed=1)
    first, second = bundles.values()
    drawn = first.decode(first.sample(2, seed=1))
    assert row(picture, 0)[:, :SIDE] == pytest.approx(255 * drawn[0], abs=0.51)
    z = second.encode(drawn)
    edited = second.decode(second.latents.edit(z, {"Smiling": 2.0}))
    assert row(picture, 2)[:, :SIDE] == pytest.approx(255 * second.decode(z)[0], abs=0.51)
    assert row(picture, 2)[:, SIDE : 2 * SIDE] == pytest.approx(255 * edited[0], abs=0.51)
    assert np.abs(edited - second.decode(z)).max() > 0.01


def test_a_kept_attribute_changes_the_edit(bundles):
    free, held = (edit_grid(bundles, {"Smiling": 2.0}, keep, faces=1) for keep in ((), ("Male",)))
    assert np.array_equal(row(free, 1)[:, :SIDE], row(held, 1)[:, :SIDE])
    assert not np.array_equal(row(free, 1)[:, SIDE:], row(held, 1)[:, SIDE:])


def test_the_vector_is_subtracted_and_added(bundles):
    picture = direction_grid(bundles, "Male", faces=1)
    bundle = bundles["first"]
    z = bundle.encode(bundle.decode(bundle.sample(1)))
    direction = bundle.latents.between_centroids[bundle.latents.names.index("Male")]
    for i, step in enumerate((-1, 0, 1)):
        face = bundle.decode((z + step * direction).astype(np.float32))[0]
        assert row(picture, 0)[:, i * SIDE : (i + 1) * SIDE] == pytest.approx(255 * face, abs=0.51)
    with pytest.raises(ValueError, match="Beauty"):
        direction_grid(bundles, "Beauty")


def test_a_morph_begins_and_ends_with_its_faces(bundles):
    picture, bundle = morph_grid(bundles, steps=5), bundles["first"]
    ends = bundle.decode(bundle.encode(bundle.decode(bundle.sample(2))))
    assert row(picture, 0)[:, :SIDE] == pytest.approx(255 * ends[0], abs=0.51)
    assert row(picture, 0)[:, -SIDE:] == pytest.approx(255 * ends[1], abs=0.51)
    assert picture.width == 5 * SIDE


def test_the_table_has_a_column_each():
    table = comparison_table({"low": {"kl": 300.0, "beta": 6e-5, "sap": 0.0123}, "high": {"kl": 12.34}})
    assert table.splitlines() == [
        "| | low | high |",
        "|---|---|---|",
        "| beta in training | 6e-05 | - |",
        "| KL divergence | 300.0 nats | 12.3 nats |",
        "| disentanglement (SAP; Kumar et al. 2018) | 0.0123 | - |",
    ]


def test_the_command(paths, folder, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(disentanglement, "FEWEST", 5)  # 38 faces have labels
    out = tmp_path / "out"
    options = ["--data", str(folder), "--cache", str(folder / "cache"), "--faces", "8", "--edit-faces", "1"]
    assert command.main([*paths, *options, "--out", str(out), "--set", "Young=-1", "--keep", "Male"]) == 0
    text, measures = (out / "comparison.md").read_text(), json.loads((out / "measures.json").read_text())
    assert "| | first | second |" in text and "Young -1, Male kept" in text
    assert capsys.readouterr().out.splitlines()[0] == "8 faces of valid, one judge, seed 0"
    assert list(measures) == ["first", "second"]
    for result in measures.values():
        # A tiny encoder may use one dimension alone; an unused one scores 0, so the gap can pass a half.
        assert 0 < result["sap"] <= 1 and f" {result['sap']:.4f} |" in text
        assert 0 <= result["active_dimensions"] <= 4 and result["kl"] > 0
    assert measures["first"]["sap"] != measures["second"]["sap"]
    pictures = sorted(path.name for path in out.glob("*.png"))
    assert pictures == ["edits.png", "morph.png", "samples-normal.png", "samples.png", "vector.png"]
    assert all(f"({name})" in text for name in pictures)


def test_one_judge_judges_all(paths, folder):
    """The second bundle by the first one's classifier, not by its own."""
    data, (first, second) = CelebA(folder, cache=folder / "cache"), map(load_bundle, paths)
    results = [command.measure(second, data, judge=command.Judge(judge.classifier), faces=8, edit_faces=1)
               for judge in (first, second)]  # fmt: skip
    assert results[0]["attribute_agreement"] != results[1]["attribute_agreement"]
    assert results[0]["psnr_16"] == results[1]["psnr_16"] and results[0]["bundle"] == second.hash
    assert "sap" not in results[0]  # too few labels


def test_mistakes_are_one_line(paths, folder, tmp_path, capsys):
    options = ["--data", str(folder), "--cache", str(folder / "cache"), "--out", str(tmp_path / "out")]
    for given, word in (
        ([paths[0]], "two or more"),
        ([paths[0], paths[0]], "given twice"),
        ([paths[0], str(tmp_path / "none")], "none"),
        ([*paths, "--set", "Smiling"], "NAME=STRENGTH"),
        ([*paths, "--set", "Smilng=1"], "did you mean Smiling"),
        ([*paths, "--split", "test"], "no faces in the test split"),
    ):
        assert command.main([*given, *options]) == 1
        error = capsys.readouterr().err.strip().removeprefix("measuring first\n")
        assert word in error and "\n" not in error


def test_names(paths, tmp_path):
    assert list(load_all(paths)) == ["first", "second"]
    twin = tiny_bundle(tmp_path / "first")
    assert list(load_all([paths[0], twin])) == [paths[0], twin]
