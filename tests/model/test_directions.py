import dataclasses

import numpy as np
import pytest

from model.directions import guided_directions
from model.latents import fit_latents

D, NAMES = 6, ("Smiling", "Male", "Young")


def world():
    """Latents of codes with a covariance, and logits that are linear in those codes."""
    rng = np.random.default_rng(0)
    z = rng.normal(size=(5000, D)) @ (np.eye(D) + 0.3 * rng.normal(size=(D, D)))
    slopes = rng.normal(size=(D, len(NAMES)))
    slopes[:, 1] = slopes[:, 0] + 0.3 * slopes[:, 1]  # two attributes that go together
    latents = fit_latents(z, np.sign(z @ slopes), NAMES)
    return dataclasses.replace(latents, covariance=np.cov(z.T, bias=True)), z, z @ slopes, slopes


def length(latents, direction):
    return np.sqrt(direction @ np.linalg.inv(latents.covariance) @ direction)


def test_no_weight_on_the_others_is_the_covariance_with_the_logit():
    latents, z, logits, slopes = world()
    for direction, slope in zip(guided_directions(latents, z, logits, 0.0), slopes.T, strict=True):
        expected = latents.covariance @ slope
        np.testing.assert_allclose(direction / length(latents, direction), expected / length(latents, expected),
                                   atol=1e-5)


def test_weight_on_the_others_leaves_them_where_they_are():
    latents, z, logits, slopes = world()
    shares = []
    for weight in (0.0, 1.0, 1e6):
        change = guided_directions(latents, z, logits, weight) @ slopes / logits.std(axis=0)  # (K, K)
        assert (np.diag(change) > 0).all()
        others = np.abs(change - np.diag(np.diag(change))).sum(axis=1)
        shares.append((others / np.diag(change)).max())
    assert shares[0] > shares[1] > shares[2]
    assert shares[2] < 1e-3


def test_they_are_as_long_as_the_centroids_differences_and_an_idle_logit_has_none():
    latents, z, logits, _ = world()
    logits[:, 2] = 1.0
    found = guided_directions(latents, z, logits)
    for k in (0, 1):
        assert length(latents, found[k]) == pytest.approx(length(latents, latents.between_centroids[k]), rel=1e-5)
    assert not found[2].any()


def test_shapes_that_do_not_fit_are_said():
    latents, z, logits, _ = world()
    with pytest.raises(ValueError, match="do not fit"):
        guided_directions(latents, z, logits[:-1])
