"""The measures, as functions of arrays; `model/evaluate.py` feeds them chunk by chunk and prints what they say.

n faces, S image side, D latent dimensions, K attributes, F classifier features. Pictures are float in [0, 1].
"""

from collections.abc import Callable, Mapping

import numpy as np
from skimage.metrics import structural_similarity
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from model.classifier import sigmoid
from model.latents import Latents
from model.preprocessing import lanczos, resizing

LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601, of red, green and blue
ACTIVE_VARIANCE = 0.01  # Burda et al. 2015, section 5.2: a latent dimension with less variance of z_mean is unused
FOLDS = 5  # of the cross-validated probe


def resize(images: np.ndarray, size: int) -> np.ndarray:
    """(n, S, S, 3) -> (n, size, size, 3), Lanczos with antialiasing, clipped to [0, 1]."""
    if images.shape[1] == size:
        return images
    weights = resizing(images.shape[1], size, lanczos)
    return np.clip(np.einsum("sh,nhwc,tw->nstc", weights, images, weights, optimize=True), 0, 1)


def psnr(x: np.ndarray, x_hat: np.ndarray) -> np.ndarray:
    """Peak signal-to-noise ratio of each picture in dB: (n, S, S, 3) twice -> (n,); 100 dB for equal pictures."""
    error = np.mean(np.square(x.astype(np.float64) - x_hat), axis=(1, 2, 3))
    return -10 * np.log10(np.maximum(error, 1e-10))


def ssim(x: np.ndarray, x_hat: np.ndarray) -> np.ndarray:
    """Structural similarity of each picture (Wang et al. 2004): (n, S, S, 3) twice -> (n,), at most 1.

    The paper's constants: Gaussian window of sigma 1.5 (11 pixels), K1 0.01, K2 0.03; the mean over colour channels.
    """
    options = {"channel_axis": -1, "data_range": 1.0, "gaussian_weights": True, "use_sample_covariance": False}
    return np.array([structural_similarity(a, b, **options) for a, b in zip(x, x_hat, strict=True)])


def laplacian(x: np.ndarray) -> np.ndarray:
    """Mean absolute Laplacian (4 neighbours) of the luminance, a measure of sharpness: (n, S, S, 3) -> (n,)."""
    y = x @ LUMINANCE
    response = y[:, :-2, 1:-1] + y[:, 2:, 1:-1] + y[:, 1:-1, :-2] + y[:, 1:-1, 2:] - 4 * y[:, 1:-1, 1:-1]
    return np.abs(response).mean(axis=(1, 2))


def high_band(x: np.ndarray) -> np.ndarray:
    """Mean power of the luminance at spatial frequencies above half Nyquist: (n, S, S, 3) -> (n,).

    Frequencies by radius, the corners included; a Hann window keeps the picture's borders out of the spectrum.
    """
    size = x.shape[1]
    y = x @ LUMINANCE
    window = np.outer(np.hanning(size), np.hanning(size))
    power = np.square(np.abs(np.fft.rfft2((y - y.mean(axis=(1, 2), keepdims=True)) * window)))
    radius = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size))  # cycles a pixel; Nyquist is 0.5
    return power[:, radius > 0.25].mean(axis=1)


def ratio(values_hat: np.ndarray, values: np.ndarray) -> float:
    """How the mean of the reconstructions' values compares with that of the photos'."""
    return float(np.mean(values_hat) / max(np.mean(values), 1e-12))


def decision_thresholds(logits: np.ndarray) -> np.ndarray:
    """The logit of each attribute (K,) above which it is said to be there, from the logits (n, K) of photos.

    Above it lie as many photos as the calibrated probabilities add up to. At a probability of a half, a rare attribute
    that the classifier is never sure of would never be there, and no edit could bring it.
    """
    expected = np.clip(sigmoid(logits.astype(np.float64)).mean(axis=0), 0, 1)  # (K,) share
    return np.array([np.quantile(logits[:, k], 1 - share) for k, share in enumerate(expected)], np.float32)


def attribute_agreement(logits: np.ndarray, logits_hat: np.ndarray) -> float:
    """Share of decisions (logit above 0) that are the same for photo and reconstruction: (n, K) twice -> [0, 1]."""
    return float(np.mean((logits > 0) == (logits_hat > 0)))


def frechet_distance(features: np.ndarray, features_hat: np.ndarray) -> float:
    """Squared Fréchet distance of the two Gaussians fitted to (n, F) and (m, F): Heusel et al. 2017, equation 6.

    tr (A B)^(1/2) is the sum of the roots of the eigenvalues of A^(1/2) B A^(1/2), which is symmetric: nothing complex
    arises, and too few faces for F features do no harm. It is biased upwards for few faces: compare equal n.
    """
    a, b = (np.asarray(f, np.float64) for f in (features, features_hat))
    cov_a, cov_b = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    values, vectors = np.linalg.eigh(cov_a)
    root = vectors * np.sqrt(np.maximum(values, 0)) @ vectors.T
    cross = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ cov_b @ root), 0)).sum()
    distance = np.square(a.mean(axis=0) - b.mean(axis=0)).sum() + np.trace(cov_a) + np.trace(cov_b) - 2 * cross
    return float(max(distance, 0.0))


def separation(z: np.ndarray, group: np.ndarray) -> float:
    """How well a linear probe tells two groups of codes apart: area under the ROC curve, 0.5 not at all, 1 perfectly.

    Shrunk linear discriminant on standardised codes, cross-validated. z (n, D), group (n,) bool.
    """
    probe = make_pipeline(StandardScaler(), LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto"))
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    score = cross_val_predict(probe, np.asarray(z, np.float64), group, cv=folds, method="decision_function")
    return float(roc_auc_score(group, score))


def active_dimensions(z_mean: np.ndarray) -> int:
    """Latent dimensions that z_mean (n, D) uses: variance over the faces above ACTIVE_VARIANCE."""
    return int((np.var(z_mean, axis=0) > ACTIVE_VARIANCE).sum())


def classification(labels: np.ndarray, logits: np.ndarray) -> dict[str, np.ndarray]:
    """How good a classifier is, each (K,): accuracy, balanced accuracy, area under the ROC curve, logit gap.

    The logit gap is the mean logit of faces that have the attribute less that of the others: a slider unit, in logits.
    labels (n, K) by sign, 0 not labelled; logits (n, K). NaN where there are no faces of one side (accuracy: of both).
    """
    result = {name: np.full(labels.shape[1], np.nan) for name in ("accuracy", "balanced_accuracy", "auc", "logit_gap")}
    for k in range(labels.shape[1]):
        known = labels[:, k] != 0
        has, said = labels[known, k] > 0, logits[known, k]
        if known.any():
            result["accuracy"][k] = np.mean(has == (said > 0))
        if has.any() and not has.all():
            result["balanced_accuracy"][k] = (np.mean(said[has] > 0) + np.mean(said[~has] <= 0)) / 2
            result["auc"][k] = roc_auc_score(has, said)
            result["logit_gap"][k] = said[has].mean() - said[~has].mean()
    return result


def edit_effect(
    z: np.ndarray,
    logits: np.ndarray,
    latents: Latents,
    decode: Callable[[np.ndarray], np.ndarray],
    classify: Callable[[np.ndarray], np.ndarray],
    *,
    strength: float = 2.0,
    keep_others: bool = False,
    faces: int = 24,
    seed: int = 0,
) -> Mapping[str, tuple[float, float]]:
    """What edits do, as the classifier sees decoded faces: for each reliable attribute (success, others flipped).

    Success: the share of faces whose decision goes to the side asked for, among faces that were not on it.
    Others flipped: the mean share of the other K - 1 decisions that change. Both are means over the two sides
    (+strength and -strength); a side on which there are no faces is left out, and so is an attribute without any.

    Args:
        z: (n, D) codes to edit.
        logits: (n, K) of decode(z).
        decode: (b, D) -> (b, S, S, 3); classify: (b, S, S, 3) -> (b, K) logits.
        strength: in slider units.
        keep_others: hold all other attributes by the edit formula.
        faces: at most so many for each attribute and side, chosen by `seed`.
    """
    rng = np.random.default_rng(seed)
    before, result = logits > 0, {}
    for k, name in enumerate(latents.names):
        keep = [other for other in latents.names if other != name] if keep_others else []
        sides = []
        for sign in (1, -1):
            # Drawn for every attribute, so that which are reliable does not change the faces of the others.
            rows = rng.permutation(np.flatnonzero(before[:, k] == (sign < 0)))[:faces]
            if len(rows) and latents.reliable[k]:
                after = classify(decode(latents.edit(z[rows], {name: sign * strength}, keep))) > 0
                flipped = after != before[rows]
                sides.append((flipped[:, k].mean(), np.delete(flipped, k, axis=1).mean()))
        if sides:
            result[name] = tuple(np.mean(sides, axis=0).tolist())
    return result
