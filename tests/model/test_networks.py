"""Sizes of the two networks."""

import numpy as np
import pytest

from model.config import ModelConfig, TrainConfig, preset
from model.networks import PlaceDetail, build_decoder, build_encoder
from model.weights import weights_to_bytes


def test_the_seed_network_has_the_original_parameter_counts():
    config, _ = preset("seed")
    assert build_encoder(config).count_params() == 253_584
    assert build_decoder(config).count_params() == 240_131


@pytest.mark.parametrize("name", ["tiny", "seed", "default"])
def test_shapes(name):
    config, _ = preset(name)
    encoder, decoder = build_encoder(config), build_decoder(config)
    assert encoder.input_shape[1:] == decoder.output_shape[1:] == (config.image_size, config.image_size, 3)
    assert [shape[1:] for shape in encoder.output_shape] == [(config.latent_dim,)] * 2
    assert decoder.input_shape[1:] == (config.latent_dim,)


def test_default_weights_fit_in_ten_megabytes_at_half_precision():
    config, _ = preset("default")
    for build in (build_encoder, build_decoder):
        assert len(weights_to_bytes(build(config))) < 10_000_000


def test_an_encoder_may_have_other_depths_than_the_decoder():
    config = preset("tiny")[0]
    same, deeper = (build_encoder(config.replace(encoder_depths=depths)) for depths in ((1, 1), (2, 3)))
    assert same.count_params() == build_encoder(config).count_params()
    block = 2 * (9 * 8 * 8 + 4 * 8) + 8  # kernels, normalisations and the last bias
    assert deeper.count_params() == same.count_params() + 3 * block
    assert build_decoder(config.replace(encoder_depths=(2, 3))).count_params() == build_decoder(config).count_params()


@pytest.mark.parametrize("architecture", ["seed", "residual"])
def test_dropout_is_an_option_of_every_architecture(architecture):
    depths = () if architecture == "seed" else (1, 1)
    config = ModelConfig(architecture, image_size=16, latent_dim=4, widths=(8, 8), depths=depths, stem_stride=2,
                         head_width=8, bottleneck_width=8, dropout=0.5)  # fmt: skip
    x = np.random.default_rng(0).random((4, 16, 16, 3)).astype("float32")
    encoder = build_encoder(config)
    # Residual branches start at zero, so that dropout inside them would not show.
    encoder.set_weights([w + 0.1 for w in encoder.get_weights()])
    outputs = [np.asarray(encoder(x, training=True)[0]) for _ in range(2)]
    assert not np.allclose(*outputs)
    assert np.allclose(*(np.asarray(encoder(x, training=False)[0]) for _ in range(2)))


def test_the_decoder_begins_without_a_sub_pixel_grid():
    config, _ = preset("tiny")
    decoder = build_decoder(config)
    for layer in decoder.layers:
        if isinstance(layer, PlaceDetail):  # meant to be uneven
            layer.pattern.assign(0 * layer.pattern)
    x_hat = np.asarray(decoder(np.random.default_rng(0).normal(size=(8, 4)).astype("float32")))
    even_odd = abs(x_hat[:, ::2] - x_hat[:, 1::2]).mean(), abs(x_hat[:, 1:-1:2] - x_hat[:, 2::2]).mean()
    assert even_odd[0] == pytest.approx(even_odd[1], rel=0.35)


def test_detail_is_of_brightness_and_as_fine_as_the_picture():
    config, _ = preset("tiny")
    rng = np.random.default_rng(0)
    decoder, z = build_decoder(config), rng.normal(size=(1, 4)).astype("float32")
    before = np.asarray(decoder(z))[0]
    kernel = rng.normal(size=(3, 3, config.detail_width, 1)).astype("float32")
    decoder.get_layer("detail").set_weights([kernel, np.zeros(1)])
    logit = [np.log(y / (1 - y)) for y in (before, np.asarray(decoder(z))[0])]
    change = logit[1] - logit[0]  # (16, 16, 3)
    assert np.abs(change[..., 0]).mean() > 0.01
    assert change == pytest.approx(np.repeat(change[..., :1], 3, axis=-1), abs=1e-4)
    coarse = change.reshape(8, 2, 8, 2, 3).mean(axis=(1, 3))
    assert np.abs(change - coarse.repeat(2, 0).repeat(2, 1)).mean() > 0.1 * np.abs(change).mean()


def test_a_linear_path_runs_beside_the_convolutions():
    """Its picture of 16 pixels goes into the code and comes out of it, by one matrix each."""
    config, _ = preset("tiny")
    rng = np.random.default_rng(0)
    encoder, decoder = build_encoder(config), build_decoder(config)
    x = rng.random((2, 16, 16, 3)).astype("float32")
    before = np.asarray(encoder(x)[0])
    matrix = rng.normal(size=(16 * 16 * 3, 4)).astype("float32")
    encoder.get_layer("coarse_code").set_weights([matrix])
    assert np.asarray(encoder(x)[0]) - before == pytest.approx(0.1 * (x - 0.5).reshape(2, -1) @ matrix, abs=1e-4)

    z = rng.normal(size=(1, 4)).astype("float32")
    before = np.asarray(decoder(z))[0]
    patch = np.zeros((8, 8, 3), "float32")  # half the image size
    patch[:4] = 30.0
    matrix = np.outer(z[0] / (z[0] @ z[0]), patch.ravel())
    decoder.get_layer("coarse_picture").set_weights([matrix, np.zeros(8 * 8 * 3)])
    logit = [np.log(y / (1 - y)) for y in (before, np.asarray(decoder(z))[0])]
    change = (logit[1] - logit[0])[:, 8, 0]
    assert change[:6] == pytest.approx(3.0, abs=0.01) and change[10:] == pytest.approx(0.0, abs=0.01)
    assert (np.diff(change) <= 1e-3).all() and len(set(change.round(3))) > 3  # enlarged smoothly


def test_records_refuse_typos_and_nonsense():
    with pytest.raises(ValueError, match="'latent_dims'; did you mean 'latent_dim'"):
        ModelConfig.from_dict({"latent_dims": 3})
    with pytest.raises(ValueError, match="image_size is 100; these levels need a multiple of 32"):
        ModelConfig(image_size=100)
    # Each of these once ended in a ZeroDivisionError, an IndexError or a decoder of another size.
    for wrong in ({"stem_stride": 0}, {"stem_stride": 3, "image_size": 96}, {"widths": (), "depths": ()},
                  {"widths": (8, 0, 8, 8)}, {"stem_stride": 1, "widths": (8,), "depths": (1,)},
                  {"encoder_depths": (1, 1)}, {"depths": (1, 1, -1, 1)},
                  {"image_size": 72, "widths": (8, 8), "depths": (1, 1)}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            ModelConfig(**wrong)
    with pytest.raises(ValueError, match="schedule is 'linear'; it must be one of constant, cosine"):
        TrainConfig(schedule="linear")
    with pytest.raises(ValueError, match="preset is 'best'"):
        preset("best")


@pytest.mark.parametrize("name", ["tiny", "seed", "default"])
def test_records_survive_json(name):
    import json

    for record in preset(name):
        assert type(record).from_dict(json.loads(json.dumps(record.to_dict()))) == record
