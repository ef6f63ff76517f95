"""The VAE and its callbacks: what the objective sees while it trains."""

import keras
import numpy as np
import pytest

from model import losses
from model.batches import FaceBatches, augment
from model.callbacks import AveragedWeights, BetaScheduler, Clock, ImageGenerator
from model.config import TrainConfig, preset
from model.preprocessing import to_float
from model.progress import BestWeights
from model.vae import HALF_SIZE, VAE, Sampling, blurred
from tests.faces import draw_face


@pytest.fixture(scope="module")
def faces():
    rng = np.random.default_rng(0)
    return np.stack([np.asarray(draw_face(rng, (16, 16))[0]) for _ in range(24)])  # (24, 16, 16, 3)


def batches(faces, config, training=True):
    return FaceBatches(faces, np.arange(len(faces)), np.arange(len(faces)) % 2 == 0, config, training)


def compiled(train, perceptual=None, **kwargs):
    vae = VAE(preset("tiny")[0], train, perceptual)
    vae.compile(keras.optimizers.Adam(1e-3), jit_compile=False, **kwargs)
    return vae


def test_sampling_has_the_mean_and_the_variance_it_is_given():
    z_mean = np.full((20_000, 2), [1.0, -2.0], "float32")
    z = np.asarray(Sampling(seed=1)([z_mean, np.full_like(z_mean, np.log(0.25))]))
    assert z.mean(axis=0) == pytest.approx([1, -2], abs=0.02) and z.std(axis=0) == pytest.approx([0.5, 0.5], rel=0.02)


def test_a_sample_in_training_and_the_mean_elsewhere(faces):
    vae = compiled(preset("tiny")[1])
    inputs = {"x": to_float(faces[:4]), "sharp": np.ones(4, "float32")}
    trained = [np.asarray(vae(inputs, training=True)["x_hat"]) for _ in range(2)]
    assert not np.allclose(*trained)
    seen = [np.asarray(vae(inputs, training=False)["x_hat"]) for _ in range(2)]
    assert np.array_equal(*seen)
    z_mean, _ = vae.encoder(inputs["x"], training=False)
    assert np.allclose(seen[0], vae.decoder(z_mean, training=False), atol=1e-6)


def test_validation_reports_the_same_objective(faces):
    train = preset("tiny")[1].replace(alpha=3.0, beta=0.5)
    vae, data = compiled(train), batches(faces, train, training=False)
    logs = vae.evaluate(data, return_dict=True, verbose=0)
    assert set(logs) == {"loss", "reconstruction_loss", "kl_loss", "beta"}
    assert logs["loss"] == pytest.approx(3 * logs["reconstruction_loss"] + 0.5 * logs["kl_loss"], rel=1e-4)
    x = to_float(faces)
    z_mean, z_log_var = vae.encoder(x, training=False)
    assert logs["kl_loss"] == pytest.approx(np.mean(losses.kl_divergence(z_mean, z_log_var)), rel=1e-4)
    error = losses.squared_error(x, vae.decoder(z_mean, training=False))
    assert logs["reconstruction_loss"] == pytest.approx(np.mean(error), rel=1e-4)


class _Reports(keras.callbacks.Callback):
    """The loss, its parts and beta after each epoch; changes a plain attribute where one is asked for."""

    def __init__(self, attribute=None):
        super().__init__()
        self.attribute, self.seen = attribute, []

    def on_epoch_begin(self, epoch, logs=None):
        if self.attribute and epoch:
            setattr(self.model, self.attribute, 0.0)

    def on_epoch_end(self, epoch, logs=None):
        self.seen.append(logs)


class _PlainBeta(VAE):
    """The mistake that BetaScheduler is not: beta as a Python number."""

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        super().compute_loss(x, y, y_pred, sample_weight, training)
        return self.plain_beta * keras.ops.mean(losses.kl_divergence(y_pred["z_mean"], y_pred["z_log_var"]))


def test_the_loss_sees_the_scheduled_beta_and_not_a_plain_attribute(faces):
    train = preset("tiny")[1].replace(alpha=0.0)
    data, reports = batches(faces, train), _Reports()
    scheduler = BetaScheduler(beta=2.0, warmup_epochs=2, steps_per_epoch=len(data))
    compiled(train).fit(data, epochs=3, verbose=0, callbacks=[scheduler, reports])
    betas = [logs["beta"] for logs in reports.seen]
    assert betas[0] == pytest.approx(np.mean([0, 1, 2]) / 3, rel=1e-4)
    assert betas[2] == pytest.approx(2.0)
    for logs in reports.seen[2:]:  # constant within the epoch, so the means multiply
        assert logs["loss"] == pytest.approx(logs["beta"] * logs["kl_loss"], rel=1e-4)

    plain = _PlainBeta(preset("tiny")[0], train)
    plain.plain_beta = 2.0
    plain.compile(keras.optimizers.Adam(0.0), jit_compile=False)
    reports = _Reports("plain_beta")
    plain.fit(data, epochs=2, verbose=0, callbacks=[reports])
    assert plain.plain_beta == 0.0
    # Set to 0 before the second epoch, and the traced step went on with 2.
    assert reports.seen[1]["loss"] == pytest.approx(2 * reports.seen[1]["kl_loss"], rel=1e-4)


def test_the_best_epoch_is_that_at_the_final_beta(tmp_path):
    best = BestWeights(tmp_path)
    best.set_model(compiled(preset("tiny")[1].replace(beta=2.0)))
    # Halfway up, a loss that looks smaller: 1 + 0.5 * 3 against 1.5 + 2 * 0.75, which is 1 + 2 * 3 at the end.
    for epoch, (reconstruction, kl, beta) in enumerate([(1.0, 3.0, 0.5), (1.5, 0.75, 2.0)]):
        best.on_epoch_end(epoch, {"val_loss": reconstruction + beta * kl, "val_kl_loss": kl, "val_beta": beta})
    assert best.best == 3.0


def test_the_perceptual_term_joins_when_its_time_has_come(faces, vgg16_file):
    train = preset("tiny")[1].replace(perceptual_weight=1.0, perceptual_start=0.5, epochs=2, batch_size=8, beta=0.0,
                                      learning_rate=1e-9)  # fmt: skip
    data, reports = batches(faces, train), _Reports()
    vae = compiled(train, losses.PerceptualDistance(vgg16_file))
    vae.fit(data, validation_data=batches(faces, train, training=False), epochs=2, verbose=0,
            callbacks=[Clock(train, len(data)), reports])  # fmt: skip
    first, second = reports.seen
    assert second["reconstruction_loss"] > 1.5 * first["reconstruction_loss"]
    # Validation counts it from the start, or the best epoch would be the last one without it.
    assert second["val_loss"] == pytest.approx(first["val_loss"], rel=0.2)


def test_the_clock_ends_the_run_and_lowers_the_rate():
    config = TrainConfig(learning_rate=1.0, warmup_steps=0, epochs=10)
    clock = Clock(config, steps_per_epoch=10)
    clock.step = 50
    assert clock.progress == 0.5 and clock.learning_rate() == pytest.approx(0.51)
    late = Clock(config, steps_per_epoch=10, minutes=1, elapsed=45.0)
    assert late.progress == 0.75
    late.set_model(keras.Model())
    late.model.stop_training = False
    late._before = 61.0
    late.on_train_batch_end(0)
    assert late.model.stop_training


def test_the_average_is_validated_and_the_raw_weights_go_on(faces):
    train = preset("tiny")[1].replace(batch_size=2)
    vae, seen = compiled(train), []

    class Watch(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            seen.append(vae.decoder.get_weights())

        def on_epoch_end(self, epoch, logs=None):
            self.validated = vae.decoder.get_weights()
            with average.raw():
                self.raw = vae.decoder.get_weights()

        def on_epoch_begin(self, epoch, logs=None):
            if epoch:
                assert all(np.array_equal(a, b) for a, b in zip(vae.decoder.get_weights(), self.raw, strict=True))

    average, watch = AveragedWeights(momentum=0.9), Watch()
    vae.fit(batches(faces, train), validation_data=batches(faces, train, training=False), epochs=2, verbose=0,
            callbacks=[average, watch])  # fmt: skip
    assert all(np.array_equal(a, b) for a, b in zip(watch.raw, seen[-1], strict=True))
    low, high = np.min([s[0] for s in seen], axis=0), np.max([s[0] for s in seen], axis=0)
    assert not np.array_equal(watch.validated[0], watch.raw[0])
    # An average lies within what it averages: weights that had been mixed with zeros would not.
    assert ((watch.validated[0] >= low - 1e-6) & (watch.validated[0] <= high + 1e-6)).mean() > 0.95


def test_pictures_of_every_epoch(faces, tmp_path):
    train = preset("tiny")[1]
    generator = ImageGenerator(tmp_path, to_float(faces[:10]), tmp_path / "logs")
    compiled(train).fit(batches(faces, train), epochs=2, verbose=0, callbacks=[generator])
    from PIL import Image

    assert sorted(p.name for p in tmp_path.glob("*.png")) == ["epoch-0001.png", "epoch-0002.png"]
    with Image.open(tmp_path / "epoch-0002.png") as picture:
        assert picture.size == (160, 48)
        assert np.array_equal(np.asarray(picture)[:16, :16], faces[0])
    assert list((tmp_path / "logs").rglob("events.out.tfevents.*"))


def test_batches_put_sharp_faces_first_and_repeat_by_seed(faces):
    train = preset("tiny")[1]
    first, again = batches(faces, train), batches(faces, train)
    batch = first[0][0]
    assert list(batch["sharp"]) == sorted(batch["sharp"], reverse=True)
    assert np.array_equal(batch["x"], again[0][0]["x"])
    first.on_epoch_end()
    assert not np.array_equal(first[0][0]["x"], batch["x"])
    validation = batches(faces, train, training=False)
    assert len(validation) == 3 and validation[0][0]["x"].shape == (8, 16, 16, 3)
    odd = batches(faces[:17], train, training=False)
    assert sum(len(odd[i][0]["x"]) for i in range(len(odd))) == 17


def test_devices_share_batches_equally_with_as_many_sharp_faces_each(faces):
    train = preset("tiny")[1]
    rows, sharp = np.arange(23), np.arange(24) % 3 == 0
    shared = FaceBatches(faces, rows, sharp, train, training=False, devices=2)
    for batch in shared:
        flags = batch[0]["sharp"]
        halves = np.split(flags, 2)
        assert abs(halves[0].sum() - halves[1].sum()) <= 1
        assert all((half == -np.sort(-half)).all() for half in halves)  # sharp first in each
    assert sum(len(batch[0]["x"]) for batch in shared) == 22
    with pytest.raises(ValueError, match="batch_size is 8; 3 devices need a multiple of 3"):
        FaceBatches(faces, rows, sharp, train, training=True, devices=3)


def test_augmentation_keeps_what_it_may_not_change(faces):
    off = TrainConfig(flip=False, jitter=0.0, colour=0.0)
    assert np.array_equal(augment(faces[0], np.random.default_rng(0), off), faces[0])
    jitter = off.replace(jitter=1.0)
    moved = [augment(faces[0], np.random.default_rng(seed), jitter).astype(int) for seed in range(20)]
    assert 5 <= sum(np.array_equal(m, faces[0]) for m in moved) <= 15  # half of the faces keep their pixels
    assert max(abs(m - faces[0]).mean() for m in moved) < 40  # and the others hardly move


def test_blurred_input_for_sharp_faces_only():
    model, train = preset("default")
    vae = VAE.__new__(VAE)
    keras.Model.__init__(vae)
    vae.config, vae.train_config = model, train.replace(soften=1.0)
    vae.seed_generator = keras.random.SeedGenerator(0)
    x = np.random.default_rng(0).random((2, 128, 128, 3)).astype("float32")
    soft = np.asarray(vae._soften(x, np.array([1.0, 0.0], "float32")))
    assert soft[0].std() < 0.9 * x[0].std() and np.array_equal(soft[1], x[1])


def test_the_blur_is_a_resize_to_the_half_size_pictures_and_back():
    x = np.random.default_rng(0).random((2, 128, 128, 3)).astype("float32")
    small = keras.ops.image.resize(x, (HALF_SIZE, HALF_SIZE), antialias=True)
    assert np.asarray(blurred(x)) == pytest.approx(np.asarray(keras.ops.image.resize(small, (128, 128))), abs=1e-5)
