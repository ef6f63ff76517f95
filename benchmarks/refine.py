"""What refining a code at upload buys: `python -m benchmarks.refine --bundle DIR --data CELEBA_DIR`.

For some validation faces and each number of steps: PSNR and SSIM of the reconstruction at 64 pixels, agreement of the
attributes that the classifier sees, distance of its features, how far the code went, and the milliseconds that one
face takes; then how much of an edit in photo mode arrives, against the change that the plain decoder reaches.
"""

import sys
import time

import numpy as np

from app.photo.compose import edit_frame
from benchmarks.bundles import bundle_parser
from model import metrics
from model.bundle import Bundle, load_bundle
from model.data import CelebA
from model.evaluate import Judge
from model.inference import chunks
from model.preprocessing import FACE_BOX, to_float, to_uint8

EDITS = ("Smiling", "Mouth_Slightly_Open", "Young", "Male", "Blond_Hair", "Eyeglasses")
SIZE = 64  # pixels at which pictures are compared
REPEATS = 5  # timed, one face each


def measure(bundle: Bundle, x: np.ndarray, steps: int) -> dict[str, float]:
    """The figures of one number of steps on faces x (n, S, S, 3)."""
    judge = Judge(bundle.classifier)
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
        start = time.perf_counter()
        refine(x[i : i + 1], first[i : i + 1])
        times.append(1000 * (time.perf_counter() - start))
    return {
        "PSNR": float(metrics.psnr(small, small_hat).mean()),
        "SSIM": float(metrics.ssim(small, small_hat).mean()),
        "agreement": metrics.attribute_agreement(logits - thresholds, logits_hat - thresholds),
        "features": float(np.linalg.norm(features - features_hat, axis=1).mean()),
        "moved": float(np.sqrt((away**2).mean())),
        "edits": edits_kept(bundle, judge, x, z, x_hat, logits_hat),
        "ms": float(np.median(times[1:])),
    }


def edits_kept(bundle: Bundle, judge: Judge, x, z, x_hat, logits_hat) -> float:
    """The change that photo mode reaches at strength 1 as a share of the plain decoder's, the mean over EDITS."""
    frame_before = judge.logits(x)
    shares = []
    for name in EDITS:
        k = bundle.latents.names.index(name)
        edited = bundle.decode(bundle.latents.edit(z, {name: 1.0}))
        composed = [edit_frame(_framed(p), a, b, FACE_BOX) for p, a, b in zip(x, x_hat, edited, strict=True)]
        squares = to_float(np.stack([_square(frame, len(x[0])) for frame in composed]))
        change = (judge.logits(squares) - frame_before)[:, k].mean()
        shares.append(change / (judge.logits(edited) - logits_hat)[:, k].mean())
    return float(np.mean(shares))


def _framed(x: np.ndarray) -> np.ndarray:
    """A square (S, S, 3) in a frame of its own scale, as `edit_frame` takes it."""
    size = len(x)
    top = round(FACE_BOX[1] * size / (FACE_BOX[2] - FACE_BOX[0]))
    height = round(218 * size / 178)
    return np.pad(to_uint8(x), ((top, height - top - size), (0, 0), (0, 0)), mode="edge")


def _square(frame: np.ndarray, size: int) -> np.ndarray:
    top = round(FACE_BOX[1] * size / (FACE_BOX[2] - FACE_BOX[0]))
    return frame[top : top + size]


def main(argv: list[str] | None = None) -> int:
    """Print the table; returns the exit status."""
    parser = bundle_parser("refine", __doc__)
    parser.add_argument("--data", required=True, help="CelebA's folder")
    parser.add_argument("--faces", type=int, default=64)
    parser.add_argument("--steps", type=int, nargs="+", default=[0, 4, 8, 12, 20, 40])
    options = parser.parse_args(argv)
    try:
        bundle, data = load_bundle(options.bundle), CelebA(options.data)
        images = data.images(bundle.config.image_size)
    except ValueError as error:
        print(f"benchmarks.refine: {error}", file=sys.stderr)
        return 1
    rows = data.rows("valid", sharp=True)[: options.faces]
    print(f"{options.bundle}, {len(rows)} full-size validation faces\n")
    for i, steps in enumerate(options.steps):
        found = measure(bundle, to_float(images[rows]), steps)
        if i == 0:
            print(f"{'steps':>6}" + "".join(f"{name:>11}" for name in found))
        print(f"{steps:>6}" + "".join(f"{value:>11.3f}" for value in found.values()), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
