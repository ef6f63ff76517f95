"""Drawn faces, and what a decoder would make of them."""

import cv2
import numpy as np
from PIL import Image

from app.photo.motion import warp
from model.preprocessing import crop_face
from tests.faces import draw_face

SIZE = 128


def face(seed: int, scale: float = 1.0) -> np.ndarray:
    picture, _ = draw_face(np.random.default_rng(seed), (round(178 * scale), round(218 * scale)))
    return np.asarray(picture)


def decoded(frame: np.ndarray, blur: float = 1.5) -> np.ndarray:
    """What a decoder makes of a frame: the same, softer."""
    return cv2.GaussianBlur(crop_face(Image.fromarray(frame), SIZE), (0, 0), blur)


def moved_down(y: np.ndarray, pixels: float) -> np.ndarray:
    """The mouth's region of a face shifted down, smoothly."""
    flow = np.zeros((SIZE, SIZE, 2), np.float32)
    flow[75:100, 40:88, 1] = -pixels
    return warp(y, cv2.GaussianBlur(flow, (0, 0), 4))


def unlike(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.abs(a.astype(int) - b.astype(int))


def cut_square(frame: np.ndarray) -> np.ndarray:
    return frame[64:420].astype(np.float32)
