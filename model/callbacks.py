"""What a run does between batches and epochs: its clock, the beta schedule, the averaged weights, pictures."""

import contextlib
import math
import time
from pathlib import Path

import keras
import numpy as np
from keras import ops
from PIL import Image

from model.config import TrainConfig
from model.preprocessing import to_uint8

FINAL_LEARNING_RATE = 0.02  # of the peak, where the cosine ends
WARMUP_STEPS = 100  # of `FallingRate`


class Clock(keras.callbacks.Callback):
    """Knows how far the run is, sets what depends on that, and ends the run when its minutes are spent.

    What depends on it: the learning rate, and whether VGG16 and its critics have joined the objective.

    Args:
        config: epochs, peak learning rate, schedule and warm-up.
        steps_per_epoch: batches in an epoch.
        minutes: budget of training time over all resumed parts; None for no limit.
        elapsed: seconds already spent by earlier parts of the same run.
    """

    def __init__(self, config: TrainConfig, steps_per_epoch: int, minutes: float | None = None, elapsed: float = 0.0):
        super().__init__()
        self.train_config, self.steps_per_epoch = config, steps_per_epoch
        self.budget = None if minutes is None else 60.0 * minutes
        self.step, self._before, self._started = 0, elapsed, None

    @property
    def elapsed(self) -> float:
        """Seconds of training so far, resumed parts included."""
        return self._before + (0.0 if self._started is None else time.monotonic() - self._started)

    @property
    def progress(self) -> float:
        """Share of the run that is done, in [0, 1]: by epochs or by minutes, whichever is further."""
        by_steps = self.step / (self.train_config.epochs * self.steps_per_epoch)
        return min(1.0, max(by_steps, self.elapsed / self.budget if self.budget else 0.0))

    def learning_rate(self) -> float:
        """The rate at this moment."""
        config = self.train_config
        rate = config.learning_rate * min(1.0, (self.step + 1) / (config.warmup_steps + 1))
        if config.schedule == "cosine":
            fall = 0.5 * (1 + math.cos(math.pi * self.progress))
            rate *= FINAL_LEARNING_RATE + (1 - FINAL_LEARNING_RATE) * fall
        return rate

    def on_train_begin(self, logs=None):
        self._started = time.monotonic()

    def on_epoch_begin(self, epoch, logs=None):
        self.step = epoch * self.steps_per_epoch

    def on_train_batch_begin(self, batch, logs=None):
        self.model.optimizer.learning_rate = self.learning_rate()
        config, progress = self.train_config, self.progress
        self.model.perceptual_on.assign(float(progress >= config.perceptual_start))
        self.model.adversarial.assign(config.adversarial_weight * (progress >= config.adversarial_start))

    def on_train_batch_end(self, batch, logs=None):
        self.step += 1
        if self.budget and self.elapsed >= self.budget:
            self.model.stop_training = True

    def on_epoch_end(self, epoch, logs=None):
        if logs is not None:
            logs["learning_rate"] = self.learning_rate()
        left = self.elapsed * (1 - self.progress) / max(self.progress, 1e-6)
        print(f" - {self.elapsed / 60:.1f} minutes so far, about {left / 60:.1f} to go", flush=True)


class FallingRate(keras.callbacks.Callback):
    """Warms the learning rate up, lets it fall to nothing along a cosine, and ends training when the minutes are spent.

    Args:
        learning_rate: the peak.
        steps: of the whole training.
        minutes: the budget, or None; the cosine ends with whichever ends first.
    """

    def __init__(self, learning_rate: float, steps: int, minutes: float | None):
        super().__init__()
        self.learning_rate, self.steps = learning_rate, steps
        self.budget = math.inf if minutes is None else 60.0 * minutes  # seconds

    def on_train_begin(self, logs=None):
        self._step, self._started = 0, time.monotonic()

    def on_train_batch_begin(self, batch, logs=None):
        progress = min(1.0, max(self._step / self.steps, (time.monotonic() - self._started) / self.budget))
        warm = min(1.0, (self._step + 1) / WARMUP_STEPS)
        self.model.optimizer.learning_rate = self.learning_rate * warm * 0.5 * (1 + math.cos(math.pi * progress))

    def on_train_batch_end(self, batch, logs=None):
        self._step += 1
        if time.monotonic() - self._started >= self.budget:
            self.model.stop_training = True


class BetaScheduler(keras.callbacks.Callback):
    """Raises the weight of the KL term linearly from 0 to `beta` over the first epochs (Bowman et al. 2016).

    It assigns to the model's `beta` weight, which the traced training step reads; a plain attribute would be a constant
    in that trace.
    """

    def __init__(self, beta: float, warmup_epochs: float, steps_per_epoch: int):
        super().__init__()
        self.beta, self.warmup_steps, self.steps_per_epoch = beta, warmup_epochs * steps_per_epoch, steps_per_epoch
        self._step = 0

    def value(self, step: int) -> float:
        """Beta at a step counted from the start of the run."""
        return self.beta * min(1.0, step / self.warmup_steps) if self.warmup_steps else self.beta

    def on_epoch_begin(self, epoch, logs=None):
        self._step = epoch * self.steps_per_epoch

    def on_train_batch_begin(self, batch, logs=None):
        self.model.beta.assign(self.value(self._step))
        self._step += 1


class ImageGenerator(keras.callbacks.Callback):
    """Each epoch: a few faces with their reconstructions and as many drawn from N(0, I), to disk and TensorBoard.

    Args:
        folder: where `epoch-0001.png` and its successors go.
        images: (n, S, S, 3) float32 faces to reconstruct.
        log_dir: TensorBoard's folder, or None.
    """

    def __init__(self, folder: Path, images: np.ndarray, log_dir: Path | None = None, seed: int = 0):
        super().__init__()
        self.folder, self.images, self.log_dir, self.seed = Path(folder), images, log_dir, seed

    def on_epoch_end(self, epoch, logs=None):
        z_mean, _ = self.model.encoder(self.images, training=False)
        noise = np.random.default_rng(self.seed).standard_normal(z_mean.shape).astype(np.float32)
        rows = [self.images] + [ops.convert_to_numpy(self.model.decoder(z, training=False)) for z in (z_mean, noise)]
        picture = to_uint8(np.concatenate([np.concatenate(list(row), axis=1) for row in rows], axis=0))
        self.folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(self.folder / f"epoch-{epoch + 1:04d}.png")
        if self.log_dir is not None:
            import tensorflow as tf

            with tf.summary.create_file_writer(str(self.log_dir / "images")).as_default():
                tf.summary.image("photo, reconstruction, N(0, I)", picture[None], step=epoch)


class AveragedWeights(keras.callbacks.Callback):
    """Validates and ships a running average of the weights (Polyak and Juditsky 1992), and trains the raw ones.

    Batch normalisation's statistics are averaged as well, or they would be those of other weights. The average is in
    the model from each validation to the next epoch, so that callbacks at the end of an epoch see it.

    Args:
        momentum: of the average, a step; it starts lower, so that the first weights are soon forgotten.
        average: of an earlier part of the run, as `VAE.get_networks` gives it.
        updates: how often that one was updated.
    """

    # Steps between two updates, early and later: copying the weights off a GPU at every step would slow it down.
    EVERY = (4, 16)
    EARLY = 100  # updates

    def __init__(self, momentum: float, average: list[np.ndarray] | None = None, updates: int = 0):
        super().__init__()
        self.momentum, self.average, self.updates = momentum, average, updates
        self._raw, self._step = None, 0

    @contextlib.contextmanager
    def raw(self):
        """The trained weights back in the model for a moment, as the state of the run."""
        if self._raw is None:
            yield
            return
        self.model.set_networks(self._raw)
        yield
        self.model.set_networks(self.average)

    def on_train_begin(self, logs=None):
        if self.average is None:
            self.average = self.model.get_networks()

    def on_train_batch_end(self, batch, logs=None):
        self._step += 1
        every = self.EVERY[self.updates >= self.EARLY]
        if self._step % every:
            return
        momentum = min(self.momentum**every, (1 + self.updates) / (10 + self.updates))
        self.updates += 1
        for average, weight in zip(self.average, self.model.get_networks(), strict=True):
            average += (1 - momentum) * (weight - average)

    def on_test_begin(self, logs=None):
        if self._raw is None:
            self._raw = self.model.get_networks()
            self.model.set_networks(self.average)

    def on_epoch_begin(self, epoch, logs=None):
        if self._raw is not None:
            self.model.set_networks(self._raw)
            self._raw = None
