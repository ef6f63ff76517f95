"""Sampling: a seed is a face, temperature leads to the average one, and the flow goes where its velocity points."""

import numpy as np
import pytest

from model.prior import MOMENTS, FlowPrior, NormalPrior, flow_shapes, velocity

D = 5


def flow(deviation=0.0, width=16, blocks=2):
    rng = np.random.default_rng(0)
    shapes = flow_shapes(D, width, blocks)
    arrays = {name: rng.normal(0, deviation, shape).astype(np.float32) for name, shape in shapes.items()}
    return FlowPrior({**arrays, **{name: np.full(D, float("scale" in name)) for name in MOMENTS}})


@pytest.fixture(scope="module")
def prior():
    return flow(0.1)


@pytest.mark.parametrize("make", [lambda prior: prior, lambda prior: NormalPrior(D)])
def test_a_seed_is_a_face(prior, make):
    prior = make(prior)
    np.testing.assert_array_equal(prior.sample(4, seed=3), prior.sample(4, seed=3))
    np.testing.assert_allclose(prior.sample(9, seed=3)[:4], prior.sample(4, seed=3), atol=1e-5)
    assert not np.allclose(prior.sample(4, seed=3), prior.sample(4, seed=4), atol=0.1)
    assert len(np.unique(prior.sample(50, seed=3)[:, 0])) == 50
    assert prior.sample(0).shape == (0, D) and prior.sample(2).dtype == np.float32


def test_temperature_scales_the_distance_from_the_average_face(prior):
    for each in (prior, NormalPrior(D)):
        np.testing.assert_allclose(each.sample(6, 5, 0.3), 0.3 * each.sample(6, 5), atol=1e-6)
        assert not each.sample(6, 5, temperature=0).any()


def test_normal_is_normal():
    z = NormalPrior(D).sample(5000, seed=0)
    np.testing.assert_allclose(np.cov(z.T), np.eye(D), atol=0.1)


def test_a_flow_of_zeros_is_the_normal_prior():
    np.testing.assert_allclose(flow(0).sample(20, seed=2), NormalPrior(D).sample(20, seed=2), atol=1e-6)


def test_a_velocity_that_points_one_way_moves_all_faces_there():
    arrays = dict(flow(0).arrays)
    arrays["out_bias"] = np.array([0, 0, 2, 0, 0], np.float32)
    moved = FlowPrior(arrays).sample(500, seed=1) - NormalPrior(D).sample(500, seed=1)
    np.testing.assert_allclose(moved, np.broadcast_to([0, 0, np.pi, 0, 0], moved.shape), atol=1e-5)  # a quarter turn


def test_scale_and_shift_come_last(prior):
    changed = FlowPrior({**prior.arrays, "scale": np.full(D, 2.0), "shift": np.arange(D, dtype=float)})
    np.testing.assert_allclose(changed.sample(3, 1, 0.5), prior.sample(3, 1) + 0.5 * np.arange(D), atol=1e-5)


def test_encoding_again_comes_after_the_flow_and_before_the_temperature(prior):
    changed = FlowPrior({**prior.arrays, "scale": np.full(D, 2.0), "seen_scale": np.full(D, 3.0),
                         "seen_shift": np.full(D, 0.5)})  # fmt: skip
    z = changed.sample(3, 1, 0.5, reencode=lambda z: z + 1)
    np.testing.assert_allclose(z, 0.5 * (3 * (2 * prior.sample(3, 1) + 1) + 0.5), atol=1e-5)
    np.testing.assert_allclose(changed.sample(3, 1), 2 * prior.sample(3, 1), atol=1e-5)


def test_few_steps_end_where_many_do(prior):
    """Against a solver with a step of its own choice."""
    from scipy.integrate import solve_ivp

    start = NormalPrior(D).sample(1, seed=4)

    def move(angle, z):
        return velocity(prior.arrays, z[None].astype(np.float32), np.full((1, 1), angle, np.float32))[0]

    exact = solve_ivp(move, (0, np.pi / 2), start[0], rtol=1e-6, atol=1e-6).y[:, -1]
    np.testing.assert_allclose(prior.sample(1, seed=4)[0], exact, atol=0.05)


def test_arrays_there_and_back(prior):
    again = FlowPrior({"another": np.zeros(3), **prior.to_arrays()})
    np.testing.assert_allclose(again.sample(8, seed=1), prior.sample(8, seed=1), atol=0.02)
    assert again.latent_dim == D and "another" not in again.arrays


@pytest.mark.parametrize("wrong", [{"seed": -1}, {"n": -1}, {"temperature": -0.1}, {"temperature": float("nan")}])
def test_a_mistake_is_one_sentence(prior, wrong):
    for each in (prior, NormalPrior(D)):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            each.sample(**{"n": 2, **wrong})


@pytest.mark.parametrize(
    ("name", "array", "words"),
    [
        ("out_kernel", np.zeros((16, D + 1)), "out_kernel of the prior has shape"),
        ("gate_kernel_1", np.zeros((16, 17)), "gate_kernel_1 of the prior has shape"),
        ("gate_bias_2", np.zeros(16), "the prior has no array gate_kernel_2"),
        ("out_bias", np.zeros(()), "of the prior has shape"),
        ("in_bias", np.full(16, np.nan), "in_bias of the prior holds values that are not finite"),
        ("in_bias", np.full(16, "a"), "in_bias of the prior holds values that are not finite"),
        ("out_bias", np.full(D, 3e38), "lead to codes that are not finite"),
        ("value_bias_0", None, "the prior has no array value_bias_0"),
    ],
)
def test_wrong_arrays(prior, name, array, words):
    arrays = {key: value for key, value in {**prior.arrays, name: array}.items() if value is not None}
    with pytest.raises(ValueError, match=words):
        FlowPrior(arrays)
