"""What moved between two decoded faces: dense optical flow, held to where it explains the change."""

import cv2
import numpy as np

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
FEATHER = 0.08  # part of the square's side over which edits and motion fade out at its border
MORPH_FEATHER = 0.2  # walls cross-fade outside the square: the decoder's idea of them may not end in a step
OVAL_SOFT = 0.35  # the part of the radius over which it fades


def edit_motion(y0: np.ndarray, y1: np.ndarray) -> np.ndarray:
    """The flow of an edit, `find_motion` in the face's oval only: free flow bends hair, ears and the wall behind."""
    return find_motion(y0, y1, EDIT_MOTION, EDIT_BLUR) * face_oval(y0.shape[0])[:, :, None]


def morph_motion(y_end: np.ndarray, y_t: np.ndarray) -> np.ndarray:
    """The flow that brings one end of a morph to the shape of y_t, `find_motion` in the whole square but its border."""
    size = y_t.shape[0]
    return find_motion(y_end, y_t, MORPH_MOTION, MORPH_BLUR) * square_fade(size, size)[:, :, None]


def find_motion(y_from: np.ndarray, y_to: np.ndarray, most: float, blur: float) -> np.ndarray:
    """The flow that turns one decoded face into the other, where it explains the change.

    Args:
        y_from, y_to: (S, S, 3) float32 in [0, 1].
        most, blur: the longest motion, and how far it is smoothed, in pixels of a square of 128.
    Returns:
        (S, S, 2) float32 pixels (x, y), smooth: `warp(y_from, flow)` looks like y_to.
    """
    size = y_from.shape[0]
    unit = size / TUNED_SIZE
    if size < 16:  # DIS needs some pixels to match patches in
        return np.zeros((size, size, 2), np.float32)
    flow = _optical_flow(_grey(y_to), _grey(y_from))  # (S, S, 2)
    flow = cv2.GaussianBlur(flow, (0, 0), blur * unit)
    length = np.linalg.norm(flow, axis=2, keepdims=True)
    flow *= np.minimum(1, most * unit / np.maximum(length, 1e-6))
    flow *= smoothstep((length / unit - LEAST_MOTION[0]) / (LEAST_MOTION[1] - LEAST_MOTION[0]))
    before = _blur(np.abs(y_to - y_from).mean(axis=2), EVIDENCE_BLUR * unit)
    after = _blur(np.abs(y_to - warp(y_from, flow)).mean(axis=2), EVIDENCE_BLUR * unit)
    explained = np.clip((before - after) / (before + NOISE), 0, 1)  # 0 where nothing changed or motion does not help
    weight = _blur(np.minimum(1, 2 * explained), blur * unit)  # half explained is motion enough
    return flow * weight[:, :, None]


def warp(picture: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """picture(x + flow(x)), borders repeated. picture (H, W, 3) float32, flow (H, W, 2) pixels.

    By Lanczos, which keeps more detail than a cubic filter, and only where something moves.
    """
    result = picture.copy()
    left, top, width, height = cv2.boundingRect((flow != 0).any(axis=2).astype(np.uint8))
    if width and height:
        region = (slice(top, top + height), slice(left, left + width))
        y, x = np.mgrid[region].astype(np.float32)
        result[region] = cv2.remap(picture, x + flow[region][:, :, 0], y + flow[region][:, :, 1], cv2.INTER_LANCZOS4,
                                   borderMode=cv2.BORDER_REPLICATE)
    return result


def scale_flow(flow: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The same motion on a picture of another size (width, height)."""
    height, width = flow.shape[:2]
    larger = cv2.resize(flow, size, interpolation=cv2.INTER_LINEAR)
    return larger * np.array([size[0] / width, size[1] / height], np.float32)


def face_oval(size: int) -> np.ndarray:
    """(S, S) float32: 1 in the middle of the face, fading to 0 at its outline."""
    at = (np.arange(size, dtype=np.float32) + 0.5) / size
    radius = np.hypot((at[None, :] - OVAL_CENTRE[0]) / OVAL_RADII[0], (at[:, None] - OVAL_CENTRE[1]) / OVAL_RADII[1])
    return smoothstep((1 - radius) / OVAL_SOFT)


def square_fade(width: int, height: int, feather: float = FEATHER) -> np.ndarray:
    """(H, W) float32: 0 on the border of the square, 1 inside, fading over the part `feather` of its side."""
    across, down = (smoothstep(np.minimum(at, at[::-1]) / feather)
                    for at in (np.arange(side, dtype=np.float32) / (side - 1) for side in (width, height)))
    return down[:, None] * across[None, :]


def smoothstep(x: np.ndarray) -> np.ndarray:
    """0 below 0, 1 above 1, and a smooth S between."""
    x = np.clip(x, 0, 1)
    return x * x * (3 - 2 * x)


def _optical_flow(to: np.ndarray, source: np.ndarray) -> np.ndarray:
    """(S, S, 2): source(x + flow) looks like to(x); both (S, S) uint8. Dense inverse search, Kroeger et al. 2016."""
    # A new object each time: DIS keeps buffers between calls, so threads may not share one.
    return cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM).calc(to, source, None)


def _grey(y: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(np.clip(np.rint(y * 255), 0, 255).astype(np.uint8), cv2.COLOR_RGB2GRAY)


def _blur(values: np.ndarray, sigma: float) -> np.ndarray:
    return cv2.GaussianBlur(values, (0, 0), sigma)
