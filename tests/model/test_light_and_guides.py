"""The edit formula with the light held and with guided directions."""

import dataclasses

import numpy as np
from hypothesis import given

from model.latents import Latents, fit_latents
from tests.model.latent_spaces import NAMES, D, codes, edits, quick, random_latents, seeds


@quick
@given(seed=seeds, strengths=edits)
def test_the_light_is_held_like_a_kept_attribute(seed, strengths):
    light = np.random.default_rng(seed).normal(size=(D, 3))
    latents = dataclasses.replace(random_latents(seed), light=light)
    reader = np.linalg.solve(latents.covariance, np.hstack([latents.directions.T, light]))  # (D, K + 3)
    change = latents.displacement(strengths, hold_light=True) @ reader
    plain = random_latents(seed).displacement(strengths) @ reader
    np.testing.assert_allclose(change[len(NAMES):], 0, atol=1e-4)
    index = [NAMES.index(name) for name in strengths]
    np.testing.assert_allclose(change[index], plain[index], rtol=1e-6, atol=1e-4)
    np.testing.assert_allclose(latents.displacement(strengths), random_latents(seed).displacement(strengths), atol=1e-9)


def test_the_light_is_fitted_from_what_varies_with_it():
    rng = np.random.default_rng(0)
    z = rng.normal(size=(4000, D))
    light = z[:, :1] * 0.5 + rng.normal(size=(4000, 1)) + 7
    latents = fit_latents(z, rng.choice([-1, 1], (4000, len(NAMES))), NAMES, light)
    np.testing.assert_allclose(latents.light[:, 0], 0.5 * np.eye(D)[0], atol=0.06)
    assert Latents.from_arrays(latents.to_arrays()).light.shape == (D, 1)
    old = {key: value for key, value in latents.to_arrays().items() if key != "light"}
    assert Latents.from_arrays(old).light.shape == (D, 0)  # bundles of before


def test_what_is_set_moves_along_guided_directions_and_readings_stay_with_the_centroids():
    guided = np.random.default_rng(5).normal(size=(len(NAMES), D))
    plain = random_latents(0)
    latents = dataclasses.replace(plain, guided=guided, calibration=np.ones((len(NAMES), 2)))
    np.testing.assert_allclose(latents.displacement({"Male": 1.0}), guided[1], atol=1e-9)
    z = codes(0)
    np.testing.assert_array_equal(latents.read(z), plain.read(z))
    np.testing.assert_array_equal(latents.meter(z), plain.meter(z))
    move = latents.displacement({"Male": 1.0}, ["Young", "Smiling"])
    np.testing.assert_allclose(latents.read(move)[[0, 2]], 0, atol=1e-6)
    again = Latents.from_arrays(latents.to_arrays())
    np.testing.assert_array_equal(again.guided, guided)
    assert "guided" not in plain.to_arrays()
