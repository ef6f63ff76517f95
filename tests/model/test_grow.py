"""A larger network starts where a smaller one got to."""

from types import SimpleNamespace

import numpy as np
import pytest

from model.config import preset
from model.grow import can_grow, grow, start_from
from model.networks import build_decoder, build_encoder

SMALL = preset("tiny")[0]
LARGER = [{"widths": (8, 16)}, {"depths": (3, 1)}, {"head_width": 12}, {"head_depth": 3}, {"encoder_depths": (1, 4)},
          {"widths": (12, 12), "depths": (2, 2), "head_width": 16}]  # fmt: skip


def trained(network, rng):
    """The network with every weight a random number, so that every path counts."""
    network.set_weights([np.abs(w) + 0.1 * rng.random(w.shape) if "variance" in v.path
                         else w + 0.1 * rng.normal(size=w.shape)
                         for v, w in zip(network.weights, network.get_weights(), strict=True)])  # fmt: skip
    return network


@pytest.mark.parametrize("larger", LARGER)
def test_it_first_does_what_the_smaller_one_did(larger):
    rng, config = np.random.default_rng(0), SMALL.replace(**larger)
    assert can_grow(SMALL, config)
    for build, shape in ((build_encoder, (3, 16, 16, 3)), (build_decoder, (3, 4))):
        small, large = trained(build(SMALL), rng), trained(build(config), rng)
        x = rng.random(shape).astype("float32")
        assert not np.allclose(outputs(large, x), outputs(small, x), atol=1e-2)
        grow(small, large)
        assert outputs(large, x) == pytest.approx(outputs(small, x), abs=1e-5)


def outputs(network, x):
    found = network(x, training=False)
    return np.concatenate([np.ravel(part) for part in (found if isinstance(found, list) else [found])])


def test_what_is_new_learns():
    """Nothing of it is stuck at a zero that gets no gradient."""
    import keras
    import tensorflow as tf

    rng = np.random.default_rng(0)
    small, large = trained(build_decoder(SMALL), rng), build_decoder(SMALL.replace(head_width=12, depths=(1, 2)))
    grow(small, large)
    before = large.get_weights()
    z, x = (tf.constant(rng.random(shape), tf.float32) for shape in ((8, 4), (8, 16, 16, 3)))
    optimizer = keras.optimizers.SGD(1.0)
    for _ in range(3):  # what feeds the old channels moves first, and then what it reads
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(large(z, training=True) - x))
        optimizer.apply(tape.gradient(loss, large.trainable_variables), large.trainable_variables)
    for variable, old, new in zip(large.weights, before, large.get_weights(), strict=True):
        # A bias before a normalisation that takes it away again never moves.
        assert np.abs(new - old).max() > 0 or variable.path.endswith("bias"), variable.path


def test_a_block_that_goes_leaves_the_way_past_it():
    rng, config = np.random.default_rng(0), SMALL.replace(encoder_depths=(1, 0))
    small, large = trained(build_encoder(SMALL), rng), build_encoder(config)
    assert set(grow(small, large)) == {f"block_1_0_{part}" for part in ("norm", "conv", "inner_norm", "last_conv")}
    kernel = small.get_layer("block_1_0_last_conv")
    kernel.set_weights([np.zeros_like(w) for w in kernel.get_weights()])
    x = rng.random((3, 16, 16, 3)).astype("float32")
    assert outputs(large, x) == pytest.approx(outputs(small, x), abs=1e-5)


@pytest.mark.parametrize("other", [
    {"latent_dim": 8}, {"image_size": 32}, {"bottleneck_width": 16}, {"detail_width": 8}, {"stem_stride": 4},
    {"widths": (8, 4)}, {"head_width": 4}, {"widths": (8, 8, 8), "depths": (1, 1, 1), "stem_stride": 1},
])
def test_another_network_is_no_larger_one(other):
    assert not can_grow(SMALL, SMALL.replace(**other))


def test_the_seed_network_is_taken_over_whole():
    """Whatever its configuration says of what only a residual one has."""
    rng, seed = np.random.default_rng(0), preset("seed")[0].replace(image_size=32, widths=(4,) * 3)
    other = seed.replace(head_width=seed.head_width + 1, dropout=0.1)
    assert can_grow(seed, other) and not can_grow(seed, SMALL) and not can_grow(SMALL, seed)
    assert not can_grow(seed, seed.replace(widths=(8,) * 3))
    source, target = (SimpleNamespace(config=config, encoder=trained(build_encoder(config), rng),
                                      decoder=trained(build_decoder(config), rng))
                      for config in (seed, other))  # fmt: skip
    assert start_from(source, target) == []
    for name in ("encoder", "decoder"):
        for a, b in zip(*(getattr(model, name).get_weights() for model in (source, target)), strict=True):
            np.testing.assert_array_equal(a, b)
