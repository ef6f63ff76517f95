"""Find faces and align them: photo -> the CelebA frame that the model was trained on, and the way back."""

import threading
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from PIL import Image

FRAME_SIZE = (178, 218)  # width, height of CelebA's aligned pictures
# Left eye (left in the picture), right eye, middle of the mouth in that frame; pixel centres, 0-based.
FRAME_POINTS = np.array([(69.7, 111.0), (107.2, 111.0), (88.4, 152.5)])
DETECTION_SIZE = 640  # pixels of the longer side: larger costs seconds and finds only faces too small to edit
MIN_SCORE = 0.85  # a face upside down passes for an upright one with about 0.8
MAX_TILT = 60.0  # degrees: beyond it the detector has taken something else for an upright face
SAME_FACE = 0.5  # two finds are one face if their middles are nearer than this many eye distances
MARGIN = 4  # pixels that a cubic filter reaches beyond the region it fills


@dataclass(frozen=True, eq=False)
class Face:
    """A face in a photo.

    image: the face in the CelebA frame, 178 x 218.
    matrix: (2, 3) float, similarity transform photo -> that frame; pixel centres, 0-based.
    landmarks: (5, 2) float photo pixels: left eye, right eye (in the picture), nose, left and right mouth corner.
    score: the detector's confidence, 0 to 1.
    """

    image: Image.Image
    matrix: np.ndarray
    landmarks: np.ndarray
    score: float


def find_faces(photo: Image.Image) -> list[Face]:
    """The upright faces of an RGB photo, largest first; empty if there is none. Safe to call from several threads."""
    shrink = min(1.0, DETECTION_SIZE / max(photo.size))
    size = tuple(max(1, round(side * shrink)) for side in photo.size)
    small = photo if shrink == 1.0 else photo.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
    step = np.array(photo.size) / size  # photo pixels per detection pixel
    found = []
    for landmarks, score in _detect(np.asarray(small)):
        landmarks = (landmarks + 0.5) * step - 0.5
        points = np.stack([landmarks[0], landmarks[1], landmarks[3:].mean(axis=0)])
        if score < MIN_SCORE or not np.isfinite(points).all() or np.ptp(points, axis=0).max() < 1:
            continue
        matrix = similarity(points, FRAME_POINTS)
        if abs(np.degrees(np.arctan2(matrix[1, 0], matrix[0, 0]))) <= MAX_TILT:
            found.append((matrix, landmarks, score))
    found.sort(key=lambda item: native_scale(item[0]), reverse=True)
    return [Face(Image.fromarray(cut_frame(photo, matrix, 1.0)), matrix, landmarks, score)
            for matrix, landmarks, score in _without_doubles(found)]


def similarity(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The rotation, scale and shift (2, 3) that takes points (N, 2) to target points with least squares.

    Umeyama 1991, in two dimensions: as complex numbers it is one linear regression, and no mirror image can come out.
    """
    z, w = source @ (1, 1j), target @ (1, 1j)  # (N,) complex
    a = np.vdot(z - z.mean(), w - w.mean()) / np.vdot(z - z.mean(), z - z.mean())
    b = w.mean() - a * z.mean()
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])


def native_scale(matrix: np.ndarray) -> float:
    """The scale of the frame at which one of its pixels is one pixel of the photo."""
    return float(1 / np.sqrt(np.linalg.det(matrix[:, :2])))


def frame_matrix(matrix: np.ndarray, scale: float) -> tuple[np.ndarray, tuple[int, int]]:
    """The matrix (2, 3) photo -> the frame at `scale` times 178 x 218, and that frame's width and height."""
    size = tuple(max(1, round(side * scale)) for side in FRAME_SIZE)
    factors = np.array(size) / FRAME_SIZE  # of the rounded size, so that the frame's edges stay where they are
    scaled = matrix * factors[:, None]
    scaled[:, 2] += (factors - 1) / 2  # pixel centres: (x + 0.5) * factor - 0.5
    return scaled, size


def to_photo(points: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Points (N, 2) of a frame as points of the photo: the inverse of `matrix`, (2, 3) photo -> frame."""
    matrix = np.asarray(matrix, np.float64)
    return np.linalg.solve(matrix[:, :2], (points - matrix[:, 2]).T).T


def photo_region(matrix: np.ndarray, size: tuple[int, int], photo_size: tuple[int, int]) -> tuple[int, int, int, int]:
    """The box (left, top, right, bottom) in the photo that a frame covers, with a margin; at least one pixel."""
    width, height = size
    corners = np.array([(-0.5, -0.5), (width - 0.5, -0.5), (width - 0.5, height - 0.5), (-0.5, height - 0.5)])
    corners = to_photo(corners, matrix)
    low = np.clip(np.floor(corners.min(axis=0)) - MARGIN, 0, np.array(photo_size) - 1).astype(int)
    high = np.clip(np.ceil(corners.max(axis=0)) + MARGIN + 1, low + 1, photo_size).astype(int)
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])


def cut_frame(photo: Image.Image, matrix: np.ndarray, scale: float) -> np.ndarray:
    """Cut a face out of the photo, aligned, the photo's borders repeated outwards.

    Args:
        photo: RGB.
        matrix: (2, 3) photo -> CelebA frame.
        scale: how many times larger than 178 x 218 the frame shall be.
    Returns:
        (round(218 * scale), round(178 * scale), 3) uint8.
    """
    matrix, size = frame_matrix(np.asarray(matrix, np.float64), scale)
    left, top, right, bottom = photo_region(matrix, size, photo.size)
    region = np.asarray(photo.crop((left, top, right, bottom)))  # only the face's pixels are touched
    shrink = np.sqrt(np.linalg.det(matrix[:, :2]))
    reduce = max(1, int(0.5 / shrink)) if shrink > 0 else 1
    height, width = region.shape[:2]
    if reduce > 1:  # a cubic filter skips pixels when it shrinks by more than two: average them first
        region = cv2.resize(region, (max(1, width // reduce), max(1, height // reduce)), interpolation=cv2.INTER_AREA)
    step = np.array([width, height]) / (region.shape[1], region.shape[0])
    # region pixel -> photo pixel -> frame pixel
    to_photo = np.array([[step[0], 0, left + (step[0] - 1) / 2], [0, step[1], top + (step[1] - 1) / 2], [0, 0, 1]])
    return cv2.warpAffine(region, matrix @ to_photo, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def _without_doubles(found: list[tuple[np.ndarray, np.ndarray, float]]) -> list[tuple[np.ndarray, np.ndarray, float]]:
    """Keep the surer one of two finds at one place."""
    kept = []
    for item in found:
        _, landmarks, score = item
        reach = SAME_FACE * np.linalg.norm(landmarks[1] - landmarks[0])
        rivals = [k for k in kept if np.linalg.norm(k[1].mean(axis=0) - landmarks.mean(axis=0)) < reach]
        if all(score > rival[2] for rival in rivals):
            kept = [k for k in kept if not any(k is rival for rival in rivals)] + [item]
    return kept


_detecting = threading.Lock()


@cache
def _detector():
    from mtcnn import MTCNN  # brings TensorFlow: seconds, so only when the first photo comes

    return MTCNN()  # its weights lie in its package


def _detect(image: np.ndarray) -> list[tuple[np.ndarray, float]]:
    """Landmarks (5, 2) in pixels of the image, and the score, of each face that MTCNN finds."""
    with _detecting:  # one at a time: it is loaded once, and one run keeps the processor busy anyway
        rows = _detector().detect_faces(image, box_format="xyxy", output_type="numpy", fit_to_image=False)
    rows = np.asarray(rows, np.float64)
    if rows.ndim != 2 or rows.shape[1] < 16:  # image, box (4), score, x (5), y (5)
        return []
    return [(np.stack([row[6:11], row[11:16]], axis=1), float(row[5])) for row in rows]
