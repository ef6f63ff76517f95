"""Where to draw z from: N(0, I), or a Gaussian mixture fitted to the encoded training faces.

N(0, I) has holes between the faces that the encoder really makes; the mixture follows them. Sampling is NumPy only.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np

COMPONENTS = 10
CLUSTER_AXES = 64  # principal axes in which the components are found; the small ones tell no faces apart
# A component needs this many faces for its mean alone.
FACES_PER_COMPONENT = 20
HELD_OUT = 0.1  # share of the faces that chooses the shrinkage
# Share of the covariance common to all components in each one's own: 1 is one shape for all. Chosen on held-out faces,
# because 2,000 faces a component say little about D (D + 1) / 2 numbers.
SHRINKAGES = (1.0, 0.9, 0.8, 0.65, 0.5, 0.3)


def _noise(n: int, seed: int, latent_dim: int) -> tuple[np.ndarray, np.ndarray]:
    """A uniform number (n,) and normal ones (n, D) for each face; face i depends on seed and i alone, not on n."""
    if n < 0 or seed < 0:
        raise ValueError(f"n and seed must not be negative; they are {n} and {seed}")
    uniform, normal = np.empty(n), np.empty((n, latent_dim))
    for i in range(n):
        rng = np.random.default_rng((seed, i))
        uniform[i], normal[i] = rng.random(), rng.normal(size=latent_dim)
    return uniform, normal


def _check_temperature(temperature: float) -> float:
    if not 0 <= temperature < np.inf:
        raise ValueError(f"temperature is {temperature!r}; it must be 0 or more")
    return float(temperature)


@dataclass(frozen=True)
class NormalPrior:
    """N(0, I), what the KL term pulls the posterior to."""

    latent_dim: int

    def sample(self, n: int, seed: int = 0, temperature: float = 1.0) -> np.ndarray:
        """(n, D) float32; `temperature` scales the distance from 0, the prior's mean."""
        return (_check_temperature(temperature) * _noise(n, seed, self.latent_dim)[1]).astype(np.float32)


@dataclass(frozen=True, eq=False)
class FittedPrior:
    """A Gaussian mixture over z.

    Attributes:
        weights: (C,) of the components, summing to 1.
        means: (C, D).
        factors: (C, D, D) lower triangular, or (1, D, D) for all: component c is means[c] + factors[c] N(0, I).
    Raises:
        ValueError: an array of the wrong shape, not finite, or weights that are none.
    """

    weights: np.ndarray
    means: np.ndarray
    factors: np.ndarray

    def __post_init__(self):
        for field in fields(self):
            array = np.asarray(getattr(self, field.name))
            if array.dtype.kind != "f" or not np.isfinite(array).all():
                raise ValueError(f"{field.name} of the prior holds values that are not finite numbers")
            object.__setattr__(self, field.name, array.astype(np.float32))
        if self.weights.ndim != 1 or not len(self.weights) or (self.weights < 0).any() or not self.weights.sum() > 0:
            raise ValueError("weights of the prior must be (C,), not negative and not all 0")
        c, d = len(self.weights), self.means.shape[-1]
        if self.means.shape != (c, d) or self.factors.shape not in ((c, d, d), (1, d, d)):
            raise ValueError(f"means {self.means.shape} and factors {self.factors.shape} of the prior do not fit")

    def sample(self, n: int, seed: int = 0, temperature: float = 1.0) -> np.ndarray:
        """Draw n codes.

        Args:
            n: how many; the first faces of a larger n are the same.
            seed: 0 or more.
            temperature: scales the distance of each code from the mean of the whole mixture, so that at 0 every face is
                the average one, at 1 the density is the fitted one, and the same seed keeps its face in between.
        Returns:
            (n, D) float32.
        Raises:
            ValueError: a negative number, or a temperature that is not finite.
        """
        temperature = _check_temperature(temperature)
        uniform, normal = _noise(n, seed, self.means.shape[1])
        weights = self.weights.astype(np.float64) / self.weights.sum(dtype=np.float64)
        component = np.minimum(np.searchsorted(np.cumsum(weights), uniform, side="right"), len(weights) - 1)  # (n,)
        z = self.means[component].astype(np.float64)
        for c in np.unique(component):  # one at a time: (n, D, D) would not fit in memory for a large n
            rows = component == c
            z[rows] += normal[rows] @ self.factors[c % len(self.factors)].T.astype(np.float64)
        centre = weights @ self.means
        return (centre + temperature * (z - centre)).astype(np.float32)

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Plain arrays by field name; the factors, of which float16 is enough, in half size."""
        return {"weights": self.weights, "means": self.means, "factors": self.factors.astype(np.float16)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> "FittedPrior":
        """The inverse of `to_arrays`; other keys are ignored. Raises ValueError for what is missing or wrong."""
        missing = [field.name for field in fields(cls) if field.name not in arrays]
        if missing:
            raise ValueError(f"the prior has no array {', '.join(missing)}")
        return cls(**{field.name: arrays[field.name] for field in fields(cls)})


def fit_prior(z_mean: np.ndarray, components: int = COMPONENTS, seed: int = 0) -> FittedPrior:
    """Fit the mixture: means by expectation maximisation, covariances shrunk as far as held-out faces ask for.

    The codes are clustered by a diagonal mixture along their principal axes, whitened by their Ledoit-Wolf covariance,
    and each cluster's covariance is mixed with the one that all share (SHRINKAGES). One Gaussian for all competes too.

    Args:
        z_mean: (N, D) codes of the training faces, at least 4.
        components: at most this many (fewer faces, fewer components).
        seed: of the held-out choice and the clustering.
    Raises:
        ValueError: too few faces, or codes that are not finite.
    """
    from sklearn.covariance import ledoit_wolf  # only training needs it
    from sklearn.mixture import GaussianMixture

    z_mean = np.asarray(z_mean, np.float64)
    if z_mean.ndim != 2 or len(z_mean) < 4 or not np.isfinite(z_mean).all():
        raise ValueError(f"z_mean {z_mean.shape} must be (N, D), at least 4 faces, finite")
    mean = z_mean.mean(axis=0)
    variance, axes = np.linalg.eigh(ledoit_wolf(z_mean)[0])  # (D,) rising, (D, D)
    factor = axes * np.sqrt(variance)  # (D, D): z = mean + factor x
    x = ((z_mean - mean) @ axes) / np.sqrt(variance)  # (N, D) white
    held_out = np.random.default_rng(seed).permutation(len(x)) < max(1, round(HELD_OUT * len(x)))
    components = max(1, min(components, int((~held_out).sum()) // FACES_PER_COMPONENT))
    scores = x[:, -CLUSTER_AXES:] * np.sqrt(variance[-CLUSTER_AXES:] / variance[-1])  # the largest axes, size 1 at most
    clusters = GaussianMixture(components, covariance_type="diag", reg_covar=1e-3, random_state=seed)
    cluster = clusters.fit(scores[~held_out]).predict(scores)  # (N,)
    best, chosen = -np.inf, None
    for assignment, shrinkages in ((np.zeros_like(cluster), (1.0,)), (cluster, SHRINKAGES)):
        weights, means, shared, own = _clusters(x[~held_out], assignment[~held_out])
        for shrinkage in shrinkages:
            density = _log_density(x[held_out], weights, means, _factors(shared, own, shrinkage)).mean()
            if density > best:
                best, chosen = density, (assignment, shrinkage)
    weights, means, shared, own = _clusters(x, chosen[0])
    full = factor @ _factors(shared, own, chosen[1])  # (C or 1, D, D)
    lower = np.linalg.qr(full.transpose(0, 2, 1))[1].transpose(0, 2, 1)  # the same Gaussians, half of the numbers 0
    return FittedPrior(weights, mean + means @ factor.T, lower)


def _clusters(x: np.ndarray, cluster: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Of clusters of x (N, D): weights (C,), means (C, D), covariance within all (D, D) and within each (C, D, D)."""
    from sklearn.covariance import ledoit_wolf

    labels, cluster, count = np.unique(cluster, return_inverse=True, return_counts=True)
    means = np.stack([x[cluster == c].mean(axis=0) for c in range(len(labels))])
    residual = x - means[cluster]
    shared = ledoit_wolf(residual, assume_centered=True)[0]
    own = [residual[cluster == c].T @ residual[cluster == c] / count[c] for c in range(len(labels))]
    return count / len(x), means, shared, np.stack(own)


def _factors(shared: np.ndarray, own: np.ndarray, shrinkage: float) -> np.ndarray:
    """Cholesky factors (C, D, D), or (1, D, D) where all are the shared one."""
    return np.linalg.cholesky(shared[None] if shrinkage == 1 else shrinkage * shared + (1 - shrinkage) * own)


def _log_density(x: np.ndarray, weights: np.ndarray, means: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """log p(x) (N,) of a mixture, without the constant D / 2 log 2 pi that all share."""
    from scipy.linalg import solve_triangular

    terms = []
    for c, weight in enumerate(weights):
        factor = factors[c % len(factors)]
        white = solve_triangular(factor, (x - means[c]).T, lower=True, check_finite=False)  # (D, N)
        terms.append(np.log(weight) - np.log(np.diag(factor)).sum() - 0.5 * (white**2).sum(axis=0))
    return np.logaddexp.reduce(terms, axis=0)
