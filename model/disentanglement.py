"""How far single latent dimensions stand for single attributes: SAP, a published measure, on CelebA's labels.

N faces, D latent dimensions, K attributes.
"""

import numpy as np

from model.metrics import ACTIVE_VARIANCE

# Faces needed on either side of an attribute: with fewer, the best of hundreds of dimensions is the luckiest one.
FEWEST = 50


def balanced_accuracies(z_mean: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """How well a threshold on one latent dimension tells an attribute: (K, D), 0.5 not at all, 1 perfectly.

    The threshold and its side are those of the largest balanced accuracy, which is half of 1 + the Kolmogorov-Smirnov
    distance of the two groups' values. An unused dimension (see ACTIVE_VARIANCE) scores 0.

    Args:
        z_mean: (N, D).
        labels: (N, K) by sign; 0 is not labelled.
    Returns:
        NaN in the rows of attributes with fewer than FEWEST faces on either side.
    """
    result = np.full((labels.shape[1], z_mean.shape[1]), np.nan)
    order = np.argsort(z_mean, axis=0)  # (N, D)
    ordered = np.take_along_axis(z_mean, order, axis=0)
    # A threshold lies between two different values, not between equal ones.
    ends = np.concatenate([ordered[1:] > ordered[:-1], np.ones((1, z_mean.shape[1]), bool)])
    for k in range(labels.shape[1]):
        has, lacks = labels[:, k] > 0, labels[:, k] < 0
        if min(has.sum(), lacks.sum()) >= FEWEST:
            step = has / has.sum() - lacks / lacks.sum()  # (N,)
            difference = np.abs(np.cumsum(step[order], axis=0))  # (N, D) of the two distribution functions
            result[k] = 0.5 + 0.5 * np.where(ends, difference, 0).max(axis=0)
    result[:, np.var(z_mean, axis=0) <= ACTIVE_VARIANCE] *= 0
    return result


def separated_attribute_predictability(z_mean: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """SAP of each attribute (K,) in [0, 1]: Kumar et al. 2018 (DIP-VAE), section 3; the score is its mean.

    The accuracy of the dimension that tells the attribute best less that of the second best: 0.5 if one dimension holds
    the attribute and no other knows of it, 0 if two know it equally well. Few faces bias it: compare equal N.

    Args, NaN: as in `balanced_accuracies`.
    Raises:
        ValueError: fewer than two latent dimensions.
    """
    if z_mean.shape[1] < 2:
        raise ValueError("SAP compares two latent dimensions; this model has one")
    best = np.sort(balanced_accuracies(z_mean, labels), axis=1)  # (K, D)
    return best[:, -1] - best[:, -2]
