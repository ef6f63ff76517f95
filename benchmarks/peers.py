"""Ours against the usual notebook: `python -m benchmarks.peers --data CELEBA_DIR --minutes 5`.

Trains the `seed` preset's network twice for the same minutes on the same training faces. Once as notebooks do since the
Keras book's: `image_dataset_from_directory`, a `train_step` of one's own, `predict` to draw. Once as this project does:
decoded faces in a cache, `compute_loss` and `fit`, a traced function to draw. Prints images a second (with decoding and
tracing, since a person waits for those too), the reconstruction of people that neither has seen, and faces drawn a
second, one by one as a slider asks for them.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from model import metrics
from model.batches import FaceBatches
from model.config import preset
from model.data import CelebA
from model.networks import build_decoder, build_encoder
from model.preprocessing import to_float
from model.vae import VAE, Sampling

DRAWN = 50  # faces, one by one
WATCHED = 500  # validation faces whose reconstruction is measured


class NotebookVAE(keras.Model):
    """The VAE of the usual notebook (Chollet 2021, chapter 12; Foster 2023, chapter 3), with our networks."""

    def __init__(self, encoder: keras.Model, decoder: keras.Model, alpha: float, beta: float):
        super().__init__()
        self.encoder, self.decoder, self.sampling = encoder, decoder, Sampling()
        self.alpha, self.beta = alpha, beta
        self.total = keras.metrics.Mean(name="loss")

    def train_step(self, data):
        with tf.GradientTape() as tape:
            z_mean, z_log_var = self.encoder(data, training=True)
            x_hat = self.decoder(self.sampling([z_mean, z_log_var]), training=True)
            reconstruction = tf.reduce_mean(tf.square(data - x_hat))
            kl = -0.5 * tf.reduce_sum(1 + z_log_var - tf.square(z_mean) - tf.exp(z_log_var), axis=1)
            loss = self.alpha * reconstruction + self.beta * tf.reduce_mean(kl)
        gradients = tape.gradient(loss, self.trainable_weights)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_weights, strict=True))
        self.total.update_state(loss)
        return {"loss": self.total.result()}


class Minutes(keras.callbacks.Callback):
    """Ends a training in time and counts its batches."""

    def __init__(self, minutes: float):
        super().__init__()
        self.seconds, self.batches, self._start = 60 * minutes, 0, time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        self.batches += 1
        if time.perf_counter() - self._start >= self.seconds:
            self.model.stop_training = True


def notebook(data: CelebA, minutes: float) -> tuple[float, float, float]:
    """Images a second, PSNR in dB, faces drawn a second."""
    model_config, config = preset("seed")
    size = model_config.image_size
    with tempfile.TemporaryDirectory() as folder:
        for split in ("train", "valid"):
            (Path(folder) / split).mkdir()
            for row in data.rows(split):
                data.frame(row).save(Path(folder) / split / data.names[row], quality=95)
        start = time.perf_counter()
        batches, validation = (
            keras.utils.image_dataset_from_directory(
                Path(folder) / split, label_mode=None, image_size=(size, size), crop_to_aspect_ratio=True,
                batch_size=config.batch_size, shuffle=split == "train", seed=config.seed, verbose=False,
            ).map(lambda x: x / 255.0)
            for split in ("train", "valid")
        )  # fmt: skip
        vae = NotebookVAE(build_encoder(model_config), build_decoder(model_config), config.alpha, config.beta)
        vae.compile(optimizer=keras.optimizers.Adam(config.learning_rate), jit_compile=False)
        clock = Minutes(minutes)
        vae.fit(batches, epochs=config.epochs, callbacks=[clock], verbose=0)
        speed = clock.batches * config.batch_size / (time.perf_counter() - start)
        x = np.concatenate(list(validation.as_numpy_iterator()))[:WATCHED]
    z_mean = vae.encoder.predict(x, verbose=0)[0]
    quality = metrics.psnr(x, vae.decoder.predict(z_mean, verbose=0)).mean()
    return speed, float(quality), _drawn(lambda z: vae.decoder.predict(z, verbose=0), model_config.latent_dim)


def ours(data: CelebA, minutes: float) -> tuple[float, float, float]:
    """Images a second, PSNR in dB, faces drawn a second."""
    model_config, config = preset("seed")
    start = time.perf_counter()
    images = data.images(model_config.image_size)
    vae = VAE(model_config, config)
    vae.compile(optimizer=keras.optimizers.Adam(config.learning_rate), jit_compile=False)
    clock = Minutes(minutes)
    vae.fit(FaceBatches(images, data.rows("train"), data.sharp, config, training=True), epochs=config.epochs,
            callbacks=[clock], verbose=0)
    speed = clock.batches * config.batch_size / (time.perf_counter() - start)
    x = to_float(images[data.rows("valid")[:WATCHED]])
    z_mean, _ = vae.encoder(x, training=False)
    quality = metrics.psnr(x, keras.ops.convert_to_numpy(vae.decoder(z_mean, training=False))).mean()
    decode = tf.function(lambda z: vae.decoder(z, training=False),
                         input_signature=[tf.TensorSpec((None, model_config.latent_dim))])
    return speed, float(quality), _drawn(lambda z: decode(z).numpy(), model_config.latent_dim)


def _drawn(decode: Callable[[np.ndarray], np.ndarray], latent_dim: int) -> float:
    z = np.random.default_rng(0).standard_normal((DRAWN + 1, 1, latent_dim)).astype(np.float32)
    decode(z[-1])  # traced here
    start = time.perf_counter()
    for one in z[:DRAWN]:
        decode(one)
    return DRAWN / (time.perf_counter() - start)


def main(argv: list[str] | None = None) -> int:
    """Print the table; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="CelebA's folder")
    parser.add_argument("--minutes", type=float, default=5.0, help="of training for each")
    parser.add_argument("--cache", help="folder for our decoded faces (default ~/.cache/facet)")
    options = parser.parse_args(argv)
    try:
        data = CelebA(options.data, cache=options.cache)
    except ValueError as error:
        print(f"benchmarks.peers: {error}", file=sys.stderr)
        return 1
    print(f"the seed preset's network, {options.minutes:g} minutes each\n")
    print("| | images a second | PSNR, unseen people | faces drawn a second |\n|---|---|---|---|", flush=True)
    for name, train in {"the usual notebook": notebook, "Facet": ours}.items():
        speed, quality, drawn = train(data, options.minutes)
        print(f"| {name} | {speed:.0f} | {quality:.1f} dB | {drawn:.0f} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
