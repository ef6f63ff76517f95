"""The edit formula's identities, on random latent spaces, well conditioned and not."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.latents import fit_latents
from tests.model.latent_spaces import NAMES, D, codes, conditions, edits, quick, random_latents, seeds


def test_one_attribute_with_nothing_kept_is_the_plain_centroid_vector():
    latents = random_latents(0)
    latents = dataclasses.replace(latents, calibration=np.ones((len(NAMES), 2)))
    z = codes(1).astype(np.float64)
    for k, name in enumerate(NAMES):
        np.testing.assert_allclose(latents.edit(z, {name: 1.0}), z + latents.directions[k], atol=1e-9)
        np.testing.assert_allclose(latents.edit(z, {name: -0.5}), z - 0.5 * latents.directions[k], atol=1e-9)


def test_a_slider_unit_is_its_calibration_in_plain_vectors():
    latents = random_latents(0)
    down, up = latents.calibration[1]
    np.testing.assert_allclose(latents.displacement({"Male": 2.0}), 2 * up * latents.directions[1], atol=1e-9)
    np.testing.assert_allclose(latents.displacement({"Male": -2.0}), -2 * down * latents.directions[1], atol=1e-9)


def test_it_is_the_formula_of_the_design():
    latents = random_latents(3)
    set_, keep = {"Smiling": 1.0, "Male": -0.5}, ("Young", "Bald")
    names = [*set_, *keep]
    d = latents.directions[[NAMES.index(name) for name in names]].T  # (D, 4)
    inverse = np.linalg.inv(latents.covariance)
    vectors = [latents.calibration[0, 1], -0.5 * latents.calibration[1, 0], 0, 0]
    c = np.diag(d.T @ inverse @ d) * vectors
    expected = d @ np.linalg.inv(d.T @ inverse @ d) @ c
    np.testing.assert_allclose(latents.displacement(set_, keep), expected, rtol=1e-7, atol=1e-9)


def test_all_others_kept_is_the_joint_regression():
    latents = random_latents(4)
    k = len(NAMES)
    # Of all moves with these readings, the coefficients of a regression of all attributes at once.
    reader = np.linalg.solve(latents.covariance, latents.directions.T)  # (D, K)
    c = np.zeros(k)
    c[2] = latents.calibration[2, 1] * latents.directions[2] @ reader[:, 2]
    expected = latents.directions.T @ np.linalg.solve(latents.directions @ reader, c)
    move = latents.displacement({"Young": 1.0}, [name for name in NAMES if name != "Young"])
    np.testing.assert_allclose(move, expected, rtol=1e-6, atol=1e-9)


@quick
@given(seeds, edits, st.sets(st.sampled_from(NAMES)))
def test_it_is_the_shortest_move_with_these_readings(seed, strengths, keep):
    latents = random_latents(seed)
    keep -= set(strengths)
    inverse = np.linalg.inv(latents.covariance)
    move = latents.displacement(strengths, keep)
    rows = inverse @ latents.directions[[NAMES.index(name) for name in [*strengths, *keep]]].T  # (D, M)
    other = np.random.default_rng(seed).normal(size=D)
    other -= np.linalg.pinv(rows.T) @ (rows.T @ other)  # changes none of these readings
    for step in (0.1, -0.1):
        longer = move + step * other
        assert longer @ inverse @ longer >= move @ inverse @ move - 1e-9


@quick
@given(seeds, st.sets(st.sampled_from(NAMES)))
def test_zero_is_identity(seed, names):
    z = codes(seed)
    assert np.array_equal(random_latents(seed).edit(z, dict.fromkeys(names, 0.0), set(NAMES) - names), z)


@quick
@given(seeds, conditions, edits, st.sets(st.sampled_from(NAMES)))
def test_kept_readings_stay(seed, parallel, strengths, keep):
    latents, keep = random_latents(seed, parallel), [NAMES.index(name) for name in keep - set(strengths)]
    z = codes(seed)
    move = latents.displacement(strengths, [NAMES[k] for k in keep])
    assert np.abs(latents.read(move)[keep]).max(initial=0) < 1e-4
    edited = latents.edit(z, strengths, [NAMES[k] for k in keep])
    # float32 codes are rounded, and the reading magnifies that by the length of its vector
    reader = np.linalg.norm(np.linalg.solve(latents.covariance, latents.directions.T), axis=0)[keep]
    rounding = np.finfo(np.float32).eps * np.linalg.norm(edited, axis=1)[:, None] * reader
    assert (np.abs(latents.read(edited) - latents.read(z))[:, keep] < 1e-4 + rounding).all()


@quick
@given(seeds, edits, st.sets(st.sampled_from(NAMES)))
def test_readings_change_as_asked(seed, strengths, keep):
    latents, keep = random_latents(seed), keep - set(strengths)
    z = codes(seed).astype(np.float64)
    change = (latents.meter(latents.edit(z, strengths, keep)) - latents.meter(z))[0]
    for name, strength in strengths.items():
        k = NAMES.index(name)
        assert change[k] == pytest.approx(strength * latents.calibration[k, int(strength > 0)], rel=1e-3)


@quick
@given(seeds, conditions, edits, edits, st.permutations(NAMES))
def test_order_does_not_matter(seed, parallel, first, second, order):
    latents, z = random_latents(seed, parallel), codes(seed).astype(np.float64)
    keep = [name for name in order if name not in first]
    backwards = dict(reversed(first.items()))
    np.testing.assert_allclose(
        latents.edit(z, first, keep), latents.edit(z, backwards, keep[::-1]), rtol=1e-5, atol=1e-7
    )
    one_then_two = latents.edit(latents.edit(z, first), second)
    np.testing.assert_allclose(one_then_two, latents.edit(latents.edit(z, second), first), rtol=1e-5, atol=1e-7)


@quick
@given(seeds, edits, st.sets(st.sampled_from(NAMES)))
def test_undo_undoes(seed, strengths, keep):
    latents, keep, z = random_latents(seed), keep - set(strengths), codes(seed).astype(np.float64)
    latents = dataclasses.replace(latents, calibration=np.repeat(latents.calibration[:, :1], 2, axis=1))
    there = latents.edit(z, strengths, keep)
    back = latents.edit(there, {name: -strength for name, strength in strengths.items()}, keep)
    np.testing.assert_allclose(back, z, atol=1e-8)


def test_set_to_zero_is_kept():
    latents = random_latents(5)
    held = latents.displacement({"Smiling": 1.0, "Young": 0.0})
    np.testing.assert_array_equal(held, latents.displacement({"Smiling": 1.0}, keep=("Young",)))
    assert not np.allclose(held, latents.displacement({"Smiling": 1.0}))


def test_nearly_parallel_directions_do_not_throw_a_face_out_of_the_space():
    plain = np.linalg.norm(random_latents(0).displacement({"Smiling": 1.0}))
    for parallel in (0.3, 1e-2, 1e-4, 1e-8, 1e-12, 0.0):
        move = random_latents(0, parallel).displacement({"Smiling": 1.0}, keep=NAMES[1:])
        assert np.isfinite(move).all() and np.linalg.norm(move) < 200 * plain
    assert np.linalg.norm(random_latents(0, 1e-8).displacement({"Smiling": 1.0}, keep=NAMES[1:])) < 1e-3 * plain


def test_more_attributes_than_dimensions():
    rng = np.random.default_rng(0)
    names = [f"a{i}" for i in range(40)]
    latents = fit_latents(rng.normal(size=(100, 4)), np.sign(rng.normal(size=(100, 40))), names)
    assert np.abs(latents.displacement({"a0": 1.0}, keep=names[1:])).max() < 1e-6  # nothing is left to move in
    assert np.abs(latents.displacement({"a0": 1.0}, keep=names[1:3])).max() > 1e-3


@pytest.mark.parametrize(
    ("strengths", "keep", "words"),
    [
        ({"Smilling": 1.0}, (), "Smilling.*Smiling"),
        ({"blond hair": 1.0}, (), "Blond_Hair"),
        ({"Smiling": 1.0}, ("Yuong",), "Yuong.*Young"),
        ({"xyzzy": 1.0}, (), "xyzzy.*Smiling.*Bald"),
        ({"Male": 1.0}, ("Male",), "Male is both set and kept"),
        ({"Male": 0.0}, ("Male",), "Male is both set and kept"),
        ({"Male": float("nan")}, (), "Male.*finite"),
        ({"Male": "much"}, (), "Male.*'much'"),
    ],
)
def test_a_mistake_is_one_sentence(strengths, keep, words):
    with pytest.raises(ValueError, match=words):
        random_latents(0).edit(codes(0), strengths, keep)


def test_shapes_and_types_follow_z():
    latents = random_latents(0)
    assert latents.edit(codes(0), {"Male": 1.0}).dtype == np.float32
    assert latents.edit(codes(0)[0], {"Male": 1.0}).shape == (D,)
    assert latents.read(codes(0)).shape == latents.meter(codes(0)).shape == (3, len(NAMES))
    with pytest.raises(ValueError, match=r"\(B, 12\)"):
        latents.edit(np.zeros((2, 5)), {"Male": 1.0})


def test_meter_is_zero_without_and_one_with():
    latents = random_latents(0)
    np.testing.assert_allclose(np.diag(latents.meter(latents.centroid_negative)), 0, atol=1e-9)
    np.testing.assert_allclose(np.diag(latents.meter(latents.centroid_positive)), 1, atol=1e-9)
