"""Growing a trained network: a wider or deeper one that starts where the smaller one got to.

After Chen et al. 2016, "Net2Net": what is new feeds nothing to what was there, so that the larger network first does
what the smaller one did, and training then finds what the room is good for.
"""

import keras
import numpy as np

from model.config import ModelConfig
from model.networks import LAST_CONV

# What may differ between two residual networks: it changes the meaning of no weight that both have.
GROWS = ("widths", "depths", "encoder_depths", "head_width", "head_depth", "dropout")
# What changes no weight of a seed network.
RESIDUAL_ONLY = ("depths", "encoder_depths", "stem_stride", "head_width", "head_depth", "detail_width",
                 "bottleneck_width", "dropout")  # fmt: skip


def start_from(source, vae) -> list[str]:
    """Give the networks of a VAE the weights of another model: both have `encoder`, `decoder` and `config`.

    Returns:
        The layers whose weights had no place: of blocks that the VAE's own configuration leaves out.
    Raises:
        ValueError: the weights cannot be carried over.
    """
    if not can_grow(source.config, vae.config):
        raise ValueError("--init is another network, which cannot grow into this one: "
                         f"{source.config}, not {vae.config}")
    return [f"{large.name}/{name}" for small, large in ((source.encoder, vae.encoder), (source.decoder, vae.decoder))
            for name in grow(small, large)]


def can_grow(source: ModelConfig, target: ModelConfig) -> bool:
    """Whether `grow` can carry weights over: alike in all but GROWS, and no level narrower."""
    free = GROWS if source.architecture == "residual" else RESIDUAL_ONLY
    before, after = ({key: value for key, value in config.to_dict().items() if key not in free}
                     for config in (source, target))
    if before != after:
        return False
    before, after = ((*config.widths, config.head_width) for config in (source, target))
    wider = len(before) == len(after) and all(a <= b for a, b in zip(before, after, strict=True))
    return wider or source.architecture == "seed"


def grow(source: keras.Model, target: keras.Model) -> list[str]:
    """Give `target`, an encoder or decoder as built, the weights of `source`, whose config `can_grow` into its own.

    Layers are matched by name. A block that `source` lacks adds nothing at first; one that `target` lacks is lost, and
    training has to make up for it: the names of its layers are returned.
    """
    known = {layer.name: layer.get_weights() for layer in source.layers if layer.weights}
    for layer in target.layers:
        arrays = layer.get_weights()
        if layer.name in known:
            arrays = [_widened(*pair) for pair in zip(known.pop(layer.name), arrays, strict=True)]
        elif layer.name.endswith(LAST_CONV):
            arrays = [np.zeros_like(array) for array in arrays]
        layer.set_weights(arrays)
    return list(known)


def _widened(old: np.ndarray, new: np.ndarray) -> np.ndarray:
    """`new` with `old` in its first channels, to which the others give nothing: kernels are (..., in, out)."""
    result = new.copy()
    if old.ndim > 1:
        result[..., old.shape[-2]:, : old.shape[-1]] = 0
    result[tuple(slice(n) for n in old.shape)] = old
    return result
