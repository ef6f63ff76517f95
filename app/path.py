"""The way from one code to another: how far along it each frame of a morph or an animation lies."""

import numpy as np

from app.photo.animation import easing


def path_times(count: int, ease: bool) -> np.ndarray:
    """(count,) float32 from 0 to 1, even or with gentle ends."""
    times = np.linspace(0, 1, count, dtype=np.float32)
    return easing(times) if ease else times


def path_codes(start: np.ndarray, end: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Codes (F, D) on the straight line from start (1, D) to end (1, D), at times (F,)."""
    t = times[:, None]  # (F, 1)
    return (1 - t) * start + t * end
