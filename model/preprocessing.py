"""The crop: from a face in the CelebA frame to the model's square. Training and editing share it.

And resizing as a matrix, for the measures and the training step.
"""

import functools
from collections.abc import Callable

import numpy as np
from PIL import Image

FRAME_SIZE = (178, 218)  # width, height of CelebA's aligned pictures
FACE_BOX = (0, 32, 178, 210)  # left, top, right, bottom of the square in that frame
LIT = (slice(0.3, 0.8), slice(0.3, 0.7))  # rows, columns of the square, as parts of its side: skin, brow to mouth


def crop_face(frame: Image.Image, size: int) -> np.ndarray:
    """Cut the square out of a face in the CelebA frame and resize it.

    Args:
        frame: the aligned face; 178 x 218, or the same frame at another scale (half-size CelebA, say).
        size: S, the side of the square that the model reads.
    Returns:
        (S, S, 3) float32 in [0, 1].
    """
    return to_float(crop_image(frame, size))


def crop_image(frame: Image.Image, size: int) -> Image.Image:
    """`crop_face` before the conversion to float: an RGB picture of size x size."""
    scale_x, scale_y = frame.width / FRAME_SIZE[0], frame.height / FRAME_SIZE[1]
    left, top, right, bottom = FACE_BOX
    box = (left * scale_x, top * scale_y, right * scale_x, bottom * scale_y)
    # Pillow's resize widens its filter when it shrinks, so it does not alias; Lanczos keeps the most detail.
    return frame.convert("RGB").resize((size, size), Image.Resampling.LANCZOS, box=box)


def face_light(images: np.ndarray) -> np.ndarray:
    """The light on the face, and what colours it: mean red, green and blue of its middle.

    images (B, S, S, 3) in [0, 1] -> (B, 3) float64.
    """
    side = images.shape[1]
    rows, columns = (slice(round(part.start * side), round(part.stop * side)) for part in LIT)
    return np.asarray(images)[:, rows, columns].mean(axis=(1, 2), dtype=np.float64)


def to_float(image) -> np.ndarray:
    """uint8 picture(s), any shape -> float32 in [0, 1]."""
    return np.asarray(image, dtype=np.float32) / 255.0


def to_uint8(x: np.ndarray) -> np.ndarray:
    """float picture(s) in [0, 1], any shape -> uint8, rounded and clipped."""
    return np.clip(np.rint(np.asarray(x) * 255.0), 0, 255).astype(np.uint8)


def triangle(x: np.ndarray) -> np.ndarray:
    """The kernel of bilinear resizing at distances `x` of at least 0."""
    return np.maximum(1.0 - x, 0.0)


def lanczos(x: np.ndarray) -> np.ndarray:
    """The kernel of `ops.image.resize`'s "lanczos3", which PyTorch lacks, at distances `x` of at least 0."""
    return np.where(x < 3, np.sinc(x) * np.sinc(x / 3), 0)


@functools.cache
def resizing(side: int, size: int, kernel: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """(size, side) float32 weights that resize a row of pixels, with antialiasing where it becomes smaller."""
    pixel = side / size  # of the new picture, in old ones
    x = np.abs((np.arange(size)[:, None] + 0.5) * pixel - 0.5 - np.arange(side)) / max(pixel, 1.0)
    weights = kernel(x)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
