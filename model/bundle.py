"""A bundle: everything the app needs of one model, in one folder `checkpoints/<name>/`. Save it, load it, run it.

Architecture lives in code, weights in files: nothing that can run code is ever loaded.
"""

import contextlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path

import keras
import numpy as np
from keras import ops

from model.card import model_card, sample_grid
from model.classifier import build_classifier, sigmoid
from model.config import ModelConfig
from model.devices import versions
from model.folder import CONFIG, BundleError, read_folder, write_folder
from model.inference import compiled, in_chunks
from model.latents import Latents
from model.networks import build_decoder, build_encoder
from model.prior import FlowPrior, NormalPrior
from model.refine import STEPS, make_refiner
from model.size import check_sizes
from model.weights import arrays_from_bytes, arrays_to_bytes, load_weights, weights_to_bytes

__all__ = ["Bundle", "BundleError", "bundle_hash", "load_bundle", "save_bundle"]

CHUNK = 16  # faces in one call of a network: memory stays flat however many are asked for
_PRIOR = "prior_"  # before the prior's arrays in attributes.npz


@dataclass(frozen=True, eq=False)
class Bundle:
    """One trained model, read-only and safe to call from several threads at once.

    B faces, S `config.image_size`, D `config.latent_dim`, K attributes in the order of `latents.names`.

    Attributes:
        metrics: what the evaluation measured, from metrics.json.
        about: what it was trained on and for how long, and with which versions, from config.json.
        hash: short hex of config.json, which names the bundle in recipes.
        classifier_config: the arguments of `build_classifier` that made `classifier`, for another bundle to hold it.
    """

    config: ModelConfig
    encoder: keras.Model
    decoder: keras.Model
    classifier: keras.Model
    latents: Latents
    prior: FlowPrior
    metrics: dict
    about: dict
    hash: str
    classifier_config: dict = field(default_factory=dict)

    def __post_init__(self):
        size, side = self.config.image_size, self.classifier.input_shape[1]

        def classify(x):  # (B, S, S, 3) -> (B, K)
            x = x if side == size else ops.image.resize(x, (side, side), antialias=True)
            return self.classifier(x, training=False)

        run = {
            "_encode": (lambda x: self.encoder(x, training=False)[0], (size, size, 3)),
            "_decode": (lambda z: self.decoder(z, training=False), (self.config.latent_dim,)),
            "_classify": (classify, (size, size, 3)),
        }
        for name, (function, shape) in run.items():
            object.__setattr__(self, name, compiled(function, shape))

    @property
    def parts(self) -> dict:
        """The arguments of `save_bundle` that write it again."""
        return {part.name: getattr(self, part.name) for part in fields(self) if part.name != "hash"}

    def encode(self, images: np.ndarray) -> np.ndarray:
        """Faces (B, S, S, 3) float in [0, 1] -> z_mean (B, D) float32. Raises ValueError for another shape or type."""
        size = self.config.image_size
        return _checked(self._encode, images, (size, size, 3), (self.config.latent_dim,))

    def decode(self, z: np.ndarray) -> np.ndarray:
        """z (B, D) -> faces (B, S, S, 3) float32 in [0, 1]. Raises ValueError for another shape or type."""
        size = self.config.image_size
        return _checked(self._decode, z, (self.config.latent_dim,), (size, size, 3))

    def classify_logits(self, images: np.ndarray) -> np.ndarray:
        """Faces (B, S, S, 3) float in [0, 1] -> logits (B, K) float32 of all attributes."""
        size = self.config.image_size
        return _checked(self._classify, images, (size, size, 3), (len(self.latents.names),))

    def classify(self, images: np.ndarray) -> np.ndarray:
        """Faces (B, S, S, 3) float in [0, 1] -> probabilities (B, K) float32."""
        return sigmoid(self.classify_logits(images))

    def sample(self, n: int, seed: int = 0, temperature: float = 1.0, prior: str = "fitted") -> np.ndarray:
        """Draw z (n, D) float32 from the `fitted` density or the `normal` one; see model/prior.py for temperature."""
        if prior == "fitted":
            return self.prior.sample(n, seed, temperature, reencode=lambda z: self.encode(self.decode(z)))
        if prior == "normal":
            return NormalPrior(self.config.latent_dim).sample(n, seed, temperature)
        raise ValueError(f"prior is {prior!r}; it must be one of fitted, normal")

    def refine(self, images: np.ndarray, z: np.ndarray, steps: int = STEPS) -> np.ndarray:
        """Better codes (B, D) of faces (B, S, S, 3), by gradient descent from z (B, D); see model/refine.py."""
        return self._refine(images, z, steps)

    @cached_property
    def _refine(self) -> Callable[..., np.ndarray]:
        return make_refiner(self.decoder, self.latents.covariance)

    def warm_up(self) -> None:
        """Run each network once, so that the first visitor does not wait for what TensorFlow prepares on first use."""
        faces = self.decode(np.zeros((1, self.config.latent_dim), np.float32))
        self.encode(faces)
        self.classify(faces)


def _checked(run: Callable, x: np.ndarray, shape: tuple[int, ...], result: tuple[int, ...]) -> np.ndarray:
    x = np.asarray(x)
    if x.shape[1:] != shape or x.dtype.kind != "f":
        needed = ", ".join(map(str, ("B", *shape)))
        raise ValueError(f"got {x.dtype} of shape {x.shape}; floats of shape ({needed}) are needed")
    if not len(x):
        return np.empty((0, *result), np.float32)
    return in_chunks(lambda part: run(part.astype(np.float32)), x, CHUNK)


def save_bundle(
    path: str | os.PathLike,
    *,
    config: ModelConfig,
    encoder: keras.Model,
    decoder: keras.Model,
    classifier: keras.Model,
    latents: Latents,
    prior: FlowPrior,
    metrics: Mapping,
    about: Mapping,
    classifier_config: Mapping | None = None,
) -> None:
    """Write a bundle with its model card and sample grid, in place of the one at `path`, in one step.

    Args:
        path: the folder, say checkpoints/mine.
        metrics: what was measured: numbers and dictionaries of them; one that is not finite is saved as null.
        about: what it was trained on, for how long, on what. Versions are added.
        classifier_config: the arguments of `build_classifier` that made `classifier`.
    Raises:
        BundleError: weights that are not finite, a file over 10 MB, a place that cannot be written.
    """
    about, metrics = _json_ready({**about, "versions": versions()}), _json_ready(metrics)
    arrays = {**latents.to_arrays(), **{_PRIOR + key: value for key, value in prior.to_arrays().items()}}
    files = {
        "attributes.npz": arrays_to_bytes(arrays),
        "metrics.json": (json.dumps(metrics, indent=2, allow_nan=False) + "\n").encode(),
        "README.md": model_card(Path(os.path.abspath(path)).name, config, about, metrics, latents).encode(),
    }
    for name, model in (("encoder", encoder), ("decoder", decoder), ("classifier", classifier)):
        try:
            files[f"{name}.weights.h5"] = weights_to_bytes(model)
        except ValueError as error:
            raise BundleError(f"{name}.weights.h5 cannot be saved: {error}") from error
    files["samples.png"] = sample_grid(encoder, decoder, prior)
    write_folder(
        path, files, {"model": config.to_dict(), "classifier": dict(classifier_config or {}), "about": about}
    )


def _json_ready(value):
    """Plain Python for JSON: NumPy's numbers and arrays too, and null for what is not finite."""
    if isinstance(value, Mapping):
        return {str(key): _json_ready(item) for key, item in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [_json_ready(item) for item in value]
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and not np.isfinite(value) else value


@contextlib.contextmanager
def _blame(path: Path):
    """Turn whatever goes wrong with a file's content into a BundleError that names it.

    Everything, because what libraries raise for a damaged file is no list that ends: MemoryError and IndexError too.
    """
    try:
        yield
    except BundleError:
        raise
    except KeyError as error:
        raise BundleError(f"{path} cannot be used: {error} is missing") from error
    except Exception as error:
        raise BundleError(f"{path} cannot be used: {str(error) or type(error).__name__}") from error


def _mapping(value) -> dict:
    if not isinstance(value, dict):
        raise ValueError(f"it holds a {type(value).__name__} where names and values must be")
    return value


def _folder(source: str | os.PathLike) -> Path:
    if not str(source).startswith("hf:"):
        return Path(source)
    from model.hub import fetch

    return fetch(str(source))


def bundle_hash(source: str | os.PathLike) -> str:
    """The hash that `load_bundle(source)` would have, of a bundle that is whole; raises BundleError as that does."""
    return read_folder(_folder(source))[2]


def load_bundle(source: str | os.PathLike) -> Bundle:
    """Load and verify a bundle.

    Args:
        source: its folder, or hf://owner/name[@revision] on the Hugging Face Hub.
    Raises:
        BundleError: what is wrong, and with which file; nothing of a bundle that fails a check is used.
    """
    path = _folder(source)
    document, files, short_hash = read_folder(path)
    with _blame(path / CONFIG):
        config = ModelConfig.from_dict(document["model"])
        about, classifier_config = _mapping(document["about"]), _mapping(document["classifier"])
        check_sizes(config, classifier_config)
    with _blame(path / "attributes.npz"):
        arrays = arrays_from_bytes(files["attributes.npz"])
        latents = Latents.from_arrays(arrays)
        prior = FlowPrior({k.removeprefix(_PRIOR): v for k, v in arrays.items() if k.startswith(_PRIOR)})
        if {len(latents.mean), prior.latent_dim} != {config.latent_dim}:
            raise ValueError(f"its codes are not those of a latent_dim of {config.latent_dim}")
    with _blame(path / "metrics.json"):
        metrics = _mapping(json.loads(files["metrics.json"]))
    with _blame(path / CONFIG):
        networks = {"encoder": build_encoder(config), "decoder": build_decoder(config)}
        networks["classifier"] = build_classifier(**classifier_config)
        if networks["classifier"].output_shape[-1] != len(latents.names):
            raise ValueError(f"its classifier does not judge the {len(latents.names)} attributes of attributes.npz")
    for name, network in networks.items():
        with _blame(path / f"{name}.weights.h5"):
            load_weights(network, files[f"{name}.weights.h5"])
    bundle = Bundle(
        config, **networks, latents=latents, prior=prior, metrics=metrics, about=about, hash=short_hash,
        classifier_config=classifier_config,
    )  # fmt: skip
    bundle.warm_up()
    return bundle
