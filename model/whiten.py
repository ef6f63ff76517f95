"""Codes in a basis in which all faces together are N(0, I): a change of variables that both networks absorb.

The KL term averages to the information in z plus KL(q(z) || N(0, I)), where q(z) is the code of any face, noise
included (Hoffman and Johnson 2016, "ELBO surgery"). The second part buys nothing, but gradient descent is slow to take
it away: it would have to turn all dimensions against each other. Linear algebra takes its Gaussian share away at once,
in the one basis in which the mean posterior's noise stays independent, and what is decoded stays the same.

N faces, D latent dimensions.
"""

from dataclasses import dataclass

import keras
import numpy as np


@dataclass(frozen=True)
class Whitening:
    """z -> (z - mean) @ turn.T, and what is left of the noise.

    Attributes:
        mean: (D,) of the codes.
        turn: (D, D).
        noise_before, noise: (D,) mean posterior variances before and after; those after lie in (0, 1] and rise, so that
            dimension 0 holds most of what a code knows, and one with noise 1 holds nothing.
    """

    mean: np.ndarray
    turn: np.ndarray
    noise_before: np.ndarray
    noise: np.ndarray

    def codes(self, z: np.ndarray) -> np.ndarray:
        """z (N, D) -> the same codes in the new basis, float32."""
        return ((z - self.mean) @ self.turn.T).astype(np.float32)

    def apply(self, encoder: keras.Model, decoder: keras.Model) -> None:
        """Have both networks of `model.networks` speak the new basis; what they draw of a face stays as it is."""
        for layer in encoder.layers:
            if not isinstance(layer, keras.layers.Dense):
                continue
            kernel, *bias = (weights.astype(np.float64) for weights in layer.get_weights())
            if layer.name == "z_log_var":
                # Linear in log v, so that the head stays one dense layer: exact for the mean posterior.
                share = self.turn**2 * self.noise_before / self.noise[:, None]  # (D, D), rows sum to 1
                new = [kernel @ share.T, np.log(self.noise) + share @ (bias[0] - np.log(self.noise_before))]
            else:
                new = [kernel @ self.turn.T, *(self.turn @ (b - self.mean) for b in bias)]
            layer.set_weights(new)
        back = np.linalg.inv(self.turn)  # z = z' @ back.T + mean
        for layer in decoder.layers:
            if isinstance(layer, keras.layers.Dense):
                kernel, bias = layer.get_weights()
                layer.set_weights([back.T @ kernel, bias + self.mean @ kernel])


def find_whitening(z_mean: np.ndarray, z_log_var: np.ndarray) -> Whitening:
    """The basis in which codes plus noise have mean 0 and covariance I, and the mean posterior is diagonal.

    Both covariances are made diagonal at once: the generalised eigenvalue problem of the noise and the whole.

    Args:
        z_mean, z_log_var: (N, D) of the training faces.
    Raises:
        ValueError: fewer than two faces, or codes that are not finite.
    """
    from scipy.linalg import eigh  # only training needs scipy and scikit-learn
    from sklearn.covariance import ledoit_wolf

    z_mean, z_log_var = np.asarray(z_mean, np.float64), np.asarray(z_log_var, np.float64)
    if z_mean.ndim != 2 or len(z_mean) < 2 or not (np.isfinite(z_mean).all() and np.isfinite(z_log_var).all()):
        raise ValueError(f"z_mean {z_mean.shape} must be (N, D), at least 2 faces, finite")
    noise_before = np.exp(z_log_var).mean(axis=0)
    noise, axes = eigh(np.diag(noise_before), ledoit_wolf(z_mean)[0] + np.diag(noise_before))
    return Whitening(z_mean.mean(axis=0), axes.T, noise_before, noise)
