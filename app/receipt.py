"""The receipt of an edit: what was asked, what came of it, what else changed, and when not to trust the model."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from app.faces import OpenFace, compared_size
from app.reach import room, within_reach
from app.recipe import Recipe
from model.bundle import Bundle
from model.classifier import sigmoid
from model.latents import Latents

UNASKED_COUNT = 5  # more than five lines nobody reads
UNASKED_LEAST = 0.05  # a change of probability below this is the classifier's own unrest
LEAST_GAP = 1.0  # logits: a classifier that tells an attribute apart by less cannot count its slider units
TILT_LIMIT = 30.0  # degrees: CelebA's faces are upright
TURN_LIMIT = 0.3  # the nose this share of the eyes' distance off their middle: a half profile
FAR_OUT = 1.5  # times the Mahalanobis length that a Gaussian of this covariance has
CUT_LIMIT = 0.03  # share of the face beyond the photo's border: a chin or a cheek
LITTLE_ROOM, MUCH_OF_IT = 0.8, 0.8  # of a unit, and of a strength: what has less of both is said
PSNR_SLACK = 6.0  # dB: four times the squared error that validation faces have on average


@dataclass(frozen=True)
class Receipt:
    """What an edit did, read by the attribute classifier from the composed face, edited against unedited.

    asked: attribute -> slider units that were set.
    achieved: attribute -> change of probability (-1 to 1) for each attribute asked.
    achieved_units: the same changes in slider units, for the attributes whose unit the bundle's metrics give in logits.
    unasked: (attribute, change of probability) of the others, kept ones among them, the largest first.
    warnings: sentences for the person, none when all is well.
    """

    asked: Mapping[str, float]
    achieved: Mapping[str, float]
    achieved_units: Mapping[str, float]
    unasked: Sequence[tuple[str, float]]
    warnings: Sequence[str]

    def to_dict(self) -> dict:
        """Plain JSON values, numbers rounded to three places."""
        return {
            "asked": dict(self.asked),
            "achieved": {name: round(change, 3) for name, change in self.achieved.items()},
            "achieved_units": {name: round(change, 3) for name, change in self.achieved_units.items()},
            "unasked": [[name, round(change, 3)] for name, change in self.unasked],
            "warnings": list(self.warnings),
        }


def write_receipt(bundle: Bundle, asked: Mapping[str, float], logits: np.ndarray, warnings: Sequence[str]) -> Receipt:
    """The receipt of one edit.

    Args:
        bundle: of its metrics, the evaluation's `classifier_logit_gap` tells how many logits one slider unit is.
        asked: attribute -> slider units.
        logits: (2, K) of the face before and after the edit.
    """
    logits = np.asarray(logits, np.float64)
    probability = sigmoid(logits)
    names = bundle.latents.names
    change = dict(zip(names, (probability[1] - probability[0]).tolist(), strict=True))
    change_logits = dict(zip(names, (logits[1] - logits[0]).tolist(), strict=True))
    gap = bundle.metrics.get("by_attribute", {}).get("classifier_logit_gap", {})
    others = [(name, change[name]) for name in names if name not in asked and abs(change[name]) >= UNASKED_LEAST]
    return Receipt(
        asked=dict(asked),
        achieved={name: change[name] for name in asked},
        achieved_units={name: change_logits[name] / gap[name] for name in asked if gap.get(name, 0) >= LEAST_GAP},
        unasked=tuple(sorted(others, key=lambda item: -abs(item[1]))[:UNASKED_COUNT]),
        warnings=tuple(warnings),
    )


def edit_warnings(bundle: Bundle, opened: OpenFace, recipe: Recipe) -> list[str]:
    """Sentences on why this edit may not come out as hoped; empty when all is well."""
    latents = bundle.latents
    warnings = []
    weak = [name for name in recipe.set if not latents.reliable[latents.names.index(name)]]
    if weak:
        warnings.append(f"The model saw too few labelled faces for {', '.join(weak)}; expect little of it.")
    if recipe.bundle not in (None, bundle.hash):
        warnings.append(f"This recipe was made with the model {recipe.bundle} and this is {bundle.hash}, "
                        "so the result differs.")
    if opened.face is not None:
        warnings += face_warnings(opened.face.matrix, opened.face.landmarks)
    if opened.cut > CUT_LIMIT:
        warnings.append(f"The photo's border cuts this face: {math.ceil(100 * opened.cut)} % of it is not in the "
                        "photo, and the model has to guess it; edits may miss.")
    usual = bundle.metrics.get(f"psnr_{compared_size(bundle.config.image_size)}")  # absent if it was never evaluated
    if opened.psnr is not None and usual is not None:
        warnings += reconstruction_warnings(opened.psnr, usual)
    return warnings + code_warnings(opened.z, latents) + reach_warnings(opened, latents, recipe.set)


def face_warnings(matrix: np.ndarray, landmarks: np.ndarray) -> list[str]:
    """Sentences about the pose: a face that the alignment had to turn, or that looks to the side.

    Args:
        matrix: (2, 3) photo -> CelebA frame.
        landmarks: (5, 2) photo pixels: left eye, right eye, nose, left and right corner of the mouth.
    """
    warnings = []
    tilt = math.degrees(math.atan2(matrix[1, 0], matrix[0, 0]))
    if abs(tilt) > TILT_LIMIT:
        warnings.append(f"The face is tilted by {abs(tilt):.0f} degrees; the model knows upright faces best.")
    eyes, eyes_middle = landmarks[1] - landmarks[0], landmarks[:2].mean(axis=0)
    turn = abs(np.dot(landmarks[2] - eyes_middle, eyes)) / max(float(np.dot(eyes, eyes)), 1e-6)
    if turn > TURN_LIMIT:
        warnings.append("The face looks to the side; the model knows faces from the front best.")
    return warnings


def reach_warnings(opened: OpenFace, latents: Latents, asked: Mapping[str, float]) -> list[str]:
    """A sentence if a face lies already where the slider units asked would take it."""
    left, goes = room(latents, opened, asked), within_reach(latents, opened, asked)
    short = [f"{name} {strength:+.2f} goes only as far as {goes[name]:+.2f}" for name, strength in asked.items()
             if left[name] < LITTLE_ROOM and abs(goes[name]) < MUCH_OF_IT * abs(strength)]  # fmt: skip
    return [f"The face is much like that already: {', '.join(short)}."] if short else []


def code_warnings(z: np.ndarray, latents: Latents) -> list[str]:
    """A sentence if a code z (1, D) lies far out of the training faces' cloud."""
    away = np.asarray(z, np.float64)[0] - latents.mean
    # Not by BLAS, whose threads get into each other's way when many visitors ask.
    length = float(np.sqrt(np.einsum("i,ij,j", away, latents.precision, away) / len(away)))
    if length > FAR_OUT:
        return [f"The model finds this face unusual ({length:.1f} times as far out as its training faces); "
                "edits may miss."]
    return []


def reconstruction_warnings(psnr: float, usual: float) -> list[str]:
    """A sentence if the model's picture of the face is far worse than usual: both PSNR in dB, see `OpenFace`."""
    if psnr < usual - PSNR_SLACK:
        return [f"The model sees this face poorly ({psnr:.0f} dB where {usual:.0f} are usual); edits may miss. "
                "A frontal, well lit face without a hand or a microphone before it works best."]
    return []
