"""What a model is and how it is trained: two frozen records, saved beside the weights."""

from __future__ import annotations

import dataclasses
import difflib
from dataclasses import dataclass

ARCHITECTURES = ("seed", "residual")
RECONSTRUCTIONS = ("mse", "multiscale")
PRECISIONS = ("float32", "mixed_bfloat16")
SCHEDULES = ("constant", "cosine")
COARSE = 16  # side, pixels, of the picture that a linear path reads and draws beside the convolutions
PRIOR_MINUTES = 10.0  # of training for the prior, unless said otherwise


class _Record:
    """To and from a plain dictionary, so that JSON can hold it and a typo in it is an error."""

    def to_dict(self) -> dict:
        """The fields as JSON-ready values (tuples become lists)."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in dataclasses.asdict(self).items()}

    @classmethod
    def from_dict(cls, values: dict):
        """Build the record from `values`.

        Raises:
            ValueError: for an unknown key (naming the nearest known one), a missing required key, or a bad value.
        """
        known = {f.name: f for f in dataclasses.fields(cls)}
        for key in values:
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1)
                hint = f"; did you mean {near[0]!r}?" if near else f"; the keys are {', '.join(known)}"
                raise ValueError(f"{cls.__name__} has no key {key!r}{hint}")
        return cls(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})

    def replace(self, **changes):
        """A copy with some fields changed; an unknown name is a ValueError, as in `from_dict`."""
        return self.from_dict({**self.to_dict(), **changes})


def _check(name: str, value, choices=None, low=None) -> None:
    if choices is not None and value not in choices:
        raise ValueError(f"{name} is {value!r}; it must be one of {', '.join(map(str, choices))}")
    if low is not None and not value >= low:
        raise ValueError(f"{name} is {value!r}; it must be at least {low}")


@dataclass(frozen=True)
class ModelConfig(_Record):
    """The shape of encoder and decoder; enough to build both.

    `seed`: stride-2 3x3 convolutions of `widths`, and their mirror image.
    `residual`: a stem of stride `stem_stride`, then a level of `encoder_depths[i]` residual blocks with `widths[i]`
    channels, halving the side from one level to the next; the decoder is the mirror image, with `depths[i]` blocks, a
    level of `head_depth` blocks at half size, and `detail_width` channels of sub-pixel features at full size.
    """

    architecture: str = "residual"
    image_size: int = 128  # S, pixels
    latent_dim: int = 512  # D
    widths: tuple[int, ...] = (64, 128, 192, 224)
    depths: tuple[int, ...] = (1, 2, 2, 1)  # residual only: blocks of each level
    stem_stride: int = 4  # residual only
    head_width: int = 40  # residual only: channels at half the image size, in the decoder
    head_depth: int = 2  # residual only: blocks there
    detail_width: int = 16  # residual only: channels at the image's own size, in the decoder
    bottleneck_width: int = 128  # residual only: channels between the smallest map and z
    dropout: float = 0.0
    encoder_depths: tuple[int, ...] = ()  # residual only: blocks of each level of the encoder; () is as `depths`

    def __post_init__(self):
        _check("architecture", self.architecture, ARCHITECTURES)
        for name in ("latent_dim", "stem_stride", "head_width", "detail_width", "bottleneck_width"):
            _check(name, getattr(self, name), low=1)
        _check("head_depth", self.head_depth, low=0)
        if not self.widths or min(self.widths) < 1:
            raise ValueError(f"widths is {self.widths}; it must be one or more numbers of at least 1")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout is {self.dropout!r}; it must be in [0, 1)")
        for name in ("depths", "encoder_depths") if self.architecture == "residual" else ():
            depths = getattr(self, name)
            if len(depths) != len(self.widths) and (depths or name == "depths"):
                raise ValueError(f"{name} {depths} and widths {self.widths} must have one number for each level")
            _check(f"the least of {name}", min(depths, default=0), low=0)
        if self.total_stride < 2 or self.total_stride & (self.total_stride - 1):  # the decoder doubles up to image_size
            raise ValueError(f"stem_stride is {self.stem_stride}; it must be a power of two, and halve at least once")
        if self.image_size % self.total_stride or self.image_size < self.total_stride:
            raise ValueError(f"image_size is {self.image_size}; these levels need a multiple of {self.total_stride}")
        if self.architecture == "residual" and self.image_size > COARSE and self.image_size % (2 * COARSE):
            raise ValueError(f"image_size is {self.image_size}; over {COARSE} it must be a multiple of {2 * COARSE}")

    @property
    def total_stride(self) -> int:
        """Image pixels for each pixel of the smallest feature map."""
        if self.architecture == "seed":
            return 2 ** len(self.widths)
        return self.stem_stride * 2 ** (len(self.widths) - 1)


@dataclass(frozen=True)
class TrainConfig(_Record):
    """How a model is trained; every field is an option of train.py."""

    seed: int = 0
    epochs: int = 60
    batch_size: int = 32
    learning_rate: float = 2e-3
    schedule: str = "cosine"  # over the epochs, or over --minutes where that ends the run first
    warmup_steps: int = 200
    clip_norm: float = 1.0  # global gradient norm; 0 = off
    ema_momentum: float = 0.998  # average of the weights that is validated and shipped; 0 = off
    precision: str = "float32"
    # the objective: alpha * reconstruction + beta * KL
    alpha: float = 1.0
    beta: float = 6e-5
    beta_warmup_epochs: float = 0.0  # beta rises linearly from 0 over these epochs
    reconstruction: str = "multiscale"
    perceptual_weight: float = 0.4  # VGG16 features; 0 = off
    perceptual_start: float = 0.2  # share of the run before VGG16 joins; pixels alone come first at twice the speed
    texture_weight: float = 0.0  # amount of fine detail in each place; 0 = off
    lattice_weight: float = 150.0  # detail that repeats with the decoder's cells; 0 = off
    adversarial_weight: float = 0.3  # critics on VGG16 features; 0 = off
    adversarial_start: float = 0.85  # share of the run before the decoder hears of the critics, which learn before
    # augmentation
    flip: bool = True
    jitter: float = 1.5  # similarity jitter in units of a face detector's error; 0 = off
    colour: float = 0.15  # largest change of brightness, and of each colour channel on top of it, as a share
    soften: float = 0.8  # share of full-size faces whose encoder input is blurred to the half-size faces' resolution

    def __post_init__(self):
        _check("schedule", self.schedule, SCHEDULES)
        _check("precision", self.precision, PRECISIONS)
        _check("reconstruction", self.reconstruction, RECONSTRUCTIONS)
        for name in ("epochs", "batch_size"):
            _check(name, getattr(self, name), low=1)
        for name in ("warmup_steps", "clip_norm", "ema_momentum", "alpha", "beta", "beta_warmup_epochs",
                     "perceptual_weight", "perceptual_start", "texture_weight", "lattice_weight",
                     "adversarial_weight", "adversarial_start", "jitter", "colour", "soften"):
            _check(name, getattr(self, name), low=0)
        if self.adversarial_weight and not self.perceptual_weight:
            raise ValueError("the critics read VGG16's features: adversarial_weight above 0 needs a perceptual_weight "
                             "above 0; set both to 0 to train without VGG16")
        if not self.learning_rate > 0:
            raise ValueError(f"learning_rate is {self.learning_rate!r}; it must be above 0")
        if not self.ema_momentum < 1:
            raise ValueError(f"ema_momentum is {self.ema_momentum!r}; it must be below 1")


_PLAIN = TrainConfig(
    batch_size=128, learning_rate=5e-4, schedule="constant", warmup_steps=0, clip_norm=0.0, ema_momentum=0.0,
    precision="float32", alpha=2000.0, beta=1.0, reconstruction="mse", perceptual_weight=0.0, perceptual_start=0.0,
    texture_weight=0.0, lattice_weight=0.0, adversarial_weight=0.0, jitter=0.0, colour=0.0, soften=0.0,
)

PRESETS: dict[str, tuple[ModelConfig, TrainConfig]] = {
    # The network that this project grew from, kept for comparison.
    "seed": (ModelConfig("seed", image_size=64, latent_dim=200, widths=(64,) * 5, depths=()), _PLAIN),
    # The model that ships. Nobody waits for the encoder as for each tick of the decoder, and its blocks of 4 x 4 pixels
    # were a fifth of its weights and hardly used.
    "default": (ModelConfig(encoder_depths=(5, 3, 2, 0)), TrainConfig()),
    # For tests: trains in seconds.
    "tiny": (
        ModelConfig(image_size=16, latent_dim=4, widths=(8, 8), depths=(1, 1), stem_stride=2, head_width=8,
                    bottleneck_width=8),
        _PLAIN.replace(batch_size=8, epochs=2),
    ),
}


def preset(name: str) -> tuple[ModelConfig, TrainConfig]:
    """The two records of a named preset; an unknown name is a ValueError that lists the known ones."""
    _check("preset", name, tuple(PRESETS))
    return PRESETS[name]
