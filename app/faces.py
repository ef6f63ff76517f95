"""Faces ready for edits: an opened face, choosing one of a photo's faces, and the frames that morphs share."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from PIL import Image

from app.photo.align import Face, native_scale, to_photo
from app.photo.motion import OVAL_CENTRE, OVAL_RADII
from app.photo.residual import Original
from model.preprocessing import FACE_BOX, FRAME_SIZE, crop_face, to_float, to_uint8


class FaceError(ValueError):
    """No such face to work on; the message is one sentence that says what to try."""


@dataclass(frozen=True, eq=False)
class OpenFace:
    """A face ready for edits: what can be computed once, 2.7 MB of a photo at preview scale for a model of 128.

    z: (1, D) float32 its code.
    reconstruction: (S, S, 3) float32 in [0, 1], the code decoded.
    frame: (H, W, 3) uint8, the CelebA frame around the photo's face at preview scale; None for a drawn face.
    matte: (h, w) float32 in [0, 1], the head in that frame; None for a drawn face.
    face: where it lies in the photo; None for a drawn face.
    psnr: dB between the photo's face and the reconstruction at `compared_size`; None for a drawn face.
    cut: the share of the face, forehead to chin, that lies beyond the photo's border.
    logits: (K,) what the classifier sees in the reconstruction; None for a face that is not to be edited.
    """

    z: np.ndarray
    reconstruction: np.ndarray
    frame: np.ndarray | None = None
    matte: np.ndarray | None = None
    face: Face | None = None
    psnr: float | None = None
    cut: float = 0.0
    logits: np.ndarray | None = None

    @cached_property
    def original(self) -> Original | None:
        """What every edit needs of the photo, found at the first one; None for a drawn face."""
        return None if self.frame is None else Original.of(to_float(face_square(self.frame)), self.reconstruction)


def compared_size(image_size: int) -> int:
    """The side at which model.evaluate compares pictures (`psnr_64`), so that its figures are the ones to expect."""
    return min(64, image_size)


def compare(face: Face, reconstruction: np.ndarray) -> float:
    """PSNR in dB of a reconstruction (S, S, 3) against the photo's face."""
    size = compared_size(len(reconstruction))
    picture = Image.fromarray(to_uint8(reconstruction)).resize((size, size), Image.Resampling.LANCZOS)
    error = float(np.mean((crop_face(face.image, size) - to_float(picture)) ** 2))
    return -10 * np.log10(max(error, 1e-10))


def cut_share(face: Face, photo_size: tuple[int, int]) -> float:
    """The share of the face's oval that lies beyond the border of its photo (width, height): 0 to 1."""
    left, top, right, bottom = FACE_BOX
    at = np.linspace(-1, 1, 33)
    x, y = np.meshgrid(at, at)
    oval = np.stack([x, y], axis=-1)[x**2 + y**2 <= 1] * OVAL_RADII + OVAL_CENTRE  # (N, 2) parts of the square
    oval = oval * (right - left, bottom - top) + (left, top)
    oval = to_photo(oval, face.matrix)
    return float(((oval < -0.5) | (oval > np.array(photo_size) - 0.5)).any(axis=1).mean())


def choose_face(faces: Sequence[Face], index: int) -> Face:
    """The face with that number, or a FaceError that says what there is."""
    if not faces:
        raise FaceError("No face was found in this photo; try one in which a face looks towards the camera, upright "
                        "and not too small.")
    if not 0 <= index < len(faces):
        count = "1 face, number 0" if len(faces) == 1 else f"{len(faces)} faces, numbered 0 to {len(faces) - 1}"
        raise FaceError(f"There is no face number {index}; this photo has {count} (0 is the largest).")
    return faces[index]


def frame_scale(face: Face, most: float) -> float:
    """The frame's scale at which the photo loses nothing: never under CelebA's own size, nor over `most`."""
    return float(np.clip(native_scale(face.matrix), 1.0, most))


def full_frame(opened: OpenFace, height: int) -> np.ndarray:
    """The CelebA frame of a face, (height, W, 3) uint8; a drawn face is a square, whose borders are repeated."""
    frame = opened.frame
    if frame is None:
        left, top, right, bottom = FACE_BOX
        square = Image.fromarray(to_uint8(opened.reconstruction)).resize((right - left, bottom - top),
                                                                         Image.Resampling.BICUBIC)
        margins = ((top, FRAME_SIZE[1] - bottom), (left, FRAME_SIZE[0] - right), (0, 0))
        frame = np.pad(np.asarray(square), margins, mode="edge")
    if frame.shape[0] == height:
        return frame
    size = (round(FRAME_SIZE[0] * height / FRAME_SIZE[1]), height)
    return np.asarray(Image.fromarray(frame).resize(size, Image.Resampling.LANCZOS))


def face_square(frame: np.ndarray) -> np.ndarray:
    """The model's square of a face frame at any scale, uncopied."""
    scale = frame.shape[0] / FRAME_SIZE[1]
    left, top, right, bottom = (round(side * scale) for side in FACE_BOX)
    return frame[top:bottom, left:right]


def judged_square(opened: OpenFace, picture: np.ndarray, size: int) -> np.ndarray:
    """The square (size, size, 3) that a classifier gets of a face frame, or of a drawn face's square."""
    return to_float(picture) if opened.frame is None else crop_face(Image.fromarray(picture), size)


def describe_face(face: Face, number: int) -> dict:
    """A face as plain JSON values: number, score, landmarks and the box around the model's square in photo pixels."""
    left, top, right, bottom = FACE_BOX
    corners = np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float64)
    corners = to_photo(corners, face.matrix)
    return {
        "face": number,
        "score": round(float(face.score), 4),
        "box": [round(side) for side in (*corners.min(axis=0), *corners.max(axis=0))],
        "landmarks": np.round(np.asarray(face.landmarks, np.float64), 1).tolist(),
    }
