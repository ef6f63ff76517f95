"""What moved between two decoded faces: dense optical flow, held to where it explains the change."""

from functools import lru_cache

import cv2
import numpy as np

from app.photo.pixels import blurred, in_colour, luminance, smoothstep, to_uint8, total

# Lengths below are in pixels of a square of 128, the size at which they were tuned; they scale with the square.
TUNED_SIZE = 128
EDIT_MOTION = 5.0  # lids, mouth corners and jaws move less; more is the flow's mistake
MORPH_MOTION = 12.0  # heads and hair of two people lie farther apart
EDIT_BLUR = 1.5  # of the flow
MORPH_BLUR = 3.0
LEAST_MOTION = (0.2, 0.6)  # from no motion to the whole: shifts too small to see would cost sharpness all the same
EVIDENCE_BLUR = 3.0  # the neighbourhood in which motion must explain the change
NOISE = 0.004  # change of a [0, 1] value too small to speak for motion
OVAL_CENTRE = (0.497, 0.55)  # of the face in the square, as parts of its side: aligned faces share it
OVAL_RADII = (0.27, 0.36)  # from the forehead to the chin, without ears and hair
OVAL_SOFT = 0.35  # the part of the radius over which it fades
OVAL_MARGIN = 4.0  # around the oval's box: the flow beside the face is part of the evidence at its edge
FEATHER = 0.08  # part of the square's side over which edits and motion fade out at its border
MORPH_FEATHER = 0.2  # walls cross-fade outside the square: the decoder's idea of them may not end in a step
WARP_BAND = 32  # rows that are warped at once
STILL = 1 / 64  # pixels; OpenCV's remap knows thirty-seconds, and rounds less than this to nothing


def edit_motion(y0: np.ndarray, y1: np.ndarray) -> np.ndarray:
    """The flow of an edit, `find_motion` in the face's oval only: free flow bends hair, ears and the wall behind."""
    side = y0.shape[0]
    flow, box = np.zeros((side, side, 2), np.float32), oval_box(side)
    flow[box] = find_motion(y0[box], y1[box], EDIT_MOTION, EDIT_BLUR, side / TUNED_SIZE) * _pair(face_oval(side)[box])
    return flow


def morph_motion(y_end: np.ndarray, y_t: np.ndarray) -> np.ndarray:
    """The flow that brings one end of a morph to the shape of y_t, `find_motion` in the whole square but its border."""
    side = y_t.shape[0]
    return find_motion(y_end, y_t, MORPH_MOTION, MORPH_BLUR, side / TUNED_SIZE) * _pair(square_fade(side, side))


def find_motion(y_from: np.ndarray, y_to: np.ndarray, most: float, blur: float, unit: float) -> np.ndarray:
    """The flow that turns one decoded face into the other, where it explains the change.

    Args:
        y_from, y_to: (H, W, 3) float32 in [0, 1], two squares or the same part of both.
        most, blur: the longest motion, and how far it is smoothed, in pixels of a square of 128.
        unit: how many of these pictures' pixels are one of those.
    Returns:
        (H, W, 2) float32 pixels (x, y), smooth: `warp(y_from, flow)` looks like y_to.
    """
    height, width = y_from.shape[:2]
    if min(height, width) < 16:  # DIS needs some pixels to match patches in
        return np.zeros((height, width, 2), np.float32)
    flow = blurred(_optical_flow(_grey(y_to), _grey(y_from)), blur * unit)  # (H, W, 2)
    length = cv2.magnitude(*cv2.split(flow))
    least, whole = LEAST_MOTION
    share = np.minimum(1, most * unit / np.maximum(length, 1e-6))
    share *= smoothstep((length / unit - least) / (whole - least))
    flow *= _pair(share)
    before = blurred(_difference(y_to, y_from), EVIDENCE_BLUR * unit)
    after = blurred(_difference(y_to, warp(y_from, flow)), EVIDENCE_BLUR * unit)
    explained = np.clip((before - after) / (before + NOISE), 0, 1)  # 0 where nothing changed or motion does not help
    weight = blurred(np.minimum(1, 2 * explained), blur * unit)  # half explained is motion enough
    return flow * _pair(weight)


def warp(picture: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """picture(x + flow(x)), borders repeated. picture (H, W, 3) float32, flow (H, W, 2) pixels.

    Only where something moves: the luminance by Lanczos, which keeps more detail than a cubic filter, the colours with
    it linearly, as eyes see detail in the luminance alone.
    """
    result = picture.copy()
    moves = 255 - cv2.inRange(flow, (-STILL, -STILL), (STILL, STILL))  # (H, W)
    for start in range(0, len(picture), WARP_BAND):
        left, top, width, height = cv2.boundingRect(moves[start : start + WARP_BAND])
        if width:
            part = (slice(start + top, start + top + height), slice(left, left + width))
            reach = int(np.abs(flow[part]).max()) + 5  # Lanczos looks at four pixels to each side
            above, before = max(0, part[0].start - reach), max(0, left - reach)
            source = picture[above : part[0].stop + reach, before : part[1].stop + reach]
            at = flow[part] + np.array([left - before, part[0].start - above], np.float32)
            colours = _moved(source, at, cv2.INTER_LINEAR)
            sharper = _moved(luminance(source), at, cv2.INTER_LANCZOS4) - luminance(colours)
            result[part] = colours + in_colour(sharper)
    return result


def scale_flow(flow: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The same motion on a picture of another size (width, height)."""
    height, width = flow.shape[:2]
    return cv2.resize(flow * np.array([size[0] / width, size[1] / height], np.float32), size)


@lru_cache(maxsize=8)
def face_oval(side: int) -> np.ndarray:
    """(S, S) float32: 1 in the middle of the face, fading to 0 at its outline. Shared, so read-only."""
    at = (np.arange(side, dtype=np.float32) + 0.5) / side
    radius = np.hypot((at[None, :] - OVAL_CENTRE[0]) / OVAL_RADII[0], (at[:, None] - OVAL_CENTRE[1]) / OVAL_RADII[1])
    oval = smoothstep((1 - radius) / OVAL_SOFT)
    oval.setflags(write=False)
    return oval


def oval_box(side: int) -> tuple[slice, slice]:
    """Rows and columns of a square that hold the face's oval and a little around it."""
    margin = OVAL_MARGIN / TUNED_SIZE
    across, down = ((max(0, round((centre - radius - margin) * side)), round((centre + radius + margin) * side))
                    for centre, radius in zip(OVAL_CENTRE, OVAL_RADII, strict=True))
    return slice(*down), slice(*across)


def square_fade(width: int, height: int, feather: float = FEATHER) -> np.ndarray:
    """(H, W) float32: 0 on the border of the square, 1 inside, fading over the part `feather` of its side."""
    across, down = (smoothstep(np.minimum(at, at[::-1]) / feather)
                    for at in (np.arange(side, dtype=np.float32) / (side - 1) for side in (width, height)))
    return down[:, None] * across[None, :]


def _moved(picture: np.ndarray, flow: np.ndarray, interpolation: int) -> np.ndarray:
    return cv2.remap(picture, flow, None, interpolation | cv2.WARP_RELATIVE_MAP, borderMode=cv2.BORDER_REPLICATE)


def _optical_flow(to: np.ndarray, source: np.ndarray) -> np.ndarray:
    """(H, W, 2): source(x + flow) looks like to(x); both (H, W) uint8. Dense inverse search, Kroeger et al. 2016."""
    # A new object each time: DIS keeps buffers between calls, so threads may not share one.
    return cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM).calc(to, source, None)


def _grey(y: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(to_uint8(y), cv2.COLOR_RGB2GRAY)


def _difference(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(H, W, 3) twice -> (H, W), the mean over the colours."""
    return total(cv2.absdiff(a, b)) / 3


def _pair(weight: np.ndarray) -> np.ndarray:
    """(H, W) -> (H, W, 2), to weigh a flow."""
    return cv2.merge((weight, weight))
