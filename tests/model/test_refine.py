"""Refining a code: nearer to the picture, still near the faces."""

import keras
import numpy as np
import pytest

from model.bundle import load_bundle
from model.refine import make_refiner
from tests.faces import tiny_bundle


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return load_bundle(tiny_bundle(tmp_path_factory.mktemp("bundles") / "tiny"))


def test_it_finds_a_code_that_draws_the_picture_better(bundle):
    target = bundle.sample(6, seed=1)
    x = bundle.decode(target)
    start = target + 0.5 * np.random.default_rng(0).normal(size=target.shape).astype("float32")
    errors = [np.abs(bundle.decode(z) - x).mean(axis=(1, 2, 3))
              for z in (start, bundle.refine(x, start, steps=5), bundle.refine(x, start, steps=60))]
    assert (errors[1] < errors[0]).all() and (errors[2] < 0.6 * errors[0]).all()


def test_no_steps_change_nothing_and_faces_do_not_mix(bundle):
    z = bundle.sample(3, seed=2)
    x = bundle.decode(bundle.sample(3, seed=3))
    assert np.array_equal(bundle.refine(x, z, steps=0), z)
    together = bundle.refine(x, z, steps=4)
    alone = np.concatenate([bundle.refine(x[i : i + 1], z[i : i + 1], steps=4) for i in range(3)])
    assert np.allclose(together, alone, atol=1e-4)


def test_steps_follow_the_covariance():
    """Where faces do not vary, the code does not go."""
    z = keras.Input((2,))
    patterns = keras.layers.Dense(4 * 4 * 3, use_bias=False, kernel_initializer="ones", trainable=False)(z)
    decoder = keras.Model(z, keras.layers.Reshape((4, 4, 3))(patterns))
    refine = make_refiner(decoder, np.diag([1.0, 1e-6]))
    moved = refine(np.full((1, 4, 4, 3), 0.5, "float32"), np.zeros((1, 2), "float32"), steps=20)
    assert moved[0, 0] > 0.1 and abs(moved[0, 1]) < 0.01


def test_detail_that_no_code_can_place_stays():
    """By pixels alone the best strands in the wrong places are none at all."""
    rng = np.random.default_rng(0)
    strands, others = (0.1 * rng.normal(size=(64, 64, 1)).repeat(3, axis=-1).astype("float32") for _ in range(2))
    z = keras.Input((1,))
    pattern = keras.layers.Dense(64 * 64 * 3, use_bias=False, trainable=False)
    decoder = keras.Model(z, keras.layers.Reshape((64, 64, 3))(pattern(z)) + 0.5)
    pattern.set_weights([strands.reshape(1, -1)])
    refined = make_refiner(decoder, np.eye(1))(0.5 + others[None], np.ones((1, 1), "float32"), steps=40)
    assert refined[0, 0] == pytest.approx(1, abs=0.1)
