"""What moved between two decoded faces: dense optical flow, held to where it explains the change."""

import cv2
import numpy as np

# Lengths below are in pixels of a square of 128, the size at which they were tuned; they scale with the square.
TUNED_SIZE = 128
MAX_MOTION = 5.0  # lids, mouth corners and jaws move less; more is the flow's mistake
FLOW_BLUR = 1.5
EVIDENCE_BLUR = 3.0  # the neighbourhood in which motion must explain the change
NOISE = 0.004  # change of a [0, 1] value too small to speak for motion
OVAL_CENTRE = (0.497, 0.55)  # of the face in the square, as parts of its side: aligned faces share it
OVAL_RADII = (0.27, 0.36)  # from the forehead to the chin, without ears and hair
OVAL_SOFT = 0.35  # the part of the radius over which it fades


def find_motion(y_from: np.ndarray, y_to: np.ndarray, most: float = MAX_MOTION) -> np.ndarray:
    """The flow that turns one decoded face into the other, inside the face's oval and where it explains the change.

    Args:
        y_from, y_to: (S, S, 3) float32 in [0, 1].
        most: the longest motion, in pixels of a square of 128.
    Returns:
        (S, S, 2) float32 pixels (x, y), smooth: `warp(y_from, flow)` looks like y_to.
    """
    size = y_from.shape[0]
    unit = size / TUNED_SIZE
    if size < 16:  # DIS needs some pixels to match patches in
        return np.zeros((size, size, 2), np.float32)
    flow = _optical_flow(_grey(y_to), _grey(y_from))  # (S, S, 2)
    flow = cv2.GaussianBlur(flow, (0, 0), FLOW_BLUR * unit)
    length = np.linalg.norm(flow, axis=2, keepdims=True)
    flow *= np.minimum(1, most * unit / np.maximum(length, 1e-6))
    before = _blur(np.abs(y_to - y_from).mean(axis=2), EVIDENCE_BLUR * unit)
    after = _blur(np.abs(y_to - warp(y_from, flow)).mean(axis=2), EVIDENCE_BLUR * unit)
    explained = np.clip((before - after) / (before + NOISE), 0, 1)  # 0 where nothing changed or motion does not help
    weight = _blur(np.minimum(1, 2 * explained), FLOW_BLUR * unit) * face_oval(size)  # half explained is motion enough
    return flow * weight[:, :, None]


def warp(picture: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """picture(x + flow(x)), cubic, borders repeated. picture (H, W, 3) float32, flow (H, W, 2) pixels."""
    height, width = flow.shape[:2]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return cv2.remap(picture, x + flow[:, :, 0], y + flow[:, :, 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


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
