"""The latent space: where each attribute lies in it, the edit formula, and linear readings.

Everything here is NumPy; scikit-learn is needed once, to fit. N faces, D latent dimensions, K = 40 attributes.

The edit formula. S is the covariance of the training faces' z_mean (Ledoit-Wolf shrunk), d_k the vector from the
centroid of the faces without attribute k to the centroid of those with it, r_k(z) = d_k' S^-1 z its linear reading.
The smallest move, in Mahalanobis length, that changes the readings by c (and by 0 for what is kept) is

    dz = D (D' S^-1 D)^-1 c,    D = [d_k] over the attributes that are set or kept.

The light on the face can be held just so: its row is the covariance of the codes with the colour of the face's middle.

With S = L L' and whitened directions W = L^-1 D this is the minimum-norm solution of W' w = c, dz = L w. It is solved
in that form, by singular values, because D' S^-1 D squares the condition number and CelebA's attributes overlap.
"""

from collections.abc import Collection, Mapping
from dataclasses import MISSING, dataclass, fields
from difflib import get_close_matches
from functools import cached_property

import numpy as np

from model.strengths import finite_strength

# An attribute with fewer labelled faces on either side is marked: its direction is mostly noise.
RELIABLE_COUNT = 150
# Kept directions count as one direction below this singular value (of unit directions): float64's noise, so that
# even attributes that hardly differ are all held.
KEEP_TOLERANCE = 1e-9
# A direction of which the kept ones leave less than this share can't be moved without them: the formula would answer
# with a move 1 / SHARE times the length of the plain one, far outside all faces.
SMALLEST_SHARE = 0.02


@dataclass(frozen=True, eq=False)
class Latents:
    """What is known of the latent space of one model.

    Attributes:
        names: (K,) attribute names, CelebA's spelling.
        centroid_positive, centroid_negative: (K, D) mean z_mean of the faces with and without each attribute.
        count_positive, count_negative: (K,) how many faces (a sum of weights, for soft labels) made each centroid.
        mean: (D,) of all faces.
        covariance: (D, D) of all faces, shrunk so that it can be inverted.
        calibration: (K, 2) how many times its direction one slider unit is: [:, 0] downwards, [:, 1] upwards.
        reliable: (K,) bool, False where too few labels carry the direction (see RELIABLE_COUNT).
        light: (D, C) covariance of the codes with C numbers that describe the light on the face; C is 0 in bundles
            that were made before it was measured.
        guided: (K, D) directions that the classifier chose (model/directions.py): what is set moves along them instead.
            Readings, and so what is kept, stay with the centroids. None where there are none.
    Raises:
        ValueError: an array has the wrong shape, is not finite, or the covariance cannot be inverted.
    """

    names: tuple[str, ...]
    centroid_positive: np.ndarray
    centroid_negative: np.ndarray
    count_positive: np.ndarray
    count_negative: np.ndarray
    mean: np.ndarray
    covariance: np.ndarray
    calibration: np.ndarray
    reliable: np.ndarray
    light: np.ndarray | None = None
    guided: np.ndarray | None = None

    def __post_init__(self):
        object.__setattr__(self, "names", tuple(str(name) for name in self.names))
        k, d = len(self.names), np.shape(self.mean)[-1] if np.ndim(self.mean) else 0
        shapes = {
            "centroid_positive": (k, d), "centroid_negative": (k, d), "count_positive": (k,), "count_negative": (k,),
            "mean": (d,), "covariance": (d, d), "calibration": (k, 2), "reliable": (k,),
        }  # fmt: skip
        if self.light is None:
            object.__setattr__(self, "light", np.zeros((d, 0), np.float32))
        shapes["light"] = (d, *np.shape(self.light)[1:2])
        if self.guided is not None:
            shapes["guided"] = (k, d)
        for field, shape in shapes.items():
            array = np.asarray(getattr(self, field))
            if array.shape != shape:
                raise ValueError(f"{field} has shape {array.shape}; {shape} is needed")
            if array.dtype.kind not in "fiub" or not np.isfinite(array).all():
                raise ValueError(f"{field} holds values that are not finite numbers")
            object.__setattr__(self, field, array)
        if len(set(self.names)) != k:
            raise ValueError("names holds the same attribute twice")
        if not (self.calibration > 0).all():
            raise ValueError("calibration must be positive")
        self._span  # noqa: B018  (a covariance that cannot be inverted is found here, not at the first edit)

    @cached_property
    def directions(self) -> np.ndarray:
        """(K, D) along which attributes move: the guided directions, or the differences of centroids."""
        return self.between_centroids if self.guided is None else np.asarray(self.guided, np.float64)

    @property
    def between_centroids(self) -> np.ndarray:
        """(K, D) d_k, from the mean of the faces without to the mean of the faces with each attribute."""
        return np.asarray(self.centroid_positive, np.float64) - np.asarray(self.centroid_negative, np.float64)

    @cached_property
    def precision(self) -> np.ndarray:
        """S^-1 (D, D), float64. Found once: fifty visitors who each solve with S make each other wait for seconds."""
        return np.linalg.inv(np.asarray(self.covariance, np.float64))

    @cached_property
    def _span(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """The whitened directions in a basis of their own span, at most 2 K + C dimensions, so that an edit is cheap.

        Returns:
            basis (D, R) back from span to latent space; unit (R, 2 K + C) unit directions, 0 for a zero one: those that
            attributes move along, d_k, the light; length (2 K + C,) their Mahalanobis lengths; reader (D, K) S^-1 d_k.
        """
        covariance = np.asarray(self.covariance, np.float64)
        try:
            factor = np.linalg.cholesky((covariance + covariance.T) / 2)  # (D, D)
        except np.linalg.LinAlgError:
            raise ValueError("covariance is not positive definite") from None
        rows = np.vstack([self.directions, self.between_centroids, self.light.T])
        whitened = np.linalg.solve(factor, rows.T)  # (D, 2 K + C)
        q, r = np.linalg.qr(whitened)  # (D, R), (R, 2 K + C)
        length = np.linalg.norm(whitened, axis=0)
        unit = np.divide(r, length, out=np.zeros_like(r), where=length > 0)
        k = len(self.names)
        return factor @ q, unit, length, np.linalg.solve(factor.T, whitened[:, k : 2 * k])

    def _index(self, name: str) -> int:
        if name in self.names:
            return self.names.index(name)
        lower = {known.lower(): known for known in self.names}
        near = [lower[match] for match in get_close_matches(str(name).lower().replace(" ", "_"), lower, n=3)]
        hint = f"did you mean {' or '.join(near)}?" if near else f"the attributes are {', '.join(self.names)}."
        raise ValueError(f"unknown attribute {name!r}: {hint}")

    def displacement(self, strengths: Mapping[str, float], keep: Collection[str] = (),
                     hold_light: bool = False) -> np.ndarray:
        """The move dz (D,) of the edit formula; it does not depend on the face.

        Args:
            strengths: slider units by attribute: +1 asks for the change of reading that `calibration[k, 1]` plain
                centroid vectors make, -1 for that of `calibration[k, 0]`, downwards. An attribute set to 0 is held like
                a kept one: leave it out to let it go along with the others.
            keep: attributes whose readings must not change. They come first: what is set moves only as far as
                they leave room (not at all where its direction lies within theirs).
            hold_light: keep the reading of the light on the face, too.
        Raises:
            ValueError: an unknown attribute, one both set and kept, or a strength that is not a finite number.
        """
        keep = {keep} if isinstance(keep, str) else set(keep)
        for name in keep & set(strengths):
            raise ValueError(f"{name} is both set and kept: choose one")
        value = np.array([finite_strength(name, strength) for name, strength in strengths.items()], np.float64)
        index = np.array([self._index(name) for name in strengths], np.intp)
        count = len(self.names)
        kept = sorted(count + k for k in {self._index(name) for name in keep} | set(index[value == 0].tolist()))
        if hold_light:
            kept += range(2 * count, 2 * count + self.light.shape[1])
        index, value = index[value != 0], value[value != 0]  # (M,)
        if not len(index):
            return np.zeros(len(self.mean))
        basis, unit, length, _ = self._span
        vectors = value * self.calibration[index, (value > 0).astype(np.intp)]  # (M,) in plain centroid vectors
        held = np.linalg.svd(unit[:, kept], full_matrices=False)[:2] if kept else (unit[:, :0], np.zeros(0))
        held = held[0][:, held[1] > KEEP_TOLERANCE]  # (R, H) orthonormal
        free = unit[:, index]  # (R, M)
        for _ in range(2):  # one projection leaves rounding errors that nearly parallel directions would blow up
            free = free - held @ (held.T @ free)
        u, size, vt = np.linalg.svd(free, full_matrices=False)
        solid = size > SMALLEST_SHARE
        w = u[:, solid] @ ((vt[solid] @ (vectors * length[index])) / size[solid])  # (R,) minimum norm: free' w = change
        return basis @ (w - held @ (held.T @ w))  # (D,)

    def edit(self, z: np.ndarray, strengths: Mapping[str, float], keep: Collection[str] = (),
             hold_light: bool = False) -> np.ndarray:
        """Move faces by the edit formula.

        Args:
            z: (B, D) or (D,) codes.
            strengths, keep, hold_light: see `displacement`.
        Returns:
            New codes, in the shape and the floating type of `z`; bit for bit `z` when every strength is 0.
        """
        z = np.asarray(z)
        z = z if z.dtype.kind == "f" else z.astype(np.float32)
        if z.ndim not in (1, 2) or z.shape[-1] != len(self.mean):
            raise ValueError(f"z has shape {z.shape}; (B, {len(self.mean)}) is needed")
        return (z + self.displacement(strengths, keep, hold_light)).astype(z.dtype)

    def read(self, z: np.ndarray) -> np.ndarray:
        """Linear readings r_k(z) = d_k' S^-1 z of all attributes: z (B, D) -> (B, K) float64, (D,) -> (K,)."""
        return np.asarray(z, np.float64) @ self._span[3]

    def meter(self, z: np.ndarray) -> np.ndarray:
        """Readings on a common scale: 0 at the mean of the faces without, 1 at the mean of those with the attribute.

        z (B, D) -> (B, K), (D,) -> (K,). An attribute without labels reads 0.
        """
        _, _, length, reader = self._span
        length = length[len(self.names) : 2 * len(self.names)]  # (K,) of d_k
        start = np.einsum("kd,dk->k", np.asarray(self.centroid_negative, np.float64), reader)
        distance = self.read(z) - start
        return np.divide(distance, length**2, out=np.zeros_like(distance), where=length > 0)

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Plain arrays by field name, for an npz file without pickles."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: np.asarray(value) for name, value in values.items() if value is not None}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> "Latents":
        """The inverse of `to_arrays`; other keys are ignored. Raises ValueError for what is missing or wrong."""
        missing = [field.name for field in fields(cls) if field.name not in arrays and field.default is MISSING]
        if missing:
            raise ValueError(f"no array {', '.join(missing)}")
        return cls(**{field.name: arrays.get(field.name) for field in fields(cls)})


def fit_latents(z_mean: np.ndarray, labels: np.ndarray, names: Collection[str],
                light: np.ndarray | None = None) -> Latents:
    """Centroids of every attribute and the shrunk covariance (Ledoit and Wolf, 2004), uncalibrated.

    Args:
        z_mean: (N, D) codes of the training faces.
        labels: (N, K): 1 has it, -1 lacks it, 0 or NaN unlabelled. Values between are soft labels, 2 p - 1 for a
            probability p: the sign chooses the centroid, the size is the weight in it.
        names: (K,).
        light: (N, C) numbers that describe the light on each face, as `preprocessing.face_light` gives them.
    Raises:
        ValueError: shapes that do not fit, codes that are not finite, labels outside [-1, 1].
    """
    from sklearn.covariance import ledoit_wolf  # only training needs it

    z_mean = np.asarray(z_mean, np.float64)
    labels = np.nan_to_num(np.asarray(labels, np.float64))
    names = tuple(names)
    if z_mean.ndim != 2 or len(z_mean) < 2 or labels.shape != (len(z_mean), len(names)):
        raise ValueError(f"z_mean {z_mean.shape} and labels {labels.shape} do not fit {len(names)} attributes")
    if not np.isfinite(z_mean).all():
        raise ValueError("z_mean holds values that are not finite: the encoder diverged")
    if np.abs(labels).max(initial=0) > 1:
        raise ValueError("labels must lie in [-1, 1]: 1 has it, -1 lacks it, 0 or NaN unlabelled")
    mean = z_mean.mean(axis=0)
    centroids, counts = [], []
    for weight in (np.maximum(labels, 0), np.maximum(-labels, 0)):  # (N, K): with, without
        count = weight.sum(axis=0)
        counts.append(count)
        centroids.append((weight.T @ z_mean) / np.maximum(count, 1e-12)[:, None])  # (K, D)
    known = ((counts[0] > 0) & (counts[1] > 0))[:, None]
    # Without faces on both sides there is no direction: both centroids the same gives d_k = 0, which moves nothing.
    positive, negative = (np.where(known, centroid, mean) for centroid in centroids)
    return Latents(
        names=names, centroid_positive=positive.astype(np.float32), centroid_negative=negative.astype(np.float32),
        count_positive=np.rint(counts[0]).astype(np.int64), count_negative=np.rint(counts[1]).astype(np.int64),
        mean=mean.astype(np.float32), covariance=ledoit_wolf(z_mean)[0].astype(np.float32),
        calibration=np.ones((len(names), 2), np.float32), reliable=np.minimum(*counts) >= RELIABLE_COUNT,
        light=None if light is None else ((z_mean - mean).T @ (light - np.mean(light, axis=0)) / len(z_mean)
                                          ).astype(np.float32),
    )
