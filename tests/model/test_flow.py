"""The flow learns where the faces are, crowds with a hole between them, and stays N(0, I) where it may not train."""

import time

import keras
import numpy as np
import pytest

from model import flow
from model.bundle import load_bundle
from model.flow import fit_flow, fit_reencoding, matched, posteriors
from model.prior import NormalPrior
from tests.faces import tiny_bundle

D = 4


@pytest.fixture(scope="module")
def two_crowds():
    """Whitened codes in two crowds with nothing between them, and the noise of their posteriors."""
    rng = np.random.default_rng(0)
    z = rng.normal(size=(2000, D))
    z[:, 0] = np.where(rng.random(2000) < 0.25, 1.7, -0.57) + 0.1 * rng.normal(size=2000)
    return z.astype(np.float32), np.full((2000, D), 2 * np.log(0.1), np.float32)


@pytest.fixture(scope="module")
def trained(two_crowds):
    return fit_flow(*two_crowds, width=32, blocks=1, epochs=80, minutes=None)


def test_it_learns_the_crowds(trained):
    z = trained.sample(2000, seed=2)
    assert ((z[:, 0] > 0) & (z[:, 0] < 1.2)).mean() < 0.08  # two fifths of N(0, 1) lie in this hole
    assert (z[:, 0] > 0.5).mean() == pytest.approx(0.25, abs=0.04)
    np.testing.assert_allclose(np.cov(z[:, 1:].T), np.eye(D - 1), atol=0.15)


def test_it_draws_no_training_face_again(trained, two_crowds):
    z = trained.sample(300, seed=1)
    nearest = np.sqrt(((z[:, None] - two_crowds[0][None]) ** 2).sum(axis=-1)).min(axis=1)
    assert np.median(nearest) > 0.1  # a code of the posterior's own width away


def test_mean_and_variance_are_those_of_the_faces_however_short_the_training():
    rng = np.random.default_rng(0)
    z_mean = (rng.normal(size=(3000, D)) * [1, 0.5, 2, 1] + [0, 0.3, 0, 0]).astype(np.float32)
    prior = fit_flow(z_mean, np.full((3000, D), np.log(0.25)), width=8, blocks=1, epochs=2, minutes=None)
    z = prior.sample(4000, seed=8)
    np.testing.assert_allclose(z.mean(axis=0), [0, 0.3, 0, 0], atol=0.12)
    np.testing.assert_allclose(z.var(axis=0), [1.25, 0.5, 4.25, 1.25], rtol=0.12)


def test_codes_that_are_encoded_again_vary_as_the_mean_codes_of_faces(trained, two_crowds):
    """Whatever encoding does to all of them alike."""

    def reencode(z):
        return 5 * z + 7

    z = fit_reencoding(trained, reencode, 2 * two_crowds[0] + 1).sample(2000, seed=8, reencode=reencode)
    np.testing.assert_allclose(z.mean(axis=0), 2 * two_crowds[0].mean(axis=0) + 1, atol=0.15)
    np.testing.assert_allclose(z.std(axis=0), 2 * two_crowds[0].std(axis=0), rtol=0.08)


def test_a_dimension_that_an_encoder_does_not_use_is_the_mean(trained, two_crowds):
    used = np.array([1, 1, 0, 1], np.float32)
    z = fit_reencoding(trained, lambda z: used * z, used * two_crowds[0] + 3).sample(50, reencode=lambda z: used * z)
    np.testing.assert_allclose(z[:, 2], 3, atol=1e-6)
    assert z[:, 3].std() > 0.5


@pytest.mark.parametrize("nothing", [{"minutes": 0}, {"epochs": 0}])
def test_without_training_it_is_the_normal_prior(two_crowds, nothing):
    z = fit_flow(*two_crowds, width=8, blocks=1, **nothing).sample(10, seed=3)
    np.testing.assert_allclose(z, NormalPrior(D).sample(10, seed=3), atol=1e-6)


def test_the_seed_decides(two_crowds):
    a, b = (fit_flow(*two_crowds, width=8, blocks=1, epochs=2, minutes=None, seed=1).arrays for _ in range(2))
    other = fit_flow(*two_crowds, width=8, blocks=1, epochs=0, seed=2).arrays
    np.testing.assert_allclose(a["in_kernel"], b["in_kernel"], atol=1e-3)
    assert not np.allclose(a["in_kernel"], other["in_kernel"], atol=0.1)


def test_half_precision_learns_too(two_crowds):
    prior = fit_flow(*two_crowds, width=32, blocks=1, epochs=40, minutes=None, precision="mixed_bfloat16")
    z = prior.sample(1000)
    assert ((z[:, 0] > 0) & (z[:, 0] < 1.2)).mean() < 0.2


def test_the_target_is_the_mean_over_one_faces_pairs():
    """Of many drawn pairs of one face, those that pass near z at an angle."""
    rng = np.random.default_rng(0)
    mean, deviation, angle = 0.7, 0.5, 1.0
    z0, z1 = rng.normal(size=1_000_000), mean + deviation * rng.normal(size=1_000_000)
    for z in (0.2, 0.8):
        near = np.abs(np.cos(angle) * z0 + np.sin(angle) * z1 - z) < 0.02
        found = matched(*(np.full((1, 1), value, np.float32) for value in (z, angle, mean, deviation)))
        expected = (np.cos(angle) * z1 - np.sin(angle) * z0)[near].mean()
        assert keras.ops.convert_to_numpy(found).item() == pytest.approx(expected, abs=0.02)


def test_mirror_images_are_faces_too(tmp_path):
    encoder = load_bundle(tiny_bundle(tmp_path / "bundle")).encoder
    images = np.random.default_rng(0).integers(0, 256, (5, 16, 16, 3), dtype=np.uint8)
    z_mean, z_log_var = posteriors(encoder, images, np.array([1, 4]))
    assert z_mean.shape == z_log_var.shape == (4, D)
    for row, picture in enumerate([images[1], images[4], images[1][:, ::-1], images[4][:, ::-1]]):
        expected = [keras.ops.convert_to_numpy(v)[0] for v in encoder(picture[None] / np.float32(255))]
        np.testing.assert_allclose(z_mean[row], expected[0], atol=1e-4)
        np.testing.assert_allclose(z_log_var[row], expected[1], atol=1e-4)


@pytest.mark.parametrize(
    ("z_mean", "z_log_var", "words"),
    [
        (np.zeros((0, 3)), np.zeros((0, 3)), "at least one face"),
        (np.zeros((4, 3)), np.zeros((4, 2)), "must be"),
        (np.full((4, 3), np.inf), np.zeros((4, 3)), "not finite"),
    ],
)
def test_codes_that_are_none(z_mean, z_log_var, words):
    with pytest.raises(ValueError, match=words):
        fit_flow(z_mean, z_log_var)


def test_a_bundle_gets_a_new_prior_and_new_measures(folder, tmp_path, capsys):
    path = tiny_bundle(tmp_path / "bundle")
    before = load_bundle(path)
    options = ["--bundle", path, "--data", str(folder), "--cache", str(tmp_path / "cache"), "--minutes", "0.01"]
    assert flow.main(options) == 0
    after = load_bundle(path)
    printed = capsys.readouterr().out
    assert "Fréchet" in printed and "edit success" in printed
    assert not np.allclose(after.sample(3), before.sample(3), atol=0.01)
    np.testing.assert_array_equal(after.decode(np.ones((1, D), np.float32)),
                                  before.decode(np.ones((1, D), np.float32)))  # fmt: skip
    assert 0 <= after.about["prior_minutes"] < 1 and "edit_success" in after.metrics


def test_the_card_tells_the_minutes_that_were_spent():
    assert flow.minutes_since(time.monotonic() - 90) == 1.5


@pytest.mark.parametrize(("given", "words"), [
    (("--bundle", "hf://owner/name"), "there is no folder hf://owner/name"),
    (("--minutes", "-5"), "--minutes must be 0 or more"),
    (("--data", "none"), "none"),
])
def test_what_is_wrong_is_said_before_it_trains(tmp_path, capsys, monkeypatch, given, words):
    monkeypatch.setattr(flow, "fit_flow", lambda *_, **__: pytest.fail("it trained"))
    assert flow.main(["--bundle", str(tiny_bundle(tmp_path / "bundle")), "--data", str(tmp_path), *given]) == 1
    said = capsys.readouterr().err
    assert said.startswith("model.flow: ") and words in said
