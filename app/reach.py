"""How far a slider can take a face: nobody has less than no bangs.

A slider unit is measured on faces of the other side: -1 takes faces with bangs to the mean of those without. Far beyond
that mean, or on the way there for a face that has no bangs to begin with, there are no faces, and what is drawn burns.
"""

from collections.abc import Mapping

import numpy as np

from app.faces import OpenFace
from model.classifier import sigmoid
from model.latents import Latents

EXCESS = 0.5  # slider units that a face goes at most beyond the mean of those that are as asked; chosen by eye


def within_reach(latents: Latents, opened: OpenFace, strengths: Mapping[str, float],
                 gain: float = 1.0) -> dict[str, float]:
    """Strengths of which a face goes only so far as there are faces.

    A face of the other side has one unit to go, and what is asked beyond that bends towards EXCESS. The surer it is
    that the face is there already, the less of that unit is left.

    Args:
        opened: the face.
        strengths: slider units by attribute.
        gain: multiplies what is left of them.
    Returns:
        The same attributes; 0 stays 0, signs and the order of sizes stay.
    """
    result = {}
    for name, share in room(latents, opened, strengths).items():
        size = abs(strengths[name])
        across = min(size, 1.0) + _bent(max(size - 1.0, 0.0))
        result[name] = gain * float(np.copysign(share * across + (1 - share) * _bent(size), strengths[name]))
    return result


def room(latents: Latents, opened: OpenFace, strengths: Mapping[str, float]) -> dict[str, float]:
    """How much of the unit between the sides is left to a face in the direction of each strength: 1 all, 0 nothing.

    The linear reading tells where a face lies. It overlooks a fifth of glasses and hats, which could then not be taken
    off, so what the classifier sees can be, too. (What it does not see proves little: most attributes are rare.)
    """
    between = (np.asarray(latents.centroid_positive, np.float64) + latents.centroid_negative) / 2  # (K, D)
    # Fisher's discriminant, with as many faces on either side: the log-odds that the face has each attribute.
    odds = latents.read(opened.z)[0] - np.diagonal(latents.read(between))  # (K,)
    result = {}
    for name, strength in strengths.items():
        k = latents.names.index(name)
        away = float(sigmoid(-np.sign(strength) * odds[k]))
        if strength < 0 and opened.logits is not None:
            away = max(away, float(sigmoid(opened.logits[k])))
        result[name] = min(1.0, 2 * away)
    return result


def _bent(size: float) -> float:
    return EXCESS * np.tanh(size / EXCESS)
