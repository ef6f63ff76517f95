"""Batches of faces with augmentation, for `fit` on any backend."""

import os

import keras
import numpy as np
from PIL import Image

from model.config import TrainConfig
from model.preprocessing import to_float

# One unit of `jitter`: the spread of a face detector's alignment around CelebA's own.
SHIFT, ANGLE, SCALE = 0.01, 2.0, 0.02  # of the side; degrees; relative


class FaceBatches(keras.utils.PyDataset):
    """{"x": (B, S, S, 3) float32 in [0, 1], "sharp": (B,) float32 in {0, 1}}, sharp faces first in each batch.

    Args:
        images: (N, S, S, 3) uint8, memory-mapped or not.
        rows: (n,) which of them.
        sharp: (N,) bool, faces at full size.
        config: batch size and augmentation.
        training: shuffle every epoch, drop the last short batch and augment; else neither.
        devices: that share each batch: equal shares, for which some last faces may be left out, and as many sharp faces
            in each.
    """

    def __init__(self, images, rows, sharp, config: TrainConfig, training: bool, epoch: int = 0, devices: int = 1):
        # A GPU takes thousands of faces a second and a core augments under two thousand: half of the cores do that.
        workers = max(1, (os.cpu_count() or 1) // 2)
        super().__init__(workers=workers, use_multiprocessing=False, max_queue_size=4 * workers)
        rows = rows[: len(rows) - len(rows) % devices]
        if len(rows) == 0:
            raise ValueError("there are no faces in this split")
        if config.batch_size % devices:
            raise ValueError(f"batch_size is {config.batch_size}; {devices} devices need a multiple of {devices}")
        self.images, self.rows, self.sharp, self.config, self.training = images, np.array(rows), sharp, config, training
        self.epoch, self.devices = epoch, devices
        self._shuffle()

    def __len__(self) -> int:
        full, rest = divmod(len(self.rows), self.config.batch_size)
        return full if self.training and full else full + (rest > 0)

    def __getitem__(self, index: int):
        rows = self.order[index * self.config.batch_size : (index + 1) * self.config.batch_size]
        rows = rows[np.argsort(~self.sharp[rows], kind="stable")]
        rows = np.concatenate([rows[device :: self.devices] for device in range(self.devices)])
        x = to_float(self._augmented(rows, index) if self.training else self.images[rows])
        return ({"x": x, "sharp": self.sharp[rows].astype(np.float32)},)

    def on_epoch_end(self) -> None:
        """Next epoch, next order."""
        self.epoch += 1
        self._shuffle()

    def _shuffle(self) -> None:
        # Seeded by the epoch, so that a resumed run sees what an unbroken one would have seen.
        order = np.random.default_rng((self.config.seed, self.epoch)).permutation(len(self.rows))
        self.order = self.rows[order] if self.training else self.rows

    def _augmented(self, rows: np.ndarray, index: int) -> np.ndarray:
        rng = np.random.default_rng((self.config.seed, self.epoch, index))
        return np.stack([augment(self.images[row], rng, self.config) for row in rows])


def augment(image: np.ndarray, rng: np.random.Generator, config: TrainConfig) -> np.ndarray:
    """One (S, S, 3) uint8 face -> another: mirrored, moved a little, its colour balance changed."""
    if config.flip and rng.random() < 0.5:
        image = image[:, ::-1]
    if config.jitter and rng.random() < 0.5:  # the other half keeps its pixels: resampling softens
        image = _similarity(image, rng, config.jitter)
    if config.colour:
        gain = rng.uniform(1 - config.colour, 1 + config.colour, 3) * rng.uniform(1 - config.colour, 1 + config.colour)
        image = np.clip(image * gain.astype(np.float32) + 0.5, 0, 255).astype(np.uint8)
    return image


def _similarity(image: np.ndarray, rng: np.random.Generator, strength: float) -> np.ndarray:
    size = len(image)
    angle = np.deg2rad(ANGLE * strength * rng.standard_normal())
    scale = np.exp(SCALE * strength * rng.standard_normal())
    a, b = scale * np.cos(angle), scale * np.sin(angle)
    shift, centre = SHIFT * strength * size * rng.standard_normal(2), size / 2
    # Replicated borders, as in CelebA's own alignment.
    pad = size // 8
    padded = Image.fromarray(np.pad(image, ((pad, pad), (pad, pad), (0, 0)), "edge"))
    coefficients = (a, b, centre - a * centre - b * centre + shift[0] + pad,
                    -b, a, centre + b * centre - a * centre + shift[1] + pad)
    return np.asarray(padded.transform((size, size), Image.Transform.AFFINE, coefficients, Image.Resampling.BICUBIC))
