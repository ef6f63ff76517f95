"""Directions that the classifier chose: what it sees changes as asked, and little else.

The difference of two centroids carries along whatever goes with an attribute in the data. Here each direction comes
from how the classifier's logits of decoded faces vary with their codes.
"""

import numpy as np

from model.latents import Latents

# How much a change of the other attributes' logits, in standard deviations, counts against Mahalanobis length. Chosen
# by benchmarks/directions.py: more holds the others better, and takes the classifier for more than it is.
OFF_TARGET = 1.0
GUIDES = 20_000  # decoded training faces that show the directions; a third of them found Blond_Hair in bright walls


def guides(faces: np.ndarray) -> np.ndarray:
    """Some GUIDES of all training faces (or their rows, or codes), spread evenly over them."""
    return faces[:: max(1, len(faces) // GUIDES)]


def guided_directions(latents: Latents, z_mean: np.ndarray, logits: np.ndarray,
                      off_target: float = OFF_TARGET) -> np.ndarray:
    """For each attribute the shortest move that raises its logit, as a linear model of the classifier has it.

    With S the covariance and g_j the regression of logit j (scaled to unit deviation) on z, direction k minimises

        v' S^-1 v + off_target * sum over j != k of (g_j' v)^2    while    g_k' v = 1,

    and is then made as long as the difference of its centroids.

    Args:
        latents: centroids and covariance of the training faces.
        z_mean: (N, D) codes of some of them.
        logits: (N, K) of the same faces, decoded.
        off_target: 0 gives the covariance of the codes with the logit, which is the centroids' difference for a soft
            label.
    Returns:
        (K, D) float32; zeros where centroids do not differ, or the logit never varies.
    """
    z_mean, logits = np.asarray(z_mean, np.float64), np.asarray(logits, np.float64)
    if z_mean.shape != (len(logits), len(latents.mean)) or logits.shape[1:] != (len(latents.names),):
        raise ValueError(f"z_mean {z_mean.shape} and logits {logits.shape} do not fit these latents")
    precision = latents.precision
    spread = logits.std(axis=0)
    scaled = np.divide(logits - logits.mean(axis=0), spread, out=np.zeros_like(logits), where=spread > 0)
    slopes = precision @ ((z_mean - z_mean.mean(axis=0)).T @ scaled / len(z_mean))  # (D, K) g_j
    centroids = latents.between_centroids  # (K, D)
    result = np.zeros_like(centroids)
    for k in np.flatnonzero(spread):
        others = np.delete(slopes, k, axis=1)  # (D, K - 1)
        v = np.linalg.solve(precision + off_target * others @ others.T, slopes[:, k])
        result[k] = v * np.sqrt((centroids[k] @ precision @ centroids[k]) / (v @ precision @ v))
    return result.astype(np.float32)
