"""Measure a bundle on faces that it was not trained on.

    python -m model.evaluate --bundle checkpoints/default --data CELEBA_DIR [--split valid] [--json FILE] [--judge DIR]

The same seed chooses the same faces. Fréchet distances and decisions depend on the classifier that judges: compare two
bundles by one judge.
"""

import argparse
import json
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
from keras import ops

from model import metrics
from model.bundle import Bundle, load_bundle
from model.classifier import FEATURES
from model.data import SPLITS, CelebA
from model.inference import chunks, in_chunks, milliseconds, without_gradients
from model.losses import kl_divergence, lattice_power
from model.preprocessing import to_float
from model.report import measures_table
from model.vae import HALF_SIZE, blurred

FACES = 1500  # measured at most; Fréchet distances need many
EDIT_FACES = 24  # for each attribute and direction
EDIT_STRENGTH = 2.0  # slider units: the slider's ends
GAP_FACES = 300  # training faces whose PSNR is compared
COARSE = 64  # pixels at which models of all sizes are compared
DECODES = 50  # timed, one face each
FEWEST = 20  # faces, below which a measure of their distribution is left out


class Judge:
    """A classifier that says what it sees in pictures of any size, and in which features."""

    def __init__(self, classifier: keras.Model):
        self.size = classifier.input_shape[1]
        self._model = keras.Model(classifier.input, [classifier.get_layer(FEATURES).output, classifier.output])

    @without_gradients()
    def __call__(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(n, S, S, 3) float in [0, 1] -> features (n, F), logits (n, K)."""
        out = []
        for part in chunks(images):
            features, logits = self._model(metrics.resize(part, self.size), training=False)
            out.append((ops.convert_to_numpy(features), ops.convert_to_numpy(logits)))
        features, logits = zip(*out, strict=True)
        return np.concatenate(features), np.concatenate(logits)

    def logits(self, images: np.ndarray) -> np.ndarray:
        """(n, S, S, 3) -> (n, K)."""
        return self(images)[1]


def evaluate(
    bundle: Bundle,
    data: CelebA,
    *,
    split: str = "valid",
    faces: int = FACES,
    edit_faces: int = EDIT_FACES,
    judge: Judge | None = None,
    seed: int = 0,
) -> dict:
    """All measures of `report.ROWS` by name, and tables of numbers by attribute; JSON-ready, nothing in it is NaN.

    Args:
        bundle: the model.
        data: the faces; decoded at the model's size if the cache does not hold them.
        split: "train", "valid" or "test".
        faces: measure at most so many of the split, chosen by `seed`.
        edit_faces: edit at most so many for each attribute and direction.
        judge: of attributes and features; the bundle's own classifier unless given.
    Raises:
        ValueError: the split has no faces.
    """
    judge = judge or Judge(bundle.classifier)
    images = data.images(bundle.config.image_size)
    rows = _choose(data.rows(split), faces, seed)
    if len(rows) == 0:
        raise ValueError(f"there are no faces in the {split} split to measure the model on")
    seen = _measure(bundle, judge, images, rows)
    sharp = data.sharp[rows]
    result = {"split": split, "faces": len(rows), "seed": seed}
    result.update(_reconstruction(seen, sharp, bundle.config.image_size))
    # From here on a positive number means that the attribute is there.
    thresholds = metrics.decision_thresholds(seen["logits"])
    decided, decided_hat = seen["logits"] - thresholds, seen["logits_hat"] - thresholds
    result["attribute_agreement"] = metrics.attribute_agreement(decided, decided_hat)
    result.update(_frechet(bundle, judge, seen, seed))
    if split != "train" and "frechet_fitted" in result:
        drawn = _measure(bundle, judge, images, _choose(data.rows("train"), len(rows), seed))["features_hat"]
        result["frechet_training"] = metrics.frechet_distance(seen["features"], drawn)
    result.update(_codes(seen, sharp))
    result.update(_blurred_codes(bundle, images, rows[sharp], seen["z_mean"][sharp]))

    training = _choose(data.rows("train", sharp=True), GAP_FACES, seed)
    coarse = min(COARSE, bundle.config.image_size)
    if split != "train" and len(training) and f"psnr_{coarse}" in result:
        trained = float(_measure(bundle, None, images, training)[f"psnr_{coarse}"].mean())
        result |= {f"psnr_{coarse}_train": trained, f"psnr_{coarse}_gap": trained - result[f"psnr_{coarse}"]}
    z = np.zeros((1, bundle.config.latent_dim), np.float32)
    result["decode_ms"] = float(np.median(milliseconds(lambda: bundle.decode(z), DECODES)))

    tables = metrics.classification(data.labels[rows], seen["logits"])
    names = bundle.latents.names
    by_attribute = {f"classifier_{k}": dict(zip(names, v.tolist(), strict=True)) for k, v in tables.items()}
    for suffix, keep_others in (("", False), ("_kept", True)):
        effect = metrics.edit_effect(
            seen["z_mean"], decided_hat, bundle.latents, bundle.decode, lambda x: judge.logits(x) - thresholds,
            strength=EDIT_STRENGTH, keep_others=keep_others, faces=edit_faces, seed=seed,
        )  # fmt: skip
        by_attribute[f"edit_success{suffix}"] = {name: success for name, (success, _) in effect.items()}
        by_attribute[f"edit_others_flipped{suffix}"] = {name: flipped for name, (_, flipped) in effect.items()}
    result["by_attribute"] = {}
    for key, table in by_attribute.items():
        known = {name: value for name, value in table.items() if np.isfinite(value)}
        if known:
            result[key] = float(np.mean(list(known.values())))
            result["by_attribute"][key] = known
    return result


def _choose(rows: np.ndarray, n: int, seed: int) -> np.ndarray:
    return np.sort(np.random.default_rng(seed).permutation(rows)[:n])


@without_gradients()
def _measure(bundle: Bundle, judge: Judge | None, images: np.ndarray, rows: np.ndarray) -> dict[str, np.ndarray]:
    """Encode and decode some faces; what is kept of each is numbers, not pixels, so that memory stays flat.

    Returns:
        By name, (n,) or (n, ...): z_mean, kl, PSNR and SSIM at the coarse size, sharpness and high band at each size
        with `_hat` for the reconstruction; with a judge also lattice, features and logits, likewise.
    """
    size = bundle.config.image_size
    coarse, found = min(COARSE, size), []
    for part in chunks(rows):
        x = to_float(images[part])
        z_mean, z_log_var = bundle.encoder(x, training=False)
        kl = ops.convert_to_numpy(kl_divergence(z_mean, z_log_var))
        z_mean = ops.convert_to_numpy(z_mean)
        x_hat = bundle.decode(z_mean)
        values = {"z_mean": z_mean, "kl": kl}
        small, small_hat = metrics.resize(x, coarse), metrics.resize(x_hat, coarse)
        values[f"psnr_{coarse}"] = metrics.psnr(small, small_hat)
        if judge is not None:
            values[f"ssim_{coarse}"] = metrics.ssim(small, small_hat)
            for side, pair in {coarse: (small, small_hat), size: (x, x_hat)}.items():
                for suffix, pictures in zip(("", "_hat"), pair, strict=True):
                    values[f"sharpness_{side}{suffix}"] = metrics.laplacian(pictures)
                    values[f"high_band_{side}{suffix}"] = metrics.high_band(pictures)
            for suffix, pictures in (("", x), ("_hat", x_hat)):
                values[f"lattice{suffix}"] = ops.convert_to_numpy(sum(lattice_power(pictures)))
                values[f"features{suffix}"], values[f"logits{suffix}"] = judge(pictures)
        found.append(values)
    return {name: np.concatenate([values[name] for values in found]) for name in found[0]}


def _reconstruction(seen: dict[str, np.ndarray], sharp: np.ndarray, size: int) -> dict[str, float]:
    """Pixel measures of the full-size faces: half-size ones have no detail to compare with."""
    if not sharp.any():
        return {}
    coarse = min(COARSE, size)
    result = {name: float(seen[name][sharp].mean()) for name in (f"psnr_{coarse}", f"ssim_{coarse}")}
    for side in sorted({coarse, size}):
        for name in (f"sharpness_{side}", f"high_band_{side}"):
            result[name] = metrics.ratio(seen[f"{name}_hat"][sharp], seen[name][sharp])
    if seen["lattice"][sharp].mean() > 0:  # few faces may seem to share less than nothing
        result["lattice"] = metrics.ratio(seen["lattice_hat"][sharp], seen["lattice"][sharp])
    return result


def _frechet(bundle: Bundle, judge: Judge, seen: dict[str, np.ndarray], seed: int) -> dict[str, float]:
    photos = seen["features"]
    if len(photos) < FEWEST:
        return {}
    result = {"frechet_reconstruction": metrics.frechet_distance(photos, seen["features_hat"])}
    for prior in ("fitted", "normal"):
        z = bundle.sample(len(photos), seed=seed, prior=prior)
        drawn = in_chunks(lambda part: judge(bundle.decode(part))[0], z)
        result[f"frechet_{prior}"] = metrics.frechet_distance(photos, drawn)
    order = np.random.default_rng(seed).permutation(len(photos))
    result["frechet_photos"] = metrics.frechet_distance(photos[order[::2]], photos[order[1::2]])
    return result


def _codes(seen: dict[str, np.ndarray], sharp: np.ndarray) -> dict[str, float | int]:
    result = {"kl": float(seen["kl"].mean()), "active_dimensions": metrics.active_dimensions(seen["z_mean"])}
    if min(sharp.sum(), (~sharp).sum()) >= FEWEST:
        result["separation"] = metrics.separation(seen["z_mean"], sharp)
    return result


def _blurred_codes(bundle: Bundle, images: np.ndarray, rows: np.ndarray, z_mean: np.ndarray) -> dict[str, float]:
    """Whether codes tell that a face was blurred. Full-size and half-size faces differ in more: in who they show.

    Args:
        rows: of full-size faces.
        z_mean: their codes as they are.
    """
    if len(rows) < 2 * FEWEST or bundle.config.image_size <= HALF_SIZE:
        return {}
    blur = np.arange(len(rows)) % 2 == 1  # of other faces than those that stay as they are
    soft = in_chunks(lambda part: bundle.encode(ops.convert_to_numpy(blurred(to_float(images[part])))), rows[blur])
    return {"separation_blurred": metrics.separation(np.concatenate([z_mean[~blur], soft]), np.sort(blur))}


def add_measuring_options(parser: argparse.ArgumentParser) -> None:
    """Which faces `evaluate` measures, and how many."""
    parser.add_argument("--split", choices=SPLITS, default="valid")
    parser.add_argument("--faces", type=int, default=FACES, help=f"measure at most so many (default {FACES})")
    parser.add_argument("--edit-faces", type=int, default=EDIT_FACES,
                        help=f"edit at most so many for each attribute and side (default {EDIT_FACES})")  # fmt: skip
    parser.add_argument("--seed", type=int, default=0, help="chooses the faces and the samples")
    parser.add_argument("--cache", help="folder for decoded faces (default ~/.cache/facet)")


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m model.evaluate", description="Measure a bundle on CelebA faces.")
    parser.add_argument("--bundle", required=True, help="the bundle to measure: a folder, or hf://owner/name")
    parser.add_argument("--data", required=True, help="CelebA's folder")
    parser.add_argument("--json", metavar="FILE", help="also write the measures here")
    parser.add_argument("--judge", metavar="BUNDLE", help="the bundle whose classifier judges (default: its own)")
    add_measuring_options(parser)
    options = parser.parse_args(argv)
    try:
        bundle = load_bundle(options.bundle)
        judge = load_bundle(options.judge) if options.judge else bundle
        data = CelebA(options.data, cache=options.cache)
        result = {"bundle": bundle.hash, "judge": judge.hash} | evaluate(
            bundle, data, split=options.split, faces=options.faces, edit_faces=options.edit_faces,
            judge=Judge(judge.classifier), seed=options.seed,
        )  # fmt: skip
        if options.json:
            Path(options.json).write_text(json.dumps(result, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    except (ValueError, OSError) as error:
        print(f"model.evaluate: {error}", file=sys.stderr)
        return 1
    print(f"{options.bundle}, judged by {options.judge or 'its own classifier'} on {result['faces']} faces of "
          f"{options.split}\n\n{measures_table(result)}")  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
