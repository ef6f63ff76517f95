"""How large a network may be: one that a bundle describes, before it is built, and one to train, before it is trained.

A bundle comes from anywhere, and a few characters in its config.json could ask for more memory than there is.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import prod

from model.config import ModelConfig
from model.folder import MAX_FILE_BYTES

MOST_WEIGHTS = MAX_FILE_BYTES // 2  # a network has a file of its own, in which a weight takes two bytes or more
MOST_PIXELS = 512  # CelebA's frame is 178 pixels wide
MOST_LEVELS, MOST_BLOCKS, MOST_ATTRIBUTES = 10, 64, 1000


def check_sizes(config: ModelConfig, classifier: Mapping) -> None:
    """ValueError if a network would be too large for a bundle; classifier: the arguments of `build_classifier`."""
    widths, depths = config.widths, config.depths if config.architecture == "residual" else ()
    _check_side(config.image_size)
    side = config.image_size // config.total_stride
    last = config.bottleneck_width if config.architecture == "residual" else widths[-1]
    others = side * side * last * config.latent_dim
    if config.architecture == "residual":
        head = 9 * config.head_width * 4 * config.detail_width
        _check((*widths, config.head_width), (*depths, config.head_depth), others + head)
        depths = config.encoder_depths or depths
    _check(widths, depths, others)
    _check_side(classifier.get("image_size", 0))
    widths, attributes = classifier.get("widths", ()), classifier.get("attributes", 0)
    if attributes > MOST_ATTRIBUTES:
        raise ValueError(f"it asks for {attributes} attributes; a bundle has {MOST_ATTRIBUTES} at most")
    _check(widths, classifier.get("depths", ()), attributes * (widths[-1] if widths else 1))


def check_files(encoder, decoder) -> None:
    """ValueError if what training makes of these networks would not fit into a bundle's files: hours before it does."""
    from model.prior import flow_shapes  # imported here, as a bundle's description needs neither
    from model.weights import weights_to_bytes

    latent_dim = decoder.input_shape[-1]
    sizes = {part.name: len(weights_to_bytes(part)) for part in (encoder, decoder)}
    prior = sum(prod(shape) for shape in flow_shapes(latent_dim, latent_dim).values())
    sizes["directions and prior"] = 2 * prior + 4 * latent_dim * latent_dim  # float16 kernels, and the covariance
    for name, size in sizes.items():
        if size > MAX_FILE_BYTES:
            raise ValueError(f"the {name} would take {size / 1e6:.1f} MB, over the {MAX_FILE_BYTES / 1e6:.0f} MB of a "
                             "bundle's file; make widths or latent_dim smaller")


def _check_side(image_size: int) -> None:
    if not image_size <= MOST_PIXELS:
        raise ValueError(f"it asks for pictures of {image_size} pixels; a bundle's have {MOST_PIXELS} at most")


def _check(widths: Sequence[int], depths: Sequence[int], others: int) -> None:
    """The convolutions of the levels and of their residual blocks, and `others` weights: a lower bound."""
    if min(depths, default=0) < 0:
        raise ValueError(f"it has levels of {min(depths)} blocks")
    if len(widths) > MOST_LEVELS or sum(depths) > MOST_BLOCKS:
        raise ValueError(f"it has {len(widths)} levels and {sum(depths)} blocks; a bundle's has {MOST_LEVELS} and "
                         f"{MOST_BLOCKS} at most")
    weights = others + sum(9 * a * b for a, b in pairwise((3, *widths)))
    weights += sum(18 * width * width * depth for width, depth in zip(widths, depths, strict=False))
    if weights > MOST_WEIGHTS:
        raise ValueError(f"its network has {weights / 1e6:,.0f} million weights; a bundle's has "
                         f"{MOST_WEIGHTS / 1e6:.0f} million at most")
