"""A model without a network for the editor's tests: linear both ways, so that every answer is known."""

import threading
from types import SimpleNamespace

import numpy as np
from PIL import Image

from app.photo.align import Face, cut_frame
from model.latents import fit_latents
from tests.faces import draw_face

NAMES = ("Smiling", "Young", "Male", "Bald")
SIZE, LATENT_DIM = 16, 4


class FakeBundle:
    """Stands in for model.bundle.Bundle; encode(decode(z)) is z wherever no pixel clips."""

    def __init__(self, seed: int = 0):
        rng = np.random.default_rng(seed)
        coarse = rng.normal(size=(LATENT_DIM, 4, 4, 3)).repeat(4, axis=1).repeat(4, axis=2)  # (D, S, S, 3)
        self._patterns = np.linalg.qr(coarse.reshape(LATENT_DIM, -1).T)[0].T  # (D, S * S * 3) orthonormal
        labels = np.where(rng.random((400, len(NAMES))) < 0.5, 1, -1)
        labels[:, 3] = np.where(np.arange(400) < 20, 1, -1)  # too few to rely on
        z = rng.normal(size=(400, LATENT_DIM)) + 0.8 * labels
        self.latents = fit_latents(z, labels, NAMES)
        self.config = SimpleNamespace(image_size=SIZE, latent_dim=LATENT_DIM)
        self.hash = "abcdef123456"
        self.metrics = {"by_attribute": {"classifier_logit_gap": {"Smiling": 4.0}}}  # see classify_logits
        self.running = self.most_running = 0
        self._lock = threading.Lock()

    def encode(self, images):
        return ((np.asarray(images).reshape(len(images), -1) - 0.5) @ self._patterns.T).astype(np.float32)

    def refine(self, images, z):
        return z  # the encoder of a linear model leaves nothing to refine

    def decode(self, z):
        with self._lock:
            self.running += 1
            self.most_running = max(self.most_running, self.running)
        x_hat = 0.5 + np.asarray(z) @ self._patterns
        with self._lock:
            self.running -= 1
        return np.clip(x_hat, 0, 1).astype(np.float32).reshape(-1, SIZE, SIZE, 3)

    def classify_logits(self, images):
        return 4 * self.latents.meter(self.encode(images)) - 2

    def sample(self, n, seed=0, temperature=1.0, prior="fitted"):
        return (temperature * np.random.default_rng(seed).normal(size=(n, LATENT_DIM))).astype(np.float32)


def photo_of_faces(seed: int = 0) -> tuple[Image.Image, list[np.ndarray]]:
    """A photo of two drawn faces on a soft background, and the matrices (2, 3) photo -> CelebA frame, largest first."""
    rng = np.random.default_rng(seed)
    blots = Image.fromarray(rng.integers(0, 255, (8, 12, 3), dtype=np.uint8))
    photo = blots.resize((900, 600), Image.Resampling.BICUBIC)
    matrices = []
    for scale, x, y in ((2.0, 40, 60), (1.5, 560, 120)):
        face, _ = draw_face(rng, (round(178 * scale), round(218 * scale)))
        photo.paste(face, (x, y))
        matrices.append(np.array([[1 / scale, 0, -x / scale], [0, 1 / scale, -y / scale]]))
    return photo, matrices


def faces_at(photo: Image.Image, matrices: list[np.ndarray]) -> list[Face]:
    """What find_faces would return for faces at these places."""
    points = np.array([(69.1, 111.4), (107.9, 111.4), (87.9, 134.9), (71.2, 152.6), (105.6, 152.4)])  # CelebA's mean
    return [Face(Image.fromarray(cut_frame(photo, matrix, 1.0)), matrix,
                 np.linalg.solve(matrix[:, :2], (points - matrix[:, 2]).T).T, 0.99) for matrix in matrices]
