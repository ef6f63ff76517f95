"""What an edit adds to the photo, and how much of the photo's own detail still belongs there."""

import cv2
import numpy as np

from app.photo.motion import TUNED_SIZE, face_oval, smoothstep

# Blurs are in pixels of a square of 128, the size at which they were tuned.
STRUCTURE_BLUR = 2.5  # the neighbourhood in which structures are compared
STRUCTURE_NOISE = 0.03  # contrast, of [0, 1], below which there is no structure to compare
STRUCTURE_RANGE = (0.2, 0.75)  # share of y0's structure in y1 at which the photo's detail is dropped, and kept whole
DETAIL_BLUR = 3.0  # photo minus decoded is detail where it is finer than this; coarser, it is what the decoder missed
GUIDE_BLUR = 4.0  # the window in which the photo's colours explain the residual
GUIDE_NOISE = 0.06  # edges of the photo fainter than this, of [0, 1], do not guide
RESIDUAL_NOISE = 0.02  # variation of the residual that needs no explanation
GUIDE_RANGE = (0.15, 0.5)  # share of the residual that the photo explains at which it starts to guide, and guides alone
DRIFT = (0.01, 0.04)  # change outside the face below which it is the decoder's drift, and above which it is meant
STRAND_BLUR = 1.0  # detail of the photo finer than this is strands of hair
STRAND_CONTRAST = 0.2  # and fainter than this; beyond, it is an outline, which may go


def structure_kept(y0: np.ndarray, y1: np.ndarray) -> np.ndarray:
    """How much of y0's local structure is still there in y1, (S, S) float32 in [0, 1].

    From the slope of the regression of y1 on y0 in a small window: 1 where the structure stays or there is none (hair
    that changes colour, skin), 0 where it is gone or another (teeth behind closed lips, glasses taken off).
    """
    sigma = STRUCTURE_BLUR * y0.shape[0] / TUNED_SIZE
    mean0, mean1 = _blur(y0, sigma), _blur(y1, sigma)
    covariance = (_blur(y0 * y1, sigma) - mean0 * mean1).sum(axis=2)
    variance = (_blur(y0 * y0, sigma) - mean0 * mean0).sum(axis=2)
    noise = 3 * STRUCTURE_NOISE**2
    slope = (covariance + noise) / (np.maximum(variance, 0) + noise)
    return smoothstep((slope - STRUCTURE_RANGE[0]) / (STRUCTURE_RANGE[1] - STRUCTURE_RANGE[0]))


def ghosts(square: np.ndarray, y0: np.ndarray, y1: np.ndarray) -> np.ndarray:
    """The photo's detail whose structure is gone from the decoded face: what would shine through the new one.

    Only inside the face; at hair and walls outlines stay, and `photo_residual` follows them.

    Args:
        square: (H, W, 3) float32 in [0, 1], the photo.
        y0, y1: (S, S, 3) float32, decoded before and after.
    Returns:
        (H, W, 3) float32, to be taken away from the photo.
    """
    side = y0.shape[0]
    size = (square.shape[1], square.shape[0])
    missed = _blur(resize(square, (side, side)) - y0, DETAIL_BLUR * side / TUNED_SIZE)
    gone = (1 - structure_kept(y0, y1)) * face_oval(side)
    return resize(in_colour(gone), size) * (square - resize(y0 + missed, size))


def photo_residual(residual: np.ndarray, square: np.ndarray, matte: np.ndarray | None = None) -> np.ndarray:
    """The residual at the photo's size, with the photo's own outlines.

    A decoder's outlines are soft, so what it adds to hair also falls on the wall behind. Outside the inner face, where
    the photo's outlines stay, the residual follows them: a guided filter (He et al. 2010, eq. 5 to 8) explains the
    residual in each small window as linear in the photo, and that is applied to the photo at its full size. Changes
    there that are too faint to be meant are left out, and so are those behind the head.

    Args:
        residual: (S, S, 3) float32, decoded after minus before.
        square: (H, W, 3) float32 in [0, 1], the photo.
        matte: (M, M) float32 in [0, 1], where the head is; None: all of the square is.
    Returns:
        (H, W, 3) float32.
    """
    side = residual.shape[0]
    unit = side / TUNED_SIZE
    size = (square.shape[1], square.shape[0])
    inner = face_oval(side)
    strength = np.abs(_blur(residual, GUIDE_BLUR * unit)).max(axis=2)
    meant = np.maximum(smoothstep((strength - DRIFT[0]) / (DRIFT[1] - DRIFT[0])), inner)  # (S, S)
    residual = residual * in_colour(meant)
    coarse = (max(1, side // 2),) * 2  # the guide's lines are smooth: half the size does
    slope, offset, explained = _guide(resize(residual, coarse), resize(square, coarse), GUIDE_BLUR * unit / 2)
    guiding = smoothstep((explained - GUIDE_RANGE[0]) / (GUIDE_RANGE[1] - GUIDE_RANGE[0])) * (1 - resize(inner, coarse))
    guided = cv2.resize(offset, size)
    for channel in range(3):  # of the guide
        upscaled = cv2.resize(np.ascontiguousarray(slope[:, :, channel]), size)
        cv2.accumulateProduct(upscaled, in_colour(square[:, :, channel]), guided)
    plain = resize(residual, size)
    guided -= plain
    added = cv2.accumulateProduct(cv2.resize(in_colour(guiding), size), guided, plain)  # a blend of the two
    # Dark hair gains more than the bright skin beside it, and by the same line its dark strands more than its bright
    # ones: the outline is to follow the photo so, but the strands are to stay.
    lost = np.clip(-slope.sum(axis=2).mean(axis=2), 0, 1) * guiding
    if lost.max() > 0:
        added += _strands(square) * cv2.resize(in_colour(lost), size)
    return added if matte is None else added * cv2.resize(in_colour(matte), size)


def _strands(square: np.ndarray) -> np.ndarray:
    """The photo's fine and faint detail away from its outlines, (H, W, 3) float32."""
    sigma = STRAND_BLUR * square.shape[1] / TUNED_SIZE
    detail = square - _blur(square, sigma)
    contrast = np.abs(detail).sum(axis=2) / (3 * STRAND_CONTRAST)
    contrast = cv2.dilate(contrast, np.ones((2 * round(sigma) + 1,) * 2, np.uint8))
    return detail * in_colour(np.exp(-contrast * contrast))


def resize(values: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(H, W[, C]) float32 at the size (width, height); averages where it shrinks."""
    shrinks = size[0] < values.shape[1]
    return cv2.resize(values, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)


def in_colour(mask: np.ndarray) -> np.ndarray:
    """(H, W) -> (H, W, 3): NumPy multiplies that by a picture ten times faster than (H, W, 1)."""
    return cv2.merge((mask, mask, mask))


def _guide(target: np.ndarray, guide: np.ndarray, sigma: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The target (S, S, 3) as linear in the guide's colours (S, S, 3), window by window.

    Returns slopes (S, S, guide's 3, target's 3), offsets (S, S, 3), both smooth, and the share of the target's variance
    that they explain (S, S).
    """
    side = guide.shape[0]
    mean_guide, mean_target = _blur(guide, sigma), _blur(target, sigma)
    both, mean_both = np.concatenate([guide, target], axis=2), np.concatenate([mean_guide, mean_target], axis=2)
    pairs = _blur((guide[:, :, :, None] * both[:, :, None, :]).reshape(side, side, 18), sigma)
    covariance = pairs.reshape(side, side, 3, 6) - mean_guide[:, :, :, None] * mean_both[:, :, None, :]
    slope = np.linalg.solve(covariance[..., :3] + GUIDE_NOISE**2 * np.eye(3, dtype=np.float32), covariance[..., 3:])
    offset = mean_target - np.einsum("hwg,hwgt->hwt", mean_guide, slope)
    variance = (_blur(target * target, sigma) - mean_target * mean_target).sum(axis=2)
    explained = (slope * covariance[..., 3:]).sum(axis=(2, 3)) / np.maximum(variance, RESIDUAL_NOISE**2)
    slope = _blur(slope.reshape(side, side, 9), sigma).reshape(side, side, 3, 3)
    return slope, _blur(offset, sigma), _blur(np.clip(explained, 0, 1).astype(np.float32), sigma)


def _blur(values: np.ndarray, sigma: float) -> np.ndarray:
    return cv2.GaussianBlur(values, (0, 0), sigma)
