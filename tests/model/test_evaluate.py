"""The whole evaluation of a tiny bundle on drawn faces, and its command line."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from model import evaluate as command
from model.bundle import load_bundle
from model.config import ModelConfig
from model.data import ATTRIBUTES, CelebA
from model.evaluate import Judge, evaluate
from model.preprocessing import to_float
from model.report import COLUMNS, ROWS, measures_table
from tests.faces import tiny_bundle

VALID = 50  # of the drawn faces of conftest.py


@pytest.fixture(scope="module")
def data(folder):
    return CelebA(folder, cache=folder / "cache")


@pytest.fixture(scope="module")
def result(bundle, data):
    return evaluate(bundle, data, edit_faces=2)


def test_every_measure_is_there_and_json_takes_it(result):
    at_this_size = {name.replace("_64", "_16") for name, _, _ in ROWS if not name.endswith("_128")}
    at_this_size.remove("separation_blurred")  # 16 pixels have no detail to blur
    assert at_this_size <= set(result)
    assert json.loads(json.dumps(result, allow_nan=False)) == result
    assert result["faces"] == VALID and result["split"] == "valid"
    assert set(result["by_attribute"]) == {key for key, _ in COLUMNS} | {"classifier_logit_gap"}
    assert set(result["by_attribute"]["classifier_accuracy"]) == set(ATTRIBUTES)


def test_measures_are_in_their_ranges(result):
    for name in ("attribute_agreement", "edit_success", "edit_others_flipped", "separation", "classifier_auc"):
        assert 0 <= result[name] <= 1, name
    for name in ("frechet_reconstruction", "frechet_fitted", "frechet_normal", "frechet_training", "kl", "decode_ms",
                 "sharpness_16"):  # fmt: skip
        assert result[name] > 0, name
    assert 0 <= result["active_dimensions"] <= 4
    # Patches of random colours are a worse likeness than the two halves of the photos are of each other.
    assert result["frechet_reconstruction"] > result["frechet_photos"]


def test_the_same_seed_measures_the_same(result, bundle, data):
    again = evaluate(bundle, data, edit_faces=2)
    assert {k: v for k, v in again.items() if k != "decode_ms"} == {k: v for k, v in result.items() if k != "decode_ms"}


def test_another_judge_changes_what_is_judged_and_nothing_else(result, data, bundle, tmp_path):
    judge = Judge(load_bundle(tiny_bundle(tmp_path / "judge", seed=1)).classifier)
    other = evaluate(bundle, data, edit_faces=2, judge=judge)
    assert other["psnr_16"] == result["psnr_16"] and other["kl"] == result["kl"]
    assert other["attribute_agreement"] != result["attribute_agreement"]
    assert other["frechet_fitted"] != result["frechet_fitted"]


def test_a_perfect_model_is_measured_as_one(bundle, data):
    """An autoencoder that returns its input: the measures' fixed points."""

    class Copy:
        config, latents, classifier, sample = bundle.config, bundle.latents, bundle.classifier, bundle.sample

        def encoder(self, x, training):
            return x.reshape(len(x), -1), np.zeros((len(x), x[0].size), np.float32)

        def decode(self, z):
            return z.reshape(-1, 16, 16, 3) if z.shape[1] > 4 else bundle.decode(z)

    seen = command._measure(Copy(), Judge(bundle.classifier), data.images(16), data.rows("valid"))
    measures = command._reconstruction(seen, data.sharp[data.rows("valid")], 16)
    assert measures == pytest.approx({"psnr_16": 100, "ssim_16": 1, "sharpness_16": 1, "high_band_16": 1,
                                      "lattice": 1})  # fmt: skip
    assert np.array_equal(seen["logits"], seen["logits_hat"])


def test_a_handful_of_faces_is_measured_without_their_distribution(bundle, data, result):
    few = evaluate(bundle, data, faces=5, edit_faces=1)
    assert few["faces"] == 5 and "psnr_16" in few and "edit_success" in few
    assert set(result) - set(few) == {name for name in result if name.startswith("frechet")} | {"separation"}


def test_codes_that_show_blur_are_told_apart():
    """An encoder that reads nothing but how fine a picture is, and one that sees only its colour."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (80, 128, 128, 3), np.uint8)

    def found(encode):
        bundle = SimpleNamespace(config=ModelConfig(), encode=encode)
        return command._blurred_codes(bundle, images, np.arange(80), encode(to_float(images)))["separation_blurred"]

    assert found(lambda x: np.abs(np.diff(x, axis=1)).mean(axis=(1, 2))) > 0.99
    assert 0.3 < found(lambda x: x.mean(axis=(1, 2))) < 0.7
    few = SimpleNamespace(config=ModelConfig(), encode=None)
    assert command._blurred_codes(few, images, np.arange(10), None) == {}


def test_the_judge_resizes(bundle):
    flat = np.full((3, 64, 64, 3), 0.4, np.float32)
    features, logits = Judge(bundle.classifier)(flat)
    assert features.shape == (3, 8) and logits.shape == (3, 40)
    assert logits == pytest.approx(bundle.classify_logits(flat[:, :16, :16]), abs=1e-3)


def test_the_command(path, folder, tmp_path, capsys):
    file = tmp_path / "measures.json"
    options = ["--bundle", path, "--data", str(folder), "--cache", str(folder / "cache"), "--edit-faces", "1"]
    assert command.main([*options, "--json", str(file), "--judge", path]) == 0
    printed = capsys.readouterr().out
    measures = json.loads(file.read_text())
    assert measures["bundle"] == measures["judge"] == load_bundle(path).hash
    assert "edit success at ±2, all others kept" in printed and "Wearing_Necktie" in printed
    assert f"{measures['attribute_agreement']:.4f}" in printed


def test_mistakes_are_one_line(path, folder, tmp_path, capsys):
    options = ["--cache", str(folder / "cache")]
    for bundle_path, data_path, split, word in (
        (str(tmp_path / "none"), str(folder), "valid", "none"),
        (path, str(tmp_path / "nowhere"), "valid", "nowhere"),
        (path, str(folder), "test", "no faces in the test split"),
    ):
        assert command.main(["--bundle", bundle_path, "--data", data_path, "--split", split, *options]) == 1
        error = capsys.readouterr().err.strip()
        assert word in error and "\n" not in error


def test_the_table_leaves_out_what_is_not_known():
    text = measures_table({"kl": 12.345, "by_attribute": {"classifier_auc": {"Bald": 0.91}}})
    assert text.splitlines()[0] == "KL divergence  12.3 nats"
    line = next(line for line in text.splitlines() if "Bald" in line)
    assert line.split() == ["Bald", "-", "-", "0.910", "-", "-", "-", "-"]
