"""The critics: who learns from what, and when the decoder hears of them."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from model.adversarial import Critic, adversarial_errors
from model.batches import FaceBatches
from model.callbacks import Clock
from model.config import preset
from model.losses import PerceptualDistance
from model.vae import CRITIC_SHARE, VAE

SHAPES = [(None, 16, 16, 8), (None, 8, 8, 12)]
CHANCE = np.log(2)  # the loss of a critic that cannot tell


def features(seed: int, scale: float = 1.0) -> list:
    rng = np.random.default_rng(seed)
    return [tf.constant(scale * rng.normal(size=(4, *shape[1:])).astype("float32")) for shape in SHAPES]


def built_critic() -> Critic:
    keras.utils.set_random_seed(0)
    critic = Critic()
    critic.build(SHAPES)
    return critic


def test_decoder_and_critic_each_learn_from_their_own_error_alone():
    critic, real, drawn = built_critic(), features(0), features(1)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([*real, *drawn])
        decoder_error, critic_error = adversarial_errors(critic, real, drawn)
    weights = critic.trainable_weights
    assert decoder_error.shape == critic_error.shape == (4,)
    assert all(g is None for g in tape.gradient(decoder_error, weights))
    assert all(g is None for g in tape.gradient(critic_error, [*real, *drawn]))
    assert all(g is None for g in tape.gradient(decoder_error, real))
    for gradient in (*tape.gradient(critic_error, weights[::2]), *tape.gradient(decoder_error, drawn)):
        assert np.abs(gradient).max() > 0


def test_a_critic_learns_to_tell_and_the_decoder_to_be_taken_for_real():
    critic, optimizer = built_critic(), keras.optimizers.Adam(1e-2)
    for step in range(30):
        real, drawn = features(2 * step), features(2 * step + 1, scale=0.5)
        with tf.GradientTape() as tape:
            error = adversarial_errors(critic, real, drawn)[1]
        optimizer.apply(tape.gradient(error, critic.trainable_weights), critic.trainable_weights)
    real, drawn = features(100), features(101, scale=0.5)
    decoder_error, critic_error = (np.mean(e) for e in adversarial_errors(critic, real, drawn))
    assert critic_error < 0.8 * CHANCE < CHANCE < decoder_error
    drawn = [tf.Variable(x) for x in drawn]
    for _ in range(50):
        with tf.GradientTape() as tape:
            error = adversarial_errors(critic, real, drawn)[0]
        for x, gradient in zip(drawn, tape.gradient(error, drawn), strict=True):
            x.assign_sub(20.0 * gradient)
    assert np.mean(error) < 0.8 * decoder_error


def test_the_scale_of_vgg16s_layers_does_not_matter():
    critic, real, drawn = built_critic(), features(0), features(1)
    errors = adversarial_errors(critic, real, drawn)
    larger = adversarial_errors(critic, *([200.0 * x for x in v] for v in (real, drawn)))
    assert np.allclose(errors, larger, rtol=1e-3)


@pytest.fixture(scope="module")
def trained(vgg16_file):
    """A tiny model of whose critics the decoder hears in the second of two epochs; what each epoch reported."""
    config = preset("tiny")[1].replace(alpha=0.0, beta=0.0, perceptual_weight=1.0, adversarial_weight=1.0,
                                       adversarial_start=0.5, epochs=2, learning_rate=1e-9)  # fmt: skip
    rng, logs, weights = np.random.default_rng(0), [], []
    faces, sharp = rng.integers(0, 255, (16, 16, 16, 3), dtype=np.uint8), np.arange(16) % 2 == 0
    vae = VAE(preset("tiny")[0], config, PerceptualDistance(vgg16_file))
    vae.compile(keras.optimizers.Adam(config.learning_rate), jit_compile=False)
    batches, held = (FaceBatches(faces, np.arange(16), sharp, config, training=t) for t in (True, False))
    watch = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, log: (logs.append(log), weights.append(float(vae.adversarial.value))))
    vae.fit(batches, validation_data=held, epochs=2, verbose=0, callbacks=[Clock(config, len(batches)), watch])
    return vae, logs, weights


def test_the_decoder_hears_of_the_critics_when_its_time_has_come(trained):
    _, (first, second), weights = trained
    assert weights == [0.0, 1.0]
    for log in (first, second):  # two critics, which hardly move at this rate
        assert log["critic_loss"] == pytest.approx(2 * CHANCE, rel=0.5)
    assert first["loss"] == pytest.approx(CRITIC_SHARE * first["critic_loss"], rel=0.01)
    assert second["loss"] > first["loss"] + CHANCE
    # Validation does not count what other epochs' critics say.
    assert first["val_loss"] == second["val_loss"] == 0


def test_the_critics_do_not_ship(trained):
    vae, *_ = trained
    assert len(vae.critics) == 2
    assert len(vae.get_networks()) == len(vae.encoder.weights) + len(vae.decoder.weights)


def test_critics_need_vgg16():
    with pytest.raises(ValueError, match="adversarial_weight above 0 needs a perceptual_weight"):
        preset("default")[1].replace(perceptual_weight=0.0)
