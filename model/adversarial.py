"""An adversarial term: critics on VGG16's features that learn to tell photos from what the decoder draws."""

import keras
from keras import ops

HIDDEN = 64  # channels of a critic's two inner layers
SLOPE = 0.2  # of its leaky ReLUs, below zero


class Critic(keras.layers.Layer):
    """How real each place looks, by a small convolutional head on each layer of VGG16.

    After Sauer et al. 2021, "Projected GANs converge faster": what VGG16 has learned of photos need not be learned
    again from some thousand faces. Every filter has length 1 (Salimans and Kingma 2016, without the gain), which bounds
    the slope that the decoder sees.
    """

    def build(self, input_shape):
        """input_shape: of the features, a list of (B, h, w, C)."""
        self.heads = []
        for layer, shape in enumerate(input_shape):
            sizes = ((3, shape[-1], HIDDEN), (3, HIDDEN, HIDDEN), (1, HIDDEN, 1))
            self.heads.append([(self.add_weight(shape=(side, side, before, after), name=f"kernel_{layer}_{i}"),
                                self.add_weight(shape=(after,), initializer="zeros", name=f"bias_{layer}_{i}"))
                               for i, (side, before, after) in enumerate(sizes)])

    def call(self, features, frozen=False):
        """Features, a list of (B, h, w, C) -> a list of (B, h', w', 1). `frozen` keeps the gradient off the critic."""
        return [self._head(head, x, frozen) for head, x in zip(self.heads, features, strict=True)]

    def _head(self, head, x, frozen: bool):
        for i, (kernel, bias) in enumerate(head):
            kernel, bias = ops.convert_to_tensor(kernel), ops.convert_to_tensor(bias)
            kernel = kernel / ops.sqrt(ops.sum(ops.square(kernel), axis=(0, 1, 2)) + 1e-8)
            if frozen:
                kernel, bias = ops.stop_gradient(kernel), ops.stop_gradient(bias)
            x = ops.conv(x, ops.cast(kernel, x.dtype), strides=2 if i == 1 else 1, padding="same")
            x = x + ops.cast(bias, x.dtype)
            x = ops.maximum(x, SLOPE * x) if i < len(head) - 1 else ops.cast(x, "float32")
        return x


def adversarial_errors(critic: Critic, real: list, drawn: list):
    """What the decoder and what the critic have to lower, a picture each: (B,), (B,), the means over layers and places.

    The relativistic pair of Jolicoeur-Martineau 2018: which of the two is the photo? Where both show one face, what it
    shows cancels out, and what tells them apart is how it is drawn. The decoder's error has no gradient for the
    critic, and the critic's none for the decoder.

    Args:
        real, drawn: features of the pairs, lists of (B, h, w, C).
    """
    real = [ops.stop_gradient(x) for x in real]
    # VGG16's layers differ in scale a hundredfold: the photos' root mean square is the unit.
    units = [ops.sqrt(ops.mean(ops.square(ops.cast(x, "float32"))) + 1e-6) for x in real]
    real, drawn = ([x / ops.cast(unit, x.dtype) for x, unit in zip(v, units, strict=True)] for v in (real, drawn))
    photo = critic(real)
    told = zip(photo, critic([ops.stop_gradient(x) for x in drawn]), strict=True)
    seen = zip(photo, critic(drawn, frozen=True), strict=True)
    return _mean([b - ops.stop_gradient(a) for a, b in seen], sign=-1), _mean([b - a for a, b in told], sign=1)


def _mean(differences: list, sign: int):
    terms = [ops.mean(ops.softplus(sign * x), axis=(1, 2, 3)) for x in differences]
    return sum(terms) / len(terms)
