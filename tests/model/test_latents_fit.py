"""Latent spaces fitted to labelled codes, and as arrays; what does not fit is named."""

import dataclasses

import numpy as np
import pytest

from model.latents import RELIABLE_COUNT, Latents, fit_latents
from tests.model.latent_spaces import NAMES, D, codes, random_latents


def test_fit_finds_the_direction_and_leaves_the_unlabelled_out():
    rng = np.random.default_rng(0)
    labels = np.where(rng.random((2000, 3)) < 0.3, 1.0, -1.0)
    direction = rng.normal(size=(3, D))
    z = rng.normal(size=(2000, D)) + labels @ direction / 2
    unlabelled = labels.copy()
    z[:500] += 100 * labels[:500, :1]  # would spoil the centroids, were these labels read
    unlabelled[:250], unlabelled[250:500] = np.nan, 0
    latents = fit_latents(z, unlabelled, NAMES[:3])
    np.testing.assert_allclose(latents.directions, direction, atol=0.25)
    np.testing.assert_array_equal(latents.count_positive, (unlabelled > 0).sum(axis=0))
    np.testing.assert_array_equal(latents.count_negative, (unlabelled < 0).sum(axis=0))
    assert latents.reliable.all() and (latents.calibration == 1).all()


def test_soft_labels_weigh():
    rng = np.random.default_rng(0)
    z, hard = rng.normal(size=(400, D)), np.sign(rng.normal(size=(400, 1)))
    soft = hard.copy()
    soft[:200] *= 1e-6
    expected = fit_latents(z[200:], hard[200:], NAMES[:1]).directions
    np.testing.assert_allclose(fit_latents(z, soft, NAMES[:1]).directions, expected, atol=1e-4)


def test_few_labels_are_marked_and_none_moves_nothing():
    rng = np.random.default_rng(0)
    labels = np.full((1000, 3), -1.0)
    labels[:RELIABLE_COUNT, 0] = 1
    labels[: RELIABLE_COUNT - 1, 1] = 1
    latents = fit_latents(rng.normal(size=(1000, D)), labels, NAMES[:3])
    assert latents.reliable.tolist() == [True, False, False]
    z = codes(0)
    np.testing.assert_array_equal(latents.edit(z, {NAMES[2]: 2.0}), z)
    assert (latents.meter(z)[:, 2] == 0).all()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("covariance", -np.eye(D)),
        ("mean", np.full(D, np.inf)),
        ("calibration", np.zeros((6, 2))),
        ("centroid_positive", np.full((6, D), np.nan)),
        ("count_negative", np.zeros(5)),
    ],
)
def test_wrong_arrays_are_named(field, value):
    with pytest.raises(ValueError, match=field):
        dataclasses.replace(random_latents(0), **{field: value})


def test_arrays_there_and_back():
    latents = random_latents(0)
    again = Latents.from_arrays({**latents.to_arrays(), "prior_means": np.zeros(3)})
    np.testing.assert_array_equal(again.displacement({"Male": 1.0}), latents.displacement({"Male": 1.0}))
    arrays = latents.to_arrays()
    del arrays["covariance"]
    with pytest.raises(ValueError, match="covariance"):
        Latents.from_arrays(arrays)


@pytest.mark.parametrize("labels", [np.ones((5, 2)), np.full((9, 1), 3.0)])
def test_labels_that_do_not_fit(labels):
    with pytest.raises(ValueError, match="labels"):
        fit_latents(np.random.default_rng(0).normal(size=(9, D)), labels, NAMES[:1])


def test_codes_that_are_not_finite():
    with pytest.raises(ValueError, match="diverged"):
        fit_latents(np.full((9, D), np.nan), np.ones((9, 1)), NAMES[:1])
