"""Put an edit into the photo's own pixels, and morph between photos: the decoder says what changes."""

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
from PIL import Image

from app.photo.align import FRAME_SIZE, frame_matrix, photo_region
from app.photo.motion import (
    MORPH_FEATHER,
    TUNED_SIZE,
    edit_motion,
    face_oval,
    morph_motion,
    scale_flow,
    square_fade,
    warp,
)
from app.photo.pixels import in_colour, resize, smoothstep, to_float, to_uint8
from app.photo.residual import (
    WHOLE,
    Original,
    Part,
    carry_out,
    draw_lines,
    ghosts,
    residual_lines,
    structure_gone,
    structure_kept,
)

Box = tuple[int, int, int, int]
MORPH_AROUND = (0.2, 0.8)  # from when to when hair and walls pass from one photo to the other
BAND = 256  # rows of the photo that are worked on at once: a face may fill 25 megapixels
# OpenCV lets go of Python's lock: while the photo is warped here, the caller goes on with what the decoder shows.
_beside = ThreadPoolExecutor(2, "warp")


def edit_frame(frame: np.ndarray, y0: np.ndarray, y1: np.ndarray, box: Box, matte: np.ndarray | None = None,
               detail: float = 1.0, motion: bool = True, original: Original | None = None) -> np.ndarray:
    """Change a face as its decoded picture changed.

    The photo's pixels move along the motion w from y0 to y1; what motion does not explain is added as the residual, and
    detail whose structure is gone is taken away: w(photo) + residual(y1 - w(y0)) - ghosts.

    Args:
        frame: (H, W, 3) uint8, the face in the CelebA frame at any scale.
        y0, y1: (S, S, 3) float32 in [0, 1], decoded before and after the edit.
        box: left, top, right, bottom of the model's square in the frame of 178 x 218.
        matte: (h, w) float32 in [0, 1], the head in the frame, as `head_matte` finds it: hair that the square cuts
            changes as far as the frame goes. None: all of the square, and nothing beside it.
        detail: 1 keeps the photo's own detail, 0 is the plain decoder output.
        motion: False leaves the residual alone.
        original: of this photo at any scale and y0, as `Original.of` finds it; None: found here.
    Returns:
        Like frame. With y0 equal to y1 and detail 1 it is the same, pixel for pixel.
    """
    y0, y1 = _checked(y0, y1)
    if detail == 1.0 and np.array_equal(y0, y1):
        return frame.copy()
    square = _square(frame, box)
    photo = to_float(frame[square])
    size = photo.shape[1::-1]
    original = original or Original.of(photo, y0)
    warping, moved, missed = None, y0, original.missed
    if motion:
        flow = edit_motion(y0, y1)  # (S, S, 2)
        warping = _beside.submit(warp, photo, scale_flow(flow, size))  # the longest step
        moved, missed = warp(y0, flow), warp(missed, flow)
    lines, gone = residual_lines(y1 - moved, original), structure_gone(moved, y1)
    if matte is None:
        part, inside = square, WHOLE  # what may change, and the square in it
        weight = square_fade(*size)
    else:
        part, inside = WHOLE, square
        matte = cv2.resize(matte, frame.shape[1::-1])
        weight = matte * square_fade(*frame.shape[1::-1])
        head = resize(matte[square], y0.shape[1::-1])
        lines = [carry_out(values, head) for values in lines]
    warped = to_float(frame[part])
    if warping:
        warped[inside] = warping.result()
    edited = draw_lines(*lines, warped, inside)
    edited *= in_colour(weight)
    edited += warped
    if shining := ghosts(warped[inside], moved + missed, gone):
        place, ghost = shining
        edited[inside][place] -= ghost
    if detail < 1:
        decoded = to_float(frame[part])
        decoded[inside] += in_colour(square_fade(*size)) * (resize(y1, size) - photo)
        edited = decoded + detail * (edited - decoded)
    result = frame.copy()
    result[part] = to_uint8(edited)
    return result


def morph_frame(frame_a: np.ndarray, frame_b: np.ndarray, y_a: np.ndarray, y_b: np.ndarray, y_t: np.ndarray, t: float,
                box: Box, detail: float = 1.0, around: tuple[np.ndarray, float] | None = None) -> np.ndarray:
    """One frame between two photos, in the shape of the decoded face y_t.

    Both photos are warped to the shape of y_t and cross-faded; the residual takes the sum to y_t. Outside the square
    they cross-fade.

    Args:
        frame_a, frame_b: (H, W, 3) uint8 of one size, the faces in the CelebA frame.
        y_a, y_b, y_t: (S, S, 3) float32 in [0, 1], the ends and this point of the decoded path.
        t: 0 is frame_a, exactly; 1 is frame_b, exactly.
        box, detail: as in `edit_frame`.
        around: another y_t and t for what lies around the inner face, see `time_around`; None: the same.
    Returns:
        (H, W, 3) uint8.
    """
    if frame_a.shape != frame_b.shape:
        raise ValueError(f"The frames of a morph must have one size, not {frame_a.shape} and {frame_b.shape}.")
    if t in (0, 1):
        return (frame_b if t else frame_a).copy()
    y_around, t_around = around or (y_t, t)
    y_a, y_b, y_t, y_around = _checked(y_a, y_b, y_t, y_around)
    oval = face_oval(len(y_t))
    y_t = y_around + in_colour(oval) * (y_t - y_around)
    rows, columns = _square(frame_a, box)
    faded = cv2.addWeighted(frame_a, 1 - t_around, frame_b, t_around, 0)
    background = to_float(faded[rows, columns])
    size = (background.shape[1], background.shape[0])
    edited = resize(y_t, size)
    share_b = t_around + oval * (t - t_around)  # (S, S)
    for frame, y, share in ((frame_a, y_a, 1 - share_b), (frame_b, y_b, share_b)):
        flow = morph_motion(y, y_t)
        moved = warp(y, flow)
        warped = warp(to_float(frame[rows, columns]), scale_flow(flow, size))
        kept = share * detail * structure_kept(moved, y_t, len(y_t) / TUNED_SIZE)
        edited += resize(in_colour(kept), size) * (warped - resize(moved, size))
    faded[rows, columns] = to_uint8(background + in_colour(square_fade(*size, MORPH_FEATHER)) * (edited - background))
    return faded


def time_around(t: np.ndarray) -> np.ndarray:
    """When in a morph, 0 to 1, hair and walls are where the inner face is at t: late at first, and sooner in the end.

    A face keeps one shape on its way. Two heads of hair do not lie on each other: one shows through the other, so that
    shall be over soon, and most frames show one head with one head of hair.
    """
    start, end = MORPH_AROUND
    return smoothstep((np.asarray(t) - start) / (end - start))


def paste_back(photo: Image.Image, before: np.ndarray, after: np.ndarray, matrix: np.ndarray,
               scale: float) -> Image.Image:
    """Take the change of a face's frame back into its photo.

    Only the difference travels, so the photo's own pixels are never resampled.

    Args:
        photo: RGB.
        before, after: (H, W, 3) uint8, `cut_frame(photo, matrix, scale)` and what became of it.
        matrix: (2, 3) photo -> CelebA frame.
        scale: of the frames.
    Returns:
        A photo of the same size; the very same one if nothing changed.
    """
    change = after.astype(np.int16) - before
    if not change.any():
        return photo
    matrix, size = frame_matrix(np.asarray(matrix, np.float64), scale)
    if before.shape != (size[1], size[0], 3):
        raise ValueError(f"A frame at scale {scale} has {size[0]} x {size[1]} pixels, "
                         f"not {before.shape[1]} x {before.shape[0]}.")
    left, top, right, bottom = photo_region(matrix, size, photo.size)
    change, result = change.astype(np.float32), photo.copy()
    for start in range(top, bottom, BAND):
        rows = min(BAND, bottom - start)
        to_frame = matrix.copy()
        to_frame[:, 2] += matrix[:, :2] @ (left, start)  # pixels of the band -> frame
        moved = cv2.warpAffine(change, to_frame, (right - left, rows),
                               flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_CONSTANT)
        if moved.any():
            moved += np.asarray(photo.crop((left, start, right, start + rows)))
            result.paste(Image.fromarray(to_uint8(moved / 255)), (left, start))
    return result


def _square(frame: np.ndarray, box: Box) -> Part:
    """Rows and columns of the model's square in a frame at any scale."""
    x, y = frame.shape[1] / FRAME_SIZE[0], frame.shape[0] / FRAME_SIZE[1]
    left, top, right, bottom = box
    return slice(round(top * y), round(bottom * y)), slice(round(left * x), round(right * x))


def _checked(*pictures: np.ndarray) -> list[np.ndarray]:
    """The decoded pictures as float32, if they are squares of one size."""
    pictures = [np.ascontiguousarray(y, np.float32) for y in pictures]
    shapes = {y.shape for y in pictures}
    shape = pictures[0].shape
    if len(shapes) > 1 or len(shape) != 3 or shape[0] != shape[1] or shape[2] != 3:
        raise ValueError(f"Decoded faces must be squares of one size (S, S, 3), not {sorted(shapes)}.")
    return pictures
