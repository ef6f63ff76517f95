"""The guided filter (He et al. 2010): what a photo explains of something softer, and with which outlines.

Pictures come as planes (C, H, W) in here: NumPy works through those several times faster than through (H, W, C).
"""

from dataclasses import dataclass

import numpy as np

from app.photo.pixels import blurred, in_colour, luminance


@dataclass(frozen=True, eq=False)
class Guide:
    """A photo as a guide, with all that does not depend on what it guides.

    planes, mean: (3, H, W) float32, its colours and their mean in each window.
    inverse: (3, 3, H, W) float32, of their covariance in each window, with noise on its diagonal.
    sigma: of the Gaussian window, in pixels.
    """

    planes: np.ndarray
    mean: np.ndarray
    inverse: np.ndarray
    sigma: float

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.planes.shape[2], self.planes.shape[1]

    @classmethod
    def of(cls, picture: np.ndarray, sigma: float, noise: float) -> "Guide":
        """Edges of the picture (H, W, 3) fainter than `noise` do not guide."""
        planes = to_planes(picture)
        mean = _blurred(planes, sigma)
        covariance = _covariance(planes, mean, planes, mean, sigma).transpose(2, 3, 0, 1)  # (H, W, 3, 3)
        inverse = np.linalg.inv(covariance + noise**2 * np.eye(3, dtype=np.float32))
        return cls(planes, mean, np.ascontiguousarray(inverse.transpose(2, 3, 0, 1)), sigma)

    def explain(self, target: np.ndarray, noise: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The target (T, H, W) as linear in the guide's colours, window by window: eq. 14 to 16 with Gaussian windows.

        Args:
            noise: variation of the target that needs no explanation.
        Returns:
            Slopes (guide's 3, T, H, W) and offsets (T, H, W), both smooth, and the share of the target's variance that
            they explain, (H, W) in [0, 1].
        """
        mean = _blurred(target, self.sigma)
        covariance = _covariance(self.planes, self.mean, target, mean, self.sigma)  # (3, T, H, W)
        slope = np.einsum("gkhw,kthw->gthw", self.inverse, covariance)
        offset = mean - np.einsum("ghw,gthw->thw", self.mean, slope)
        variance = (_blurred(target * target, self.sigma) - mean * mean).sum(axis=0)
        explained = np.einsum("gthw,gthw->hw", slope, covariance) / np.maximum(variance, noise**2)
        return tuple(_blurred(values, self.sigma) for values in (slope, offset, np.clip(explained, 0, 1)))


def smooth_line(picture: np.ndarray, sigma: float, noise: float) -> tuple[np.ndarray, np.ndarray]:
    """A picture without its faint detail, as lines in its luminance: `slope * luminance(picture) + offset`.

    A guided filter whose guide is the picture itself: it keeps outlines and smooths what is fainter than `noise`.

    Args:
        picture: (H, W, 3) float32.
        sigma: of the Gaussian window, in pixels.
        noise: contrast at which a detail is half kept.
    Returns:
        slope, offset: (H, W, 3) float32, both smooth.
    """
    grey = in_colour(luminance(picture))
    mean_grey, mean = blurred(grey, sigma), blurred(picture, sigma)
    covariance = blurred(grey * picture, sigma) - mean_grey * mean
    variance = blurred(grey * grey, sigma) - mean_grey * mean_grey
    slope = covariance / (np.maximum(variance, 0) + noise**2)
    return blurred(slope, sigma), blurred(mean - slope * mean_grey, sigma)


def to_planes(picture: np.ndarray) -> np.ndarray:
    """(H, W, C) -> (C, H, W)."""
    return np.ascontiguousarray(picture.transpose(2, 0, 1))


def to_picture(planes: np.ndarray) -> np.ndarray:
    """(C, H, W) -> (H, W, C)."""
    return np.ascontiguousarray(planes.transpose(1, 2, 0))


def _covariance(a: np.ndarray, mean_a: np.ndarray, b: np.ndarray, mean_b: np.ndarray, sigma: float) -> np.ndarray:
    """Of two pictures' colours in each window: (A, H, W) and (B, H, W) -> (A, B, H, W)."""
    return _blurred(a[:, None] * b[None], sigma) - mean_a[:, None] * mean_b[None]


def _blurred(values: np.ndarray, sigma: float) -> np.ndarray:
    """(..., H, W) through a Gaussian, all planes at once."""
    picture = to_picture(values.reshape(-1, *values.shape[-2:]))
    return to_planes(np.atleast_3d(blurred(picture, sigma))).reshape(values.shape)
