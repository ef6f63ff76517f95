"""Growing a trained network: a wider or deeper one that starts where the smaller one got to.

After Chen et al. 2016, "Net2Net": what is new feeds nothing to what was there, so that the larger network first does
what the smaller one did, and training then finds what the room is good for.
"""

import keras
import numpy as np

from model.config import ModelConfig
from model.networks import LAST_CONV

# What may differ between the two: it changes the meaning of no weight that both have.
GROWS = ("widths", "depths", "encoder_depths", "head_width", "head_depth", "dropout")


def can_grow(source: ModelConfig, target: ModelConfig) -> bool:
    """Whether `grow` can carry weights over: the same two, or residual ones alike but for GROWS, no level narrower."""
    if source == target:
        return True
    if source.architecture != "residual" or source.replace(**{name: getattr(target, name) for name in GROWS}) != target:
        return False
    before, after = ((*config.widths, config.head_width) for config in (source, target))
    return len(before) == len(after) and all(a <= b for a, b in zip(before, after, strict=True))


def start_from(source, vae) -> None:
    """Give the networks of a VAE the weights of another model: both have `encoder`, `decoder` and `config`.

    Raises:
        ValueError: the weights cannot be carried over.
    """
    if not can_grow(source.config, vae.config):
        raise ValueError("--init is another network, which cannot grow into this one: "
                         f"{source.config}, not {vae.config}")
    grow(source.encoder, vae.encoder)
    grow(source.decoder, vae.decoder)


def grow(source: keras.Model, target: keras.Model) -> None:
    """Give `target`, an encoder or decoder as built, the weights of `source`, whose config `can_grow` into its own.

    Layers are matched by name. A block that `source` lacks adds nothing at first; one that `target` lacks is lost, and
    training has to make up for it.
    """
    known = {layer.name: layer.get_weights() for layer in source.layers}
    for layer in target.layers:
        arrays = layer.get_weights()
        if layer.name in known:
            arrays = [_widened(*pair) for pair in zip(known[layer.name], arrays, strict=True)]
        elif layer.name.endswith(LAST_CONV):
            arrays = [np.zeros_like(array) for array in arrays]
        layer.set_weights(arrays)


def _widened(old: np.ndarray, new: np.ndarray) -> np.ndarray:
    """`new` with `old` in its first channels, to which the others give nothing: kernels are (..., in, out)."""
    result = new.copy()
    if old.ndim > 1:
        result[..., old.shape[-2]:, : old.shape[-1]] = 0
    result[tuple(slice(n) for n in old.shape)] = old
    return result
