"""What refining a code at upload buys: `python -m benchmarks.refine --bundle DIR --data CELEBA_DIR`.

For some validation faces and each number of steps: PSNR and SSIM of the reconstruction at 64 pixels, its sharpness
there and at full size, agreement of the attributes that the classifier sees, distance of its features, how far the code
went, and the milliseconds that one face takes; then how much of an edit in photo mode arrives, against the change that
the plain decoder reaches.
"""

import sys
import time
from dataclasses import replace

import numpy as np

from app.editor import FaceEditor
from app.faces import OpenFace
from app.recipe import Recipe
from benchmarks.bundles import bundle_parser, load_editor
from benchmarks.photo import EDITS, celeba_faces, frame_logits
from model import metrics
from model.data import CelebA
from model.evaluate import Judge
from model.inference import chunks
from model.preprocessing import to_float

SIZE = 64  # pixels at which pictures are compared
REPEATS = 5  # timed, one face each


def measure(editor: FaceEditor, faces: list[OpenFace], x: np.ndarray, steps: int) -> dict[str, float]:
    """The figures of one number of steps on opened faces and their squares x (n, S, S, 3)."""
    bundle, judge = editor.bundle, Judge(editor.bundle.classifier)
    first = bundle.encode(x)  # (n, D)

    def refine(images, z):
        return bundle.refine(images, z, steps) if steps else z

    z = np.concatenate([refine(*parts) for parts in zip(chunks(x, 16), chunks(first, 16), strict=True)])
    x_hat = bundle.decode(z)
    small, small_hat = metrics.resize(x, SIZE), metrics.resize(x_hat, SIZE)
    (features, logits), (features_hat, logits_hat) = judge(x), judge(x_hat)
    thresholds = metrics.decision_thresholds(logits)
    away = np.linalg.solve(np.linalg.cholesky(bundle.latents.covariance.astype(np.float64)), (z - first).T)
    times = []
    for i in range(REPEATS + 1):
        one = slice(i % len(x), i % len(x) + 1)
        start = time.perf_counter()
        refine(x[one], first[one])
        times.append(1000 * (time.perf_counter() - start))
    refined = [replace(face, z=code[None], reconstruction=y) for face, code, y in zip(faces, z, x_hat, strict=True)]
    return {
        "PSNR": float(metrics.psnr(small, small_hat).mean()),
        "SSIM": float(metrics.ssim(small, small_hat).mean()),
        "sharp64": metrics.ratio(metrics.laplacian(small_hat), metrics.laplacian(small)),
        "sharp": metrics.ratio(metrics.laplacian(x_hat), metrics.laplacian(x)),
        "agreement": metrics.attribute_agreement(logits - thresholds, logits_hat - thresholds),
        "features": float(np.linalg.norm(features - features_hat, axis=1).mean()),
        "moved": float(np.sqrt((away**2).mean())),
        "edits": edits_kept(editor, judge, refined, logits_hat),
        "ms": float(np.median(times[1:])),
    }


def edits_kept(editor: FaceEditor, judge: Judge, faces: list[OpenFace], decoded: np.ndarray) -> float:
    """The change that photo mode reaches at strength 1 as a share of the plain decoder's, the mean over EDITS.

    decoded (n, K): the logits of the faces' reconstructions.
    """
    bundle = editor.bundle
    before = frame_logits(judge, [face.frame for face in faces], bundle)
    shares = []
    for name in EDITS:
        k, recipe = bundle.latents.names.index(name), Recipe(set={name: 1.0})
        plain = bundle.decode(np.concatenate([editor.move(face, recipe.replace(detail=0.0)) for face in faces]))
        composed = frame_logits(judge, [editor.preview(face, recipe) for face in faces], bundle)
        change = (composed - before)[:, k].mean()
        shares.append(change / (judge.logits(plain) - decoded)[:, k].mean())
    return float(np.mean(shares))


def main(argv: list[str] | None = None) -> int:
    """Print the table; returns the exit status."""
    parser = bundle_parser("refine", __doc__)
    parser.add_argument("--data", required=True, help="CelebA's folder")
    parser.add_argument("--faces", type=int, default=64)
    parser.add_argument("--steps", type=int, nargs="+", default=[0, 4, 8, 12, 20, 40])
    options = parser.parse_args(argv)
    editor = load_editor("refine", options.bundle)
    try:
        data = CelebA(options.data)
        images = data.images(editor.bundle.config.image_size)
    except ValueError as error:
        print(f"benchmarks.refine: {error}", file=sys.stderr)
        return 1
    rows = data.rows("valid", sharp=True)[: options.faces]
    faces = celeba_faces(editor, data, len(rows))
    print(f"{options.bundle}, {len(rows)} full-size validation faces\n")
    for i, steps in enumerate(options.steps):
        found = measure(editor, faces, to_float(images[rows]), steps)
        if i == 0:
            print(f"{'steps':>6}" + "".join(f"{name:>11}" for name in found))
        print(f"{steps:>6}" + "".join(f"{value:>11.3f}" for value in found.values()), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
