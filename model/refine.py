"""Refining a code: some steps of gradient descent on z, from the encoder's answer towards the picture.

The encoder answers at once but only nearly; the decoder can often draw the face better from a code near by (Abdal et
al. 2019, "Image2StyleGAN", do the same for a GAN, from further away). The steps are taken in whitened coordinates u,
z = z_0 + L u with S = L L' the covariance of the training faces' codes, so that a unit is one standard deviation in any
direction and "near by" is a Mahalanobis length.
"""

from collections.abc import Callable

import keras
import numpy as np
from keras import ops

from model.losses import absolute_error, shrink, squared_error, texture_error

STEPS = 12  # about half a second on two cores; see `python -m benchmarks.refine`
RATE = 0.05  # Adam's step, in standard deviations of the codes
TEXTURE = 2.0  # weight of the amount of detail: by pixels alone, hair that the code cannot hold is best drawn as a blur
NEARNESS = 0.02  # weight of the mean square of u: what keeps the code where faces are
MEAN_DECAY, SQUARE_DECAY, TINY = 0.9, 0.99, 1e-8  # Adam (Kingma and Ba 2014), with a shorter memory for few steps


def make_refiner(decoder: keras.Model, covariance: np.ndarray) -> Callable[..., np.ndarray]:
    """Build `refine(images, z, steps=STEPS) -> z` for one decoder; traced at the first call.

    Args:
        decoder: z (B, D) -> x_hat (B, S, S, 3).
        covariance: (D, D) of the codes.
    Raises:
        RuntimeError: on a backend other than TensorFlow, whose gradients it takes.
    """
    if keras.backend.backend() != "tensorflow":
        raise RuntimeError("refining a code takes gradients with TensorFlow; this Keras runs on another backend")
    import tensorflow as tf

    factor = np.linalg.cholesky(np.asarray(covariance, np.float64)).T.astype(np.float32)  # (D, D): z = z_0 + u factor
    size, latent_dim = decoder.output_shape[1], decoder.input_shape[-1]

    @tf.function(
        input_signature=[
            tf.TensorSpec((None, size, size, 3)), tf.TensorSpec((None, latent_dim)), tf.TensorSpec((), tf.int32)
        ],
        autograph=False,
    )  # fmt: skip
    def descend(x, z_0, steps):
        def step(i, u, mean, square):
            with tf.GradientTape() as tape:
                tape.watch(u)
                x_hat = decoder(z_0 + u @ factor, training=False)
                half, half_hat = shrink(x, 2), shrink(x_hat, 2)
                error = absolute_error(half, half_hat) + 4.0 * squared_error(half, half_hat)
                error = error + TEXTURE * texture_error(x, x_hat, 1.0) + NEARNESS * ops.mean(ops.square(u), axis=-1)
            gradient = tape.gradient(error, u)
            mean = MEAN_DECAY * mean + (1 - MEAN_DECAY) * gradient
            square = SQUARE_DECAY * square + (1 - SQUARE_DECAY) * tf.square(gradient)
            t = tf.cast(i + 1, tf.float32)
            ahead = mean / (1 - MEAN_DECAY**t)
            # The rate falls to 0, so that the last steps settle.
            rate = RATE * (1 - tf.cast(i, tf.float32) / tf.cast(steps, tf.float32))
            u = u - rate * ahead / (tf.sqrt(square / (1 - SQUARE_DECAY**t)) + TINY)
            return i + 1, u, mean, square

        zero = tf.zeros_like(z_0)
        _, u, _, _ = tf.while_loop(lambda i, *_: i < steps, step, (0, zero, zero, zero))
        return z_0 + u @ factor

    def refine(images: np.ndarray, z: np.ndarray, steps: int = STEPS) -> np.ndarray:
        """Faces (B, S, S, 3) float in [0, 1] and their codes (B, D) -> better codes (B, D) float32."""
        images, z = np.asarray(images, np.float32), np.asarray(z, np.float32)
        return descend(tf.constant(images), tf.constant(z), tf.constant(steps)).numpy()

    return refine
