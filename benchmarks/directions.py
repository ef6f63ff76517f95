"""Where directions should point: `python -m benchmarks.directions --data CELEBA_DIR`.

Edits along the centroids' differences and along guided directions (model/directions.py) with more and less weight on
the other attributes, at several strengths: what reaches more at equal off-target change is better. The judge is the
bundle's own classifier, on faces of other people than those that chose the directions.
"""

import sys
from dataclasses import replace

import numpy as np

from benchmarks.bundles import bundle_parser
from model import metrics
from model.bundle import Bundle, load_bundle
from model.calibration import calibrate
from model.data import CelebA
from model.directions import guided_directions, guides
from model.evaluate import Judge
from model.inference import in_chunks
from model.latents import Latents
from model.preprocessing import to_float

OFF_TARGETS = (0.0, 0.3, 1.0, 3.0)
STRENGTHS = (0.5, 1.0, 2.0)


def codes(bundle: Bundle, judge: Judge, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """uint8 (N, S, S, 3) -> codes (N, D), and the logits (N, K) of the faces that they decode to."""
    z = in_chunks(lambda part: bundle.encode(to_float(part)), images)
    return z, in_chunks(lambda part: judge.logits(bundle.decode(part)), z)


def candidates(latents: Latents, z: np.ndarray, logits: np.ndarray) -> dict[str, Latents]:
    """Latents that differ in their directions alone, uncalibrated."""
    plain = replace(latents, guided=None, calibration=np.ones_like(latents.calibration))
    guided = {f"guided, others weigh {weight:g}": guided_directions(latents, z, logits, weight)
              for weight in OFF_TARGETS}
    return {"centroids": plain, **{name: replace(plain, guided=found) for name, found in guided.items()}}


def main(argv: list[str] | None = None) -> int:
    """Print a table; returns the exit status."""
    parser = bundle_parser("directions", __doc__)
    parser.add_argument("--data", required=True, help="CelebA's folder")
    parser.add_argument("--faces", type=int, default=24, help="edit so many for each attribute and side")
    options = parser.parse_args(argv)
    try:
        bundle, data = load_bundle(options.bundle), CelebA(options.data)
        images = data.images(bundle.config.image_size)
        judge = Judge(bundle.classifier)
        train, valid = data.rows("train"), data.rows("valid", labelled=True)
        found = candidates(bundle.latents, *codes(bundle, judge, images[guides(train)]))
    except (ValueError, OSError) as error:
        print(f"benchmarks.directions: {error}", file=sys.stderr)
        return 1
    z, logits = codes(bundle, judge, images[valid])
    thresholds = metrics.decision_thresholds(logits)
    print(f"{options.bundle}, {len(valid)} validation faces: success / others flipped, free and with all others kept\n")
    columns = [f"{kept} {strength:g}" for kept in ("free", "kept") for strength in STRENGTHS]
    print(f"| directions | {' | '.join(columns)} |\n|---|{'---|' * len(columns)}")
    for name, latents in found.items():
        latents = calibrate(latents, z, data.labels[valid], bundle.decode, judge.logits)
        cells = []
        for keep_others in (False, True):
            for strength in STRENGTHS:
                effect = metrics.edit_effect(z, logits - thresholds, latents, bundle.decode,
                                             lambda x: judge.logits(x) - thresholds, strength=strength,
                                             keep_others=keep_others, faces=options.faces)
                success, flipped = np.mean(list(effect.values()), axis=0) if effect else (np.nan, np.nan)
                cells.append(f"{success:.2f} / {flipped:.1%}")
        print(f"| {name} | {' | '.join(cells)} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
