"""How far a slider can take a face: nobody has less than no bangs.

A slider unit is measured on faces of the other side: -1 takes faces with bangs to the mean of those without. A face
that is on that side already would only burn out; it may go a little further, and no more.
"""

from collections.abc import Mapping

import numpy as np

from model.classifier import sigmoid
from model.latents import Latents

EXCESS = 0.5  # slider units that a face goes at most in the direction in which it lies already; chosen by eye


def within_reach(latents: Latents, z: np.ndarray, strengths: Mapping[str, float],
                 gain: float = 1.0) -> dict[str, float]:
    """Strengths of which a face goes only so far as it has room.

    Where the linear reading takes the face for one of the other side, a strength stays as it is. The surer it is that
    the face is there already, the more of the strength bends towards EXCESS.

    Args:
        z: (1, D) the face's code.
        strengths: slider units by attribute.
        gain: multiplies what is left of them.
    Returns:
        The same attributes; 0 stays 0, signs and the order of sizes stay.
    """
    between = (np.asarray(latents.centroid_positive, np.float64) + latents.centroid_negative) / 2  # (K, D)
    # Fisher's discriminant, with as many faces on either side: the log-odds that the face has each attribute.
    odds = dict(zip(latents.names, latents.read(z)[0] - np.diagonal(latents.read(between)), strict=True))
    result = {}
    for name, strength in strengths.items():
        there = float(sigmoid(np.sign(strength) * odds.get(name, 0.0)))  # on the side that the slider points to
        free = min(1.0, 2 * (1 - there))
        bent = EXCESS * np.tanh(strength / EXCESS)
        result[name] = gain * float(free * strength + (1 - free) * bent)
    return result
