"""A slider unit against a decoder and a classifier whose answers are known."""

import numpy as np
import pytest

from model.calibration import CALIBRATION_STEPS, _crossing, calibrate
from model.latents import fit_latents

D, N = 6, 400
NAMES = ("a", "b", "c")


@pytest.fixture
def faces():
    rng = np.random.default_rng(0)
    labels = np.where(rng.random((N, 3)) < 0.4, 1.0, -1.0)
    z = (rng.normal(size=(N, D)) + labels @ np.eye(3, D)).astype(np.float32)
    return z, labels, fit_latents(z, labels, NAMES)


def decode(z):
    return z.reshape(len(z), 1, 1, D)


def measured(latents, z, labels, classify, name, sign):
    """Mean logit of moved faces from the other side, and the mean of the side that they should reach."""
    k = NAMES.index(name)
    moved = latents.edit(z[labels[:, k] == -sign], {name: sign})
    return classify(decode(moved))[:, k].mean(), classify(decode(z[labels[:, k] == sign]))[:, k].mean()


@pytest.mark.parametrize("sign", [1, -1])
def test_one_unit_reaches_the_other_side(faces, sign):
    z, labels, latents = faces

    def classify(x):  # half blind along a: twice the vectors are needed beyond a's own spread
        logits = 5 * x[:, 0, 0, :3].copy()
        logits[:, 1] = np.tanh(logits[:, 1] / 5)
        return logits

    calibrated = calibrate(latents, z, labels, decode, classify)
    for name in ("a", "b"):
        reached, asked = measured(calibrated, z, labels, classify, name, sign)
        start = classify(decode(z[labels[:, NAMES.index(name)] == -sign]))[:, NAMES.index(name)].mean()
        assert abs(reached - asked) < 0.1 * abs(asked - start)


def test_in_a_linear_world_one_vector_is_one_unit(faces):
    z, labels, latents = faces
    calibration = calibrate(latents, z, labels, decode, lambda x: 7 * x[:, 0, 0, :3] - 2).calibration
    np.testing.assert_allclose(calibration, 1.0, atol=0.2)


def test_units_stay_in_their_range(faces):
    z, labels, latents = faces
    calm = calibrate(latents, z, labels, decode, lambda x: 1e-6 * np.minimum(x[:, 0, 0, :3], -9)).calibration
    assert (calm >= CALIBRATION_STEPS[0]).all() and (calm <= CALIBRATION_STEPS[-1]).all()
    backwards = calibrate(latents, z, labels, decode, lambda x: -x[:, 0, 0, :3]).calibration
    assert (backwards == CALIBRATION_STEPS[0]).all()  # against the labels: as little as it can


def test_too_few_labels_leave_the_plain_vector(faces):
    z, labels, latents = faces
    sparse = labels.copy()
    sparse[:, 1] = 0
    sparse[:3, 1] = [1, -1, 1]
    calibration = calibrate(latents, z, sparse, decode, lambda x: 3 * x[:, 0, 0, :3]).calibration
    assert calibration[1].tolist() == [1, 1]
    assert (calibration[[0, 2]] != 1).all()


def test_the_same_seed_gives_the_same_units(faces):
    z, labels, latents = faces

    def run(seed):
        return calibrate(latents, z, labels, decode, lambda x: x[:, 0, 0, :3], seed).calibration

    np.testing.assert_array_equal(run(1), run(1))
    assert not np.array_equal(run(1), run(2))


def test_shapes_that_do_not_fit(faces):
    z, labels, latents = faces
    with pytest.raises(ValueError, match="do not fit"):
        calibrate(latents, z[:5], labels, decode, decode)


def test_a_target_out_of_reach_is_not_chased_to_the_last_step():
    """Blond hair once burned out white for the last few hundredths of what the classifier would see of it."""
    steps, climbed = (0.0, 1.0, 2.0, 3.0), np.array([-4.0, 0.5, 0.8, 1.0])
    assert _crossing(steps, climbed, target=2.0) == pytest.approx(1.0)  # nine tenths of the rise from -4 to 1
    assert _crossing(steps, climbed, target=0.9) == pytest.approx(2.5)  # but what can be reached is reached
