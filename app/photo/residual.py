"""What an edit adds to the photo, and how much of the photo's own detail still belongs there."""

from dataclasses import dataclass

import cv2
import numpy as np

from app.photo.guide import Guide, smooth_line, to_picture, to_planes
from app.photo.motion import TUNED_SIZE, face_oval, oval_box
from app.photo.pixels import blurred, in_colour, largest, luminance, resize, smoothstep, total

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
STRAND_BLUR = 2.0  # the window in which strands of hair are told from outlines
STRAND_NOISE = 0.18  # contrast of [0, 1]: fainter is a strand, beyond is an outline
STRAND_WIDTH = 1.0  # the blur that takes the decoder's strands away
STRAND_GAIN = 0.25  # how far strands gain contrast with the light on them: 0 not at all, 1 as much
LIGHT_BLUR = 1.0  # the neighbourhood whose light that is
LEAST_LIGHT, MOST_LIGHT = 0.05, 3.0  # the least that is compared with, and how many times of it count
DARKEST, LIGHTEST = 0.04, 0.93  # how dark and light hair may become: beyond, its strands would drown and burn out
ROOM_BLUR, ROOM_NOISE = 1.5, 0.02  # of the colours that have to stay between, and change for which there always is room

RIM, RIM_BLUR = 4, 3.0  # so far inside its outline the head's change is unmixed, and from so far around it is carried
RIM_NOISE = 0.02  # share of such places around a pixel below which it keeps its own change

Part = tuple[slice, slice]  # rows and columns
WHOLE = (slice(None), slice(None))


@dataclass(frozen=True, eq=False)
class Original:
    """What every edit of one face needs of its photo besides the pixels, found once: 1 MB for a square of 128.

    missed: (S, S, 3) float32, smooth, what the photo has and the decoded picture lacks.
    colours: (S, S, 3) float32, the photo's, a little smooth.
    grey: (S, S) float32, the photo's luminance.
    light: (S, S) float32, the luminance around each pixel.
    strands: (2, S, S) float32, slope and offset of the fine detail's line in the luminance.
    smooth: (2, 3, S / 2, S / 2) float32, slopes and offsets of the lines in the luminance that all but it lies on.
    guide: the photo at half the size.
    """

    missed: np.ndarray
    colours: np.ndarray
    grey: np.ndarray
    light: np.ndarray
    strands: np.ndarray
    smooth: np.ndarray
    guide: Guide

    @classmethod
    def of(cls, square: np.ndarray, y0: np.ndarray) -> "Original":
        """square (H, W, 3) float32 in [0, 1], the photo; y0 (S, S, 3), what the model makes of it."""
        side = y0.shape[0]
        unit, half = side / TUNED_SIZE, (max(1, side // 2),) * 2  # the guide's lines are smooth: half the size does
        small = resize(square, (side, side))
        grey = luminance(small)
        slope, offset = smooth_line(small, STRAND_BLUR * unit, STRAND_NOISE)
        return cls(
            missed=blurred(small - y0, DETAIL_BLUR * unit),
            colours=blurred(small, ROOM_BLUR * unit),
            grey=grey,
            light=np.maximum(blurred(grey, LIGHT_BLUR * unit), LEAST_LIGHT),
            strands=np.stack([1 - luminance(slope), -luminance(offset)]),
            smooth=np.stack([to_planes(resize(slope, half)), to_planes(resize(offset, half))]),
            guide=Guide.of(resize(small, half), GUIDE_BLUR * unit / 2, GUIDE_NOISE))


def structure_kept(y0: np.ndarray, y1: np.ndarray, unit: float) -> np.ndarray:
    """How much of y0's local structure is still there in y1, (H, W) float32 in [0, 1].

    From the slope of the regression of y1 on y0 in a small window: 1 where the structure stays or there is none (hair
    that changes colour, skin), 0 where it is gone or another (teeth behind closed lips, glasses taken off).

    Args:
        y0, y1: (H, W, 3) float32, decoded squares or the same part of both.
        unit: how many of their pixels are one of a square of 128.
    """
    sigma = STRUCTURE_BLUR * unit
    mean0, mean1 = blurred(y0, sigma), blurred(y1, sigma)
    covariance = blurred(total(y0 * y1), sigma) - total(mean0 * mean1)
    variance = blurred(total(y0 * y0), sigma) - total(mean0 * mean0)
    noise = 3 * STRUCTURE_NOISE**2
    slope = (covariance + noise) / (np.maximum(variance, 0) + noise)
    return smoothstep((slope - STRUCTURE_RANGE[0]) / (STRUCTURE_RANGE[1] - STRUCTURE_RANGE[0]))


def structure_gone(y0: np.ndarray, y1: np.ndarray) -> np.ndarray:
    """Where y0's structure is not in y1 any more, (S, S) float32 in [0, 1].

    Only inside the face; at hair and walls outlines stay, and `residual_lines` follow them.
    """
    side = len(y0)
    oval, gone = oval_box(side), np.zeros((side, side), np.float32)
    gone[oval] = (1 - structure_kept(y0[oval], y1[oval], side / TUNED_SIZE)) * face_oval(side)[oval]
    return gone


def ghosts(square: np.ndarray, soft: np.ndarray, gone: np.ndarray) -> tuple[Part, np.ndarray] | None:
    """The photo's detail whose structure is gone: what would shine through the new face.

    Args:
        square: (H, W, 3) float32 in [0, 1], the photo.
        soft: (S, S, 3) float32, the photo without that detail: as decoded, with what the model missed.
        gone: (S, S), `structure_gone`.
    Returns:
        Rows and columns of the square, and (h, w, 3) float32, to be taken away from the photo there; None: nothing is.
    """
    size = (square.shape[1], square.shape[0])
    part = _reached(gone, size)
    if part is None:
        return None
    return part, in_colour(resize(gone, size)[part]) * (square[part] - resize(soft, size)[part])


def residual_lines(residual: np.ndarray, original: Original) -> tuple[np.ndarray, np.ndarray]:
    """The residual as lines in the photo's luminance, so that `draw_lines` gives it the photo's own outlines.

    A decoder's outlines are soft, so what it adds to hair also falls on the skin beside it. Outside the inner face,
    where the photo's outlines stay, the residual follows them: a guided filter explains it in each small window as
    linear in the photo's colours. Those are taken without strands of hair, which keep their contrast: the filter's
    line through dark hair and bright skin would flatten them. Where hair grows lighter, its strands gain contrast, as
    they do in the light, and it stays so far from white and black that they show. Changes out there that are too faint
    to be meant are left out.

    Args:
        residual: (S, S, 3) float32, decoded after minus before.
        original: of the photo.
    Returns:
        Slopes and offsets, (S, S, 3) float32 each: slope * luminance + offset is what is added.
    """
    residual = _without_strands(residual)
    return _brightened(*_lines(_with_room(_meant(residual), original.colours), original), original)


def carry_out(lines: np.ndarray, head: np.ndarray) -> np.ndarray:
    """Lines whose values at the head's rim are those from just inside it.

    Along its outline a decoded head is mixed with the wall, and where an edit moves that outline, the photo's stays: a
    glow or a shadow around the hair would be left.

    Args:
        lines: (S, S, C) float32, slopes or offsets.
        head: (S, S) float32 in [0, 1], the matte.
    """
    unit = len(lines) / TUNED_SIZE
    size = 2 * round(RIM * unit) + 1
    inside = blurred(cv2.erode(head, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))), unit)
    inside = np.maximum(inside, face_oval(len(lines)))
    around = in_colour(1 / (blurred(inside, RIM_BLUR * unit) + RIM_NOISE))
    inside = in_colour(inside)
    carried = (blurred(lines * inside, RIM_BLUR * unit) + RIM_NOISE * lines) * around
    return carried + (lines - carried) * inside


def draw_lines(slope: np.ndarray, offset: np.ndarray, picture: np.ndarray, square: Part = WHOLE) -> np.ndarray:
    """Lines (S, S, 3) drawn along the luminance of a photo: what an edit adds to it.

    Args:
        picture: (H, W, 3) float32.
        square: its rows and columns that the lines are of; beside them, the lines at their border go on.
    Returns:
        (H, W, 3) float32.
    """
    height, width = picture.shape[:2]
    (top, bottom, _), (left, right, _) = square[0].indices(height), square[1].indices(width)
    size, margins = (right - left, bottom - top), (top, height - bottom, left, width - right)
    slope, added = cv2.resize(slope, size), resize(offset, size)
    if any(margins):
        slope, added = (cv2.copyMakeBorder(lines, *margins, cv2.BORDER_REPLICATE) for lines in (slope, added))
    cv2.accumulateProduct(slope, in_colour(luminance(picture)), added)
    return added


def _meant(residual: np.ndarray) -> np.ndarray:
    """The residual (S, S, 3) without what is too faint outside the face."""
    side = residual.shape[0]
    strength = largest(np.abs(blurred(residual, GUIDE_BLUR * side / TUNED_SIZE)))
    meant = np.maximum(smoothstep((strength - DRIFT[0]) / (DRIFT[1] - DRIFT[0])), face_oval(side))
    return residual * in_colour(meant)


def _without_strands(residual: np.ndarray) -> np.ndarray:
    """The residual (S, S, 3), smoother than strands outside the face: the decoder's are not where the photo's are."""
    side = len(residual)
    smooth = blurred(residual, STRAND_WIDTH * side / TUNED_SIZE)
    return smooth + (residual - smooth) * in_colour(face_oval(side))


def _with_room(residual: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """The residual (S, S, 3), less of it outside the face where the photo's colours would go too near white or black.

    All three channels go the same part of their way: what is held back keeps its hue.
    """
    side = len(residual)
    room = np.maximum(np.where(residual > 0, LIGHTEST - colours, colours - DARKEST), 0) + ROOM_NOISE
    lacking = largest(np.maximum(1 - room / (np.abs(residual) + ROOM_NOISE), 0))
    held = blurred(lacking, ROOM_BLUR * side / TUNED_SIZE) * (1 - face_oval(side))
    return residual * in_colour(1 - held)


def _lines(residual: np.ndarray, original: Original) -> tuple[np.ndarray, np.ndarray]:
    """Slopes and offsets, (S, S, 3) each: lines where the photo explains the residual, and itself elsewhere."""
    side, half = residual.shape[0], original.guide.size
    slope, offset, explained = original.guide.explain(to_planes(resize(residual, half)), RESIDUAL_NOISE)
    # Lines in the photo's colours become lines in its luminance, as the smooth colours are: strands are left out.
    slope, moved = np.einsum("lghw,gthw->lthw", original.smooth, slope)  # (3, h, w) each
    offset += moved
    guiding = smoothstep((explained - GUIDE_RANGE[0]) / (GUIDE_RANGE[1] - GUIDE_RANGE[0]))
    guiding = in_colour(cv2.resize(guiding * (1 - resize(face_oval(side), half)), (side, side)))
    slope, offset = (cv2.resize(to_picture(planes), (side, side)) for planes in (slope, offset))
    return slope * guiding, residual + (offset - residual) * guiding


def _brightened(slope: np.ndarray, offset: np.ndarray, original: Original) -> tuple[np.ndarray, np.ndarray]:
    """The same lines, with more contrast for strands outside the face on which more light falls than before."""
    side = len(slope)
    added = luminance(slope) * original.grey + luminance(offset)
    share = np.clip(blurred(added, LIGHT_BLUR * side / TUNED_SIZE) / original.light, 0, MOST_LIGHT - 1)
    gain = STRAND_GAIN * share * (1 - face_oval(side))
    return slope + in_colour(gain * original.strands[0]), offset + in_colour(gain * original.strands[1])


def _reached(mask: np.ndarray, size: tuple[int, int]) -> Part | None:
    """The part of a picture of that size that a mask (S, S), resized to it, touches; None if it is 0."""
    left, top, width, height = cv2.boundingRect((mask > 0).astype(np.uint8))
    if not width:
        return None
    across, down = (slice(max(0, int((start - 2) * length / side)), int((start + extent + 2) * length / side) + 1)
                    for start, extent, length, side in ((left, width, size[0], mask.shape[1]),
                                                        (top, height, size[1], mask.shape[0])))
    return down, across  # a cubic filter reaches two pixels further
