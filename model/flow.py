"""Training the flow of model/prior.py: it learns how N(0, I) has to move to become the faces' codes.

    python -m model.flow --bundle checkpoints/mine --data CELEBA_DIR --minutes 25   # a new one for that bundle

A code z1 is drawn from a face's posterior, a start z0 from N(0, I). On the way z = cos(a) z0 + sin(a) z1 the velocity
at z is cos(a) z1 - sin(a) z0; its mean over all pairs that pass there carries the one density into the other (Lipman et
al. 2023, "Flow matching for generative modeling"; Albergo and Vanden-Eijnden 2023).
"""

import argparse
import dataclasses
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
from keras import ops

from model.bundle import load_bundle, save_bundle
from model.callbacks import FallingRate
from model.config import PRECISIONS, PRIOR_MINUTES
from model.data import CelebA
from model.evaluate import evaluate
from model.inference import in_chunks, reencoder
from model.preprocessing import to_float
from model.prior import BLOCKS, MOMENTS, FlowPrior, flow_shapes, velocity
from model.report import measures_table

BATCH_SIZE = 512
LEARNING_RATE = 2e-3
CLIP_NORM = 1.0
DRAWN = 4000  # codes whose moments are compared with the faces'


def matched(z, angle, mean, deviation):
    """The mean velocity over all of one face's pairs that pass z at an angle.

    Known in full, as the posterior is a Gaussian: the network need not find it among the noise of single pairs.

    Args:
        z, mean, deviation: (B, D); angle: (B, 1) in [0, pi / 2].
    """
    cos, sin = ops.cos(angle), ops.sin(angle)
    return cos * (mean - sin * (1 - deviation**2) * z) / ((sin * deviation) ** 2 + cos**2)


class Matching(keras.Model):
    """Posteriors (B, 2, D), mean and deviation, to the squared error (B,) of the velocity somewhere on their way."""

    def __init__(self, shapes: dict[str, tuple[int, ...]], precision: str, seed: int):
        super().__init__()
        self.random = keras.random.SeedGenerator(seed)
        self.half = precision != "float32"
        self.arrays = {}
        for number, (name, shape) in enumerate(shapes.items()):
            if name in MOMENTS:
                continue
            # Kernels of LeCun's deviation; but none that adds to what is there, so that it starts at N(0, I).
            adds = name.startswith(("back", "out", "gain"))
            deviation = 0.0 if adds or len(shape) == 1 else shape[0] ** -0.5
            initializer = keras.initializers.RandomNormal(stddev=deviation, seed=seed + number)
            self.arrays[name] = self.add_weight(shape=shape, name=name, initializer=initializer)

    def call(self, posteriors):
        """One draw from each face's posterior."""
        mean, deviation = posteriors[:, 0], posteriors[:, 1]
        z1 = mean + deviation * keras.random.normal(ops.shape(mean), seed=self.random)
        angle = keras.random.uniform((ops.shape(mean)[0], 1), 0, np.pi / 2, seed=self.random)
        z = ops.cos(angle) * keras.random.normal(ops.shape(mean), seed=self.random) + ops.sin(angle) * z1
        error = velocity(self.arrays, z, angle, ops, self._product) - matched(z, angle, mean, deviation)
        return ops.mean(error**2, axis=-1)

    def _product(self, a, b):
        if not self.half:
            return ops.matmul(a, b)
        return ops.cast(ops.matmul(ops.cast(a, "bfloat16"), ops.cast(b, "bfloat16")), "float32")

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """The mean of what `call` returns."""
        return ops.mean(y_pred)


def posteriors(encoder: keras.Model, images: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """z_mean and z_log_var (2 n, D) of images[rows] (n, S, S, 3) uint8 and of their mirror images."""

    def read(part):
        x = to_float(images[part])
        both = (encoder(side, training=False) for side in (x, np.ascontiguousarray(x[:, :, ::-1])))
        return np.concatenate([np.concatenate([*map(ops.convert_to_numpy, found)], axis=1) for found in both])

    return tuple(np.split(in_chunks(read, rows), 2, axis=1))


def fit_flow(z_mean: np.ndarray, z_log_var: np.ndarray, *, width: int | None = None, blocks: int = BLOCKS,
             epochs: int = 500, minutes: float | None = PRIOR_MINUTES, precision: str = "float32",
             seed: int = 0) -> FlowPrior:
    """Train a flow from N(0, I) to the posteriors of faces, in the basis of model/whiten.py.

    Args:
        z_mean, z_log_var: (N, D) of the training faces.
        width, blocks: of the network; as wide as the codes unless given.
        epochs, minutes: the learning rate falls to nothing over whichever ends first; None is no limit of minutes, and
            0 of either leaves the flow at N(0, I).
        precision: "float32", or "mixed_bfloat16" for products in half of the time.
        seed: of weights and noise.
    Raises:
        ValueError: no faces, or codes that are not finite.
    """
    z_mean, z_log_var = np.asarray(z_mean, np.float32), np.asarray(z_log_var, np.float32)
    if z_mean.ndim != 2 or not len(z_mean) or z_mean.shape != z_log_var.shape:
        raise ValueError(f"z_mean {z_mean.shape} and z_log_var {z_log_var.shape} must be (N, D), at least one face")
    if not (np.isfinite(z_mean).all() and np.isfinite(z_log_var).all()):
        raise ValueError("the codes hold values that are not finite numbers")
    model = Matching(flow_shapes(z_mean.shape[1], width or z_mean.shape[1], blocks), precision, seed)
    trains = epochs and minutes != 0
    if trains:
        faces = np.stack([z_mean, np.exp(z_log_var / 2)], axis=1)  # (N, 2, D)
        steps = epochs * -(-len(faces) // BATCH_SIZE)
        model.compile(keras.optimizers.Adam(LEARNING_RATE, beta_2=0.99, global_clipnorm=CLIP_NORM),
                      jit_compile=keras.backend.backend() == "jax")
        model.fit(faces, batch_size=BATCH_SIZE, epochs=epochs, verbose=0,
                  callbacks=[FallingRate(LEARNING_RATE, steps, minutes)])  # fmt: skip
    arrays = {name: ops.convert_to_numpy(weight) for name, weight in model.arrays.items()}
    arrays |= {name: np.full(z_mean.shape[1], float("scale" in name), np.float32) for name in MOMENTS}
    prior = FlowPrior(arrays)
    if not trains:
        return prior
    # Learned by least squares a velocity falls short where faces are rare, and its codes vary a twentieth too little:
    # for the eye that is little, for the distance between faces and drawn faces a quarter of it.
    variance = z_mean.var(axis=0, dtype=np.float64) + np.exp(z_log_var).mean(axis=0, dtype=np.float64)
    scale, shift = _matching(prior.sample(DRAWN), z_mean.mean(axis=0, dtype=np.float64), variance)
    return FlowPrior({**prior.arrays, "scale": scale, "shift": shift})


def fit_reencoding(prior: FlowPrior, reencode: Callable[[np.ndarray], np.ndarray], z_mean: np.ndarray) -> FlowPrior:
    """The prior whose codes, encoded again, vary in each dimension as faces' mean codes z_mean (N, D) do.

    In a decoded face an encoder sees more of everything than in a photo: its codes lie a tenth farther out.
    """
    seen = prior.sample(DRAWN, reencode=reencode)
    scale, shift = _matching(seen, z_mean.mean(axis=0, dtype=np.float64), z_mean.var(axis=0, dtype=np.float64))
    return FlowPrior({**prior.arrays, "seen_scale": scale, "seen_shift": shift})


def _matching(z: np.ndarray, mean: np.ndarray, variance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The scale and shift (D,) that give the codes z (N, D) a mean and variance (D,), or what never varies the mean."""
    z = z.astype(np.float64)
    scale = np.divide(np.sqrt(variance), z.std(axis=0), out=np.zeros_like(variance), where=z.std(axis=0) > 0)
    return scale, mean - scale * z.mean(axis=0)


def train_prior(encoder: keras.Model, decoder: keras.Model, images: np.ndarray, rows: np.ndarray, minutes: float,
                precision: str = "float32", seed: int = 0) -> tuple[FlowPrior, float]:
    """A flow fitted to the posteriors of images[rows], and the minutes that took; the arguments are `fit_flow`'s."""
    z_mean, z_log_var = posteriors(encoder, images, rows if minutes else rows[:1])  # in no time it learns from none
    started = time.monotonic()
    prior = fit_flow(z_mean, z_log_var, minutes=minutes, precision=precision, seed=seed)
    minutes_taken = minutes_since(started)
    return fit_reencoding(prior, reencoder(encoder, decoder), z_mean) if minutes else prior, minutes_taken


def minutes_since(started: float) -> float:
    """What the card says of training that began at that time of `time.monotonic()`, and may have ended early."""
    return round((time.monotonic() - started) / 60, 1)


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m model.flow", description="Train a bundle's prior anew.")
    parser.add_argument("--bundle", required=True, help="its folder, which is written anew with new measures")
    parser.add_argument("--data", required=True, help="CelebA's folder")
    parser.add_argument("--minutes", type=float, default=PRIOR_MINUTES, help="0 leaves the prior at N(0, I)")
    parser.add_argument("--precision", choices=PRECISIONS, default=PRECISIONS[0])
    parser.add_argument("--cache", help="folder for decoded faces (default ~/.cache/facet)")
    options = parser.parse_args(argv)
    try:
        if not Path(options.bundle).is_dir():
            raise ValueError(f"there is no folder {options.bundle}: the bundle is written anew where it lies")
        if not options.minutes >= 0:
            raise ValueError("--minutes must be 0 or more")
        bundle, data = load_bundle(options.bundle), CelebA(options.data, cache=options.cache)
        for split in ("train", "valid"):  # asked now, not after the training
            if len(data.rows(split)) == 0:
                raise ValueError(f"{options.data} has no faces in the {split} split")
        prior, took = train_prior(bundle.encoder, bundle.decoder, data.images(bundle.config.image_size),
                                  data.rows("train"), options.minutes, options.precision)  # fmt: skip
        about = {**bundle.about, "prior_minutes": took}
        bundle = dataclasses.replace(bundle, prior=prior, about=about)
        metrics = evaluate(bundle, data)
        save_bundle(options.bundle, **{**bundle.parts, "metrics": {**bundle.metrics, **metrics}})
    except (ValueError, OSError) as error:
        print(f"model.flow: {error}", file=sys.stderr)
        return 1
    print(measures_table(metrics))
    return 0


if __name__ == "__main__":
    sys.exit(main())
