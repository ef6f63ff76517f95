"""Sampling: the fitted density has the shape of the faces, and a seed is a face."""

import numpy as np
import pytest

from model.prior import FittedPrior, NormalPrior, fit_prior

D = 5


@pytest.fixture(scope="module")
def two_crowds():
    """Codes in two far crowds of different shape, with nothing between them."""
    rng = np.random.default_rng(0)
    mixing = np.diag([2, 1, 0.5, 0.2, 0.05]) @ np.linalg.qr(rng.normal(size=(D, D)))[0]
    left = rng.normal(size=(1500, D)) @ mixing - [8, 0, 0, 0, 0]
    right = rng.normal(size=(500, D)) * 0.5 + [8, 0, 0, 0, 0]
    return np.concatenate([left, right]).astype(np.float32)


@pytest.fixture(scope="module")
def fitted(two_crowds):
    return fit_prior(two_crowds)


def test_samples_have_the_mean_and_covariance_of_the_faces(two_crowds, fitted):
    z = fitted.sample(4000, seed=1)
    assert z.dtype == np.float32 and z.shape == (4000, D)
    np.testing.assert_allclose(z.mean(axis=0), two_crowds.mean(axis=0), atol=0.4)
    np.testing.assert_allclose(np.cov(z.T), np.cov(two_crowds.T), atol=0.06 * np.cov(two_crowds.T).max())


def test_no_sample_falls_into_the_hole(fitted):
    z = fitted.sample(2000, seed=2)
    assert (np.abs(z[:, 0]) < 1).mean() < 0.01
    assert (z[:, 0] > 0).mean() == pytest.approx(0.25, abs=0.03)


def test_one_crowd_is_one_gaussian_however_many_components_are_allowed():
    rng = np.random.default_rng(0)
    train, other = rng.normal(size=(600, 2, 30)).transpose(1, 0, 2)
    prior = fit_prior(train)
    spread = np.cov(prior.sample(4000, seed=0).T)
    # as close to the truth, N(0, I), as 600 faces say: an unshrunk mixture of ten would be far off
    assert np.linalg.norm(spread - np.eye(30)) < np.linalg.norm(np.cov(train.T) - np.eye(30))
    assert len(prior.factors) == 1
    assert np.abs(prior.sample(2000, seed=1).mean(axis=0) - other.mean(axis=0)).max() < 0.3


@pytest.mark.parametrize("make", [lambda fitted: fitted, lambda fitted: NormalPrior(D)])
def test_a_seed_is_a_face(fitted, make):
    prior = make(fitted)
    np.testing.assert_array_equal(prior.sample(4, seed=3), prior.sample(4, seed=3))
    np.testing.assert_array_equal(prior.sample(9, seed=3)[:4], prior.sample(4, seed=3))
    assert not np.allclose(prior.sample(4, seed=3), prior.sample(4, seed=4))
    assert len(np.unique(prior.sample(50, seed=3)[:, 0])) == 50
    assert prior.sample(0).shape == (0, D)


def test_temperature_scales_the_distance_from_the_mean_of_all(fitted):
    z = fitted.sample(6, seed=5).astype(np.float64)
    centre = fitted.weights @ fitted.means
    np.testing.assert_allclose(fitted.sample(6, seed=5, temperature=0.3), centre + 0.3 * (z - centre), atol=1e-5)
    np.testing.assert_allclose(fitted.sample(6, seed=5, temperature=0), np.tile(centre, (6, 1)), atol=1e-6)
    normal = NormalPrior(D)
    np.testing.assert_allclose(normal.sample(6, 5, 0.5), 0.5 * normal.sample(6, 5), atol=1e-7)


def test_normal_is_normal():
    z = NormalPrior(D).sample(5000, seed=0)
    np.testing.assert_allclose(np.cov(z.T), np.eye(D), atol=0.1)


def test_arrays_there_and_back(fitted):
    again = FittedPrior.from_arrays(fitted.to_arrays())
    np.testing.assert_allclose(again.sample(8, seed=1), fitted.sample(8, seed=1), atol=0.02)
    with pytest.raises(ValueError, match="factors"):
        FittedPrior.from_arrays({"weights": fitted.weights, "means": fitted.means})


def test_few_faces_are_enough():
    z = fit_prior(np.random.default_rng(0).normal(size=(6, 20))).sample(10)
    assert np.isfinite(z).all()


@pytest.mark.parametrize("wrong", [{"seed": -1}, {"n": -1}, {"temperature": -0.1}, {"temperature": float("nan")}])
def test_a_mistake_is_one_sentence(fitted, wrong):
    for prior in (fitted, NormalPrior(D)):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            prior.sample(**{"n": 2, **wrong})


@pytest.mark.parametrize(
    "arrays",
    [
        (np.ones(2), np.zeros((2, 3)), np.zeros((2, 3, 4))),
        (np.ones(2), np.zeros((2, 3)), np.full((2, 3, 3), np.nan)),
        (np.zeros(2), np.zeros((2, 3)), np.zeros((2, 3, 3))),
        (np.ones(3), np.zeros((2, 3)), np.zeros((2, 3, 3))),
    ],
)
def test_wrong_arrays(arrays):
    with pytest.raises(ValueError, match="prior"):
        FittedPrior(*arrays)


def test_codes_that_are_not_finite():
    with pytest.raises(ValueError, match="finite"):
        fit_prior(np.full((50, 3), np.inf))
