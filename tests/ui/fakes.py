"""A model of cartoon faces for the page's tests: no network, but pictures in which every edit can be seen."""

from types import SimpleNamespace

import numpy as np
from PIL import Image

from app.photo.align import Face, cut_frame
from model.data import ATTRIBUTES
from model.latents import fit_latents
from tests.faces import draw_face

SIZE, LATENT_DIM = 64, 8
POINTS = np.array([(69.1, 111.4), (107.9, 111.4), (87.9, 134.9), (71.2, 152.6), (105.6, 152.4)])  # CelebA's mean


class CartoonBundle:
    """Stands in for model.bundle.Bundle: a mean cartoon face, and eight ways to change it (principal components)."""

    def __init__(self):
        rng = np.random.default_rng(0)
        pictures, labels = [], []
        for _ in range(600):
            face, drawn = draw_face(rng, (89, 109))
            pictures.append(np.asarray(face.crop((0, 16, 89, 105)).resize((SIZE, SIZE)), np.float32) / 255)
            row = np.where(rng.random(len(ATTRIBUTES)) < 0.5, 1, -1)
            for name, has in drawn.items():
                row[ATTRIBUTES.index(name)] = 1 if has else -1
            labels.append(row)
        x = np.stack(pictures).reshape(len(pictures), -1)  # (N, S * S * 3)
        self._mean = x.mean(axis=0)
        _, scale, components = np.linalg.svd(x - self._mean, full_matrices=False)
        self._scale = scale[:LATENT_DIM] / np.sqrt(len(x))
        self._components = components[:LATENT_DIM]
        labels = np.array(labels)
        labels[:, ATTRIBUTES.index("Wearing_Hat")] = np.where(np.arange(600) < 8, 1, -1)  # too few to rely on
        self.latents = fit_latents(self.encode(x), labels, ATTRIBUTES)
        self.config = SimpleNamespace(image_size=SIZE, latent_dim=LATENT_DIM)
        self.hash = "c0ffee123456"
        self.metrics = {}

    def encode(self, images):
        x = np.asarray(images, np.float32).reshape(len(images), -1)
        return ((x - self._mean) @ self._components.T / self._scale).astype(np.float32)

    def refine(self, images, z):
        return z  # the encoder of a linear model leaves nothing to refine

    def decode(self, z):
        x_hat = self._mean + (np.asarray(z) * self._scale) @ self._components
        return np.clip(x_hat, 0, 1).astype(np.float32).reshape(-1, SIZE, SIZE, 3)

    def classify_logits(self, images):
        return 4 * self.latents.meter(self.encode(images)) - 2

    def sample(self, n, seed=0, temperature=1.0, prior="fitted"):
        return (temperature * np.random.default_rng(seed).normal(size=(n, LATENT_DIM))).astype(np.float32)


def photo_of(count: int, seed: int = 0) -> Image.Image:
    """A photo with that many drawn faces in a row, on a plain wall; without one a bare wall, 60 pixels wide."""
    photo = Image.new("RGB", (60 + 420 * count, 560), (200, 205, 210))
    rng = np.random.default_rng(seed)
    for i in range(count):
        face, _ = draw_face(rng, (356, 436))
        photo.paste(face, (40 + 420 * i, 60))
    return photo


def find_drawn(photo: Image.Image) -> list[Face]:
    """What find_faces would return for a photo of `photo_of`: its width tells how many there are."""
    found = []
    for i in range((photo.width - 60) // 420):
        matrix = np.array([[0.5, 0, -0.5 * (40 + 420 * i)], [0, 0.5, -30.0]])
        landmarks = np.linalg.solve(matrix[:, :2], (POINTS - matrix[:, 2]).T).T
        found.append(Face(Image.fromarray(cut_frame(photo, matrix, 1.0)), matrix, landmarks, 0.99))
    return found
