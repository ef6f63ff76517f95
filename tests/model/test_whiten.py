"""A change of basis that makes all codes N(0, I) and that no picture shows."""

import numpy as np
import pytest

from model.config import ModelConfig
from model.networks import build_decoder, build_encoder
from model.whiten import find_whitening

RESIDUAL = {"architecture": "residual", "widths": (8, 8), "depths": (1, 1), "stem_stride": 2, "head_width": 8,
            "bottleneck_width": 8}  # fmt: skip
SEED = {"architecture": "seed", "widths": (8, 8), "depths": ()}


def networks(shape: dict, rng):
    """Encoder and decoder of 4 dimensions whose every weight is a random number, so that every path counts."""
    config = ModelConfig(image_size=16, latent_dim=4, **shape)
    built = build_encoder(config), build_decoder(config)
    for network in built:
        network.set_weights([abs(w + 0.1 * rng.normal(size=w.shape)) if "variance" in v.path
                             else w + 0.1 * rng.normal(size=w.shape)
                             for v, w in zip(network.weights, network.get_weights(), strict=True)])  # fmt: skip
    return built


@pytest.mark.parametrize("shape", [RESIDUAL, SEED])
def test_pictures_stay_and_codes_become_standard_normal(shape):
    rng = np.random.default_rng(0)
    encoder, decoder = networks(shape, rng)
    x = rng.random((400, 16, 16, 3)).astype("float32") ** rng.uniform(0.3, 3, (400, 1, 1, 3)).astype("float32")
    z_mean, z_log_var = map(np.asarray, encoder(x, training=False))
    before = np.asarray(decoder(z_mean, training=False))
    whitening = find_whitening(z_mean, z_log_var)
    whitening.apply(encoder, decoder)

    mean, log_var = map(np.asarray, encoder(x, training=False))
    assert mean == pytest.approx(whitening.codes(z_mean), abs=1e-3)
    assert np.asarray(decoder(mean, training=False)) == pytest.approx(before, abs=1e-3)
    together = np.cov(mean.T) + np.diag(np.exp(log_var).mean(axis=0))
    assert mean.mean(axis=0) == pytest.approx(0, abs=1e-2) and together == pytest.approx(np.eye(4), abs=0.05)


def correlated(n=20_000):
    """Codes of three numbers that know two: the third repeats the second. And their log variances."""
    rng = np.random.default_rng(0)
    known = rng.normal(size=(n, 2)) * [3, 0.5] + [1, -2]
    return np.column_stack([known[:, 0], known[:, 1], 2 * known[:, 1]]), np.full((n, 3), np.log([0.09, 0.2, 0.8]))


def kl(z_mean, variance):
    return 0.5 * (z_mean**2 + variance - 1 - np.log(variance)).sum(axis=1).mean()


def test_what_a_code_knows_is_told_once_and_first():
    z_mean, z_log_var = correlated()
    whitening = find_whitening(z_mean, z_log_var)
    assert whitening.noise[0] > 0 and (np.diff(whitening.noise) > 0).all()
    # 9 / 0.09 and 0.25 / 0.2 + 1 / 0.8 are the signals; nothing is left for the third.
    assert 1 / whitening.noise - 1 == pytest.approx([100, 2.5, 0], rel=0.05, abs=0.01)
    after = kl(whitening.codes(z_mean), whitening.noise)
    assert after == pytest.approx(0.5 * np.log([101, 3.5]).sum(), rel=0.02)  # a Gaussian channel's capacity: no less
    assert after < 0.6 * kl(z_mean, np.exp(z_log_var))


def test_twice_is_once():
    z_mean, z_log_var = correlated()
    first = find_whitening(z_mean, z_log_var)
    codes = first.codes(z_mean)
    second = find_whitening(codes, np.log(np.broadcast_to(first.noise, codes.shape)))
    assert abs(second.turn) == pytest.approx(np.eye(3), abs=0.02)


@pytest.mark.parametrize(("z_mean", "z_log_var"), [(np.zeros((1, 3)), np.zeros((1, 3))),
                                                   (np.full((5, 3), np.nan), np.zeros((5, 3))),
                                                   (np.zeros((5, 3)), np.full((5, 3), np.inf))])  # fmt: skip
def test_codes_that_say_nothing_are_refused(z_mean, z_log_var):
    with pytest.raises(ValueError, match="at least 2 faces, finite"):
        find_whitening(z_mean, z_log_var)
