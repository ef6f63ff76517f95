"""Calibration: what one slider unit is, measured with the attribute classifier on decoded validation faces."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from model.latents import Latents

# How many faces are moved for each attribute and side, and by how many plain centroid vectors.
CALIBRATION_FACES = 48
CALIBRATION_STEPS = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0)
NEARLY = 0.9  # of a rise that ends below its target; its last tenth is long, and faces burn out on it
# Fewer labelled validation faces than this on either side say nothing: the unit stays one plain vector.
CALIBRATION_MINIMUM = 8


def calibrate(
    latents: Latents,
    z: np.ndarray,
    labels: np.ndarray,
    decode: Callable[[np.ndarray], np.ndarray],
    classify: Callable[[np.ndarray], np.ndarray],
    seed: int = 0,
) -> Latents:
    """Find the length of a slider unit: +1 takes faces that lack an attribute to the mean logit of faces that have it.

    For each attribute and side a sample of decoded faces is moved by CALIBRATION_STEPS plain centroid vectors; the unit
    is where the mean logit, made monotone, crosses the mean of the decoded faces on the other side. It lies between
    the first and the last step; where the classifier never gets that far, it ends where nearly all of the rise is made.

    Args:
        latents: fitted on the training faces.
        z: (N, D) codes of validation faces.
        labels: (N, K) 1 has it, -1 lacks it, 0 or NaN unlabelled; by sign.
        decode: (B, D) -> (B, S, S, 3).
        classify: (B, S, S, 3) -> (B, K) logits.
        seed: chooses the faces.
    Returns:
        The same latents with `calibration` measured.
    """
    z, labels = np.asarray(z, np.float32), np.nan_to_num(np.asarray(labels, np.float64))
    if z.shape != (len(labels), len(latents.mean)) or labels.shape[1:] != (len(latents.names),):
        raise ValueError(f"z {z.shape} and labels {labels.shape} do not fit these latents")
    rng = np.random.default_rng(seed)
    labelled = np.flatnonzero((labels != 0).any(axis=1))
    start = np.full((len(z), len(latents.names)), np.nan)
    start[labelled] = classify(decode(z[labelled]))  # (N, K) logits of the reconstructions
    calibration = np.ones((len(latents.names), 2), np.float32)
    for k, direction in enumerate(latents.directions):
        sides = [np.flatnonzero(labels[:, k] < 0), np.flatnonzero(labels[:, k] > 0)]
        if min(map(len, sides)) < CALIBRATION_MINIMUM or not direction.any():
            continue
        for side, sign in ((0, -1), (1, 1)):  # downwards from the faces that have it; upwards from those that lack it
            there, here = sides[side], sides[1 - side]
            here, target = rng.permutation(here)[:CALIBRATION_FACES], sign * start[there, k].mean()
            climbed = [sign * start[here, k].mean()]  # (1 + steps,) the mean logit on the way to the other side
            for step in CALIBRATION_STEPS:
                if climbed[-1] >= target:
                    break
                moved = (z[here] + sign * step * direction).astype(np.float32)
                climbed.append(max(climbed[-1], sign * classify(decode(moved))[:, k].mean()))
            calibration[k, side] = _crossing((0.0, *CALIBRATION_STEPS), np.array(climbed), target)
    return replace(latents, calibration=calibration)


def _crossing(steps: Sequence[float], climbed: np.ndarray, target: float) -> float:
    """Where a rising curve first reaches a target, by linear interpolation.

    A curve that stays below it is followed for NEARLY of its rise: what is left would cost several times the way, and
    on it faces burn out.
    """
    if climbed[-1] < target:
        target = climbed[0] + NEARLY * (climbed[-1] - climbed[0])
    after = int(np.argmax(climbed >= target))
    if after == 0:
        return CALIBRATION_STEPS[0]
    rise = (target - climbed[after - 1]) / (climbed[after] - climbed[after - 1])
    crossing = steps[after - 1] + rise * (steps[after] - steps[after - 1])
    return float(np.clip(crossing, CALIBRATION_STEPS[0], CALIBRATION_STEPS[-1]))
