"""Each measure says what it should of pictures and codes whose answer is known."""

import keras
import numpy as np
import pytest
from scipy.linalg import sqrtm
from scipy.ndimage import gaussian_filter

from model import metrics
from model.latents import fit_latents
from model.preprocessing import crop_face
from tests.faces import draw_face


@pytest.fixture(scope="module")
def faces():
    rng = np.random.default_rng(0)
    return np.stack([crop_face(draw_face(rng)[0], 64) for _ in range(6)])


def blurred(x, sigma=1.5):
    return gaussian_filter(x, (0, sigma, sigma, 0))


def test_psnr_by_hand():
    x = np.full((2, 8, 8, 3), 0.5, np.float32)
    assert metrics.psnr(x, x + 0.1) == pytest.approx([20, 20], abs=1e-4)
    assert metrics.psnr(x, x) == pytest.approx([100, 100])


def test_ssim_is_one_for_equal_pictures_and_falls_with_blur(faces):
    assert metrics.ssim(faces, faces) == pytest.approx(np.ones(len(faces)))
    less, more = metrics.ssim(faces, blurred(faces, 1)), metrics.ssim(faces, blurred(faces, 3))
    assert (less < 1).all() and (more < less).all()


def test_sharpness_and_high_band_fall_with_blur_and_rise_with_noise(faces):
    noisy = np.clip(faces + 0.1 * np.random.default_rng(0).standard_normal(faces.shape), 0, 1)
    for measure in (metrics.laplacian, metrics.high_band):
        value = measure(faces)
        assert value.shape == (len(faces),)
        assert metrics.ratio(measure(blurred(faces)), value) < 0.4
        assert metrics.ratio(measure(noisy), value) > 1.2
        assert metrics.ratio(value, value) == 1


@pytest.mark.parametrize(("frequency", "counted"), [(0.15, False), (0.35, True)])
def test_high_band_counts_what_lies_above_half_nyquist(frequency, counted):
    wave = 0.5 + 0.4 * np.cos(2 * np.pi * frequency * np.arange(64))
    x = np.broadcast_to(wave[None, None, :, None], (1, 64, 64, 3)).astype(np.float32)
    assert (metrics.high_band(x)[0] > 1) == counted


def test_laplacian_by_hand():
    x = np.zeros((1, 5, 5, 3), np.float32)
    x[0, 2, 2] = 1  # 4 in the middle and 1 at its four neighbours, of 9 inner pixels
    assert metrics.laplacian(x) == pytest.approx([8 / 9])


def test_resize_keeps_flat_pictures_and_the_range(faces):
    small = metrics.resize(faces, 16)
    assert small.shape == (len(faces), 16, 16, 3) and small.min() >= 0 and small.max() <= 1
    assert small.mean() == pytest.approx(faces.mean(), abs=0.01)
    assert metrics.resize(faces, 64) is faces
    assert metrics.resize(np.full((1, 64, 64, 3), 0.3, np.float32), 16) == pytest.approx(0.3, abs=1e-5)
    for side in (16, 48, 96):
        exact = keras.ops.image.resize(faces, (side, side), interpolation="lanczos3", antialias=True)
        assert metrics.resize(faces, side) == pytest.approx(np.clip(exact, 0, 1), abs=1e-5)


def test_agreement():
    logits = np.array([[1.0, -1.0], [2.0, 3.0]])
    assert metrics.attribute_agreement(logits, logits * 0.1) == 1
    assert metrics.attribute_agreement(logits, logits * [1, -1]) == 0.5


def test_frechet_distance_is_the_formula():
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((400, 5)), rng.standard_normal((300, 5)) @ rng.standard_normal((5, 5)) + 2
    cov_a, cov_b = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    expected = np.square(a.mean(0) - b.mean(0)).sum() + np.trace(cov_a + cov_b - 2 * sqrtm(cov_a @ cov_b).real)
    assert metrics.frechet_distance(a, b) == pytest.approx(expected)
    assert metrics.frechet_distance(a, a) == pytest.approx(0, abs=1e-6)
    assert metrics.frechet_distance(a, a + 3) == pytest.approx(45)  # 5 features, 3 apart


def test_frechet_distance_of_fewer_faces_than_features_is_finite():
    features = np.random.default_rng(0).standard_normal((6, 20))
    assert metrics.frechet_distance(features, features[::-1]) == pytest.approx(0, abs=1e-5)


def test_separation():
    rng = np.random.default_rng(0)
    group = np.arange(200) < 80
    z = rng.standard_normal((200, 30))
    assert 0.35 < metrics.separation(z, group) < 0.65  # cross-validated: noise is not told apart
    z[group, 3] += 4
    assert metrics.separation(z, group) > 0.97


def test_active_dimensions():
    z = np.random.default_rng(0).standard_normal((500, 4)) * [1, 0.5, 0.05, 0]
    assert metrics.active_dimensions(z) == 2


def test_classification():
    labels = np.array([[1, 1], [1, 0], [-1, 0], [-1, 1]])
    logits = np.array([[2.0, 1.0], [-1.0, 1.0], [-2.0, 1.0], [-3.0, -1.0]])
    result = metrics.classification(labels, logits)
    assert result["accuracy"] == pytest.approx([0.75, 0.5])  # unlabelled faces do not count
    assert result["balanced_accuracy"][0] == pytest.approx(0.75) and result["auc"][0] == 1
    assert result["logit_gap"][0] == pytest.approx(0.5 - -2.5)
    assert np.isnan(result["auc"][1]) and np.isnan(result["logit_gap"][1])  # nobody lacks the second


@pytest.fixture(scope="module")
def plane():
    """Attributes whose logits are coordinates of z, so that an edit's effect can be worked out."""
    rng = np.random.default_rng(0)
    z = rng.standard_normal((2000, 3)).astype(np.float32)
    z[:, 1] += z[:, 0]  # the second comes with the first
    labels = np.sign(z)
    labels[100:, 2] = 0  # too few labels: marked
    return z, fit_latents(z, labels, ("A", "B", "C"))


def test_edits_succeed_and_take_along_what_comes_with_them(plane):
    z, latents = plane
    plain = metrics.edit_effect(z, z, latents, lambda z: z, lambda x: x, faces=50)
    kept = metrics.edit_effect(z, z, latents, lambda z: z, lambda x: x, faces=50, keep_others=True)
    assert set(plain) == {"A", "B"}  # the marked one is left out
    assert plain["A"][0] > 0.95 and plain["A"][1] > 0.2
    assert kept["A"][1] < plain["A"][1] / 2


def test_edit_effect_asks_only_faces_on_the_other_side(plane):
    z, latents = plane
    asked = []

    def classify(x):
        asked.append(x)
        return np.ones_like(x)  # everybody has everything, whatever the edit

    z = np.abs(z)
    effect = metrics.edit_effect(z, z, latents, lambda z: z, classify, faces=7)
    assert [len(x) for x in asked] == [7, 7]  # only the way down: nobody lacks anything
    assert effect["A"] == (0, 0)


def test_an_edit_that_does_nothing_has_no_effect(plane):
    z, latents = plane
    effect = metrics.edit_effect(z, z, latents, lambda z: z, lambda x: x, strength=0.0)
    assert effect["A"] == (0, 0)


def test_decision_thresholds_say_yes_as_often_as_the_probabilities_promise():
    rng = np.random.default_rng(0)
    logits = np.stack([rng.normal(-3, 1, 4000), rng.normal(0, 2, 4000)], axis=1)
    share = (logits > metrics.decision_thresholds(logits)).mean(axis=0)
    assert share == pytest.approx((1 / (1 + np.exp(-logits))).mean(axis=0), abs=2e-3)
    assert (logits[:, 0] > 0).mean() < 0.01 < share[0]  # rare, and never surer than a half: still there at times
