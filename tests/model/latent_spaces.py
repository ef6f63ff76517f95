"""Random latent spaces and edits, for the tests of what moves codes."""

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from model.latents import Latents

D = 12
NAMES = ("Smiling", "Male", "Young", "Eyeglasses", "Blond_Hair", "Bald")
STRENGTH = st.floats(-2, 2).filter(lambda s: abs(s) > 1e-6)


def random_latents(seed: int, parallel: float = 1.0) -> Latents:
    """Correlated codes; the last direction is the first one plus `parallel` times another. Calibration is uneven."""
    rng = np.random.default_rng(seed)
    k = len(NAMES)
    mixing = rng.normal(size=(D, D)) * np.geomspace(0.05, 2, D)
    directions = rng.normal(size=(k, D))
    directions[-1] = directions[0] + parallel * rng.normal(size=D)
    middle = rng.normal(size=(k, D))
    return Latents(
        names=NAMES,
        centroid_positive=middle + directions / 2,
        centroid_negative=middle - directions / 2,
        count_positive=np.full(k, 500),
        count_negative=np.full(k, 900),
        mean=rng.normal(size=D),
        covariance=mixing @ mixing.T + 0.01 * np.eye(D),
        calibration=rng.uniform(0.5, 2, (k, 2)),
        reliable=np.ones(k, bool),
    )


edits = st.dictionaries(st.sampled_from(NAMES), STRENGTH, min_size=1, max_size=3)
seeds = st.integers(0, 1000)
conditions = st.sampled_from([1.0, 1e-2, 1e-4, 1e-7, 0.0])
quick = settings(max_examples=60, deadline=None)


def codes(seed: int, n: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, D)).astype(np.float32)
