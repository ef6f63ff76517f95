"""How far the networks are from what this processor can do: `python -m benchmarks.limit`, part of `make bench`.

Counts the floating-point operations of encoder and decoder from the shapes of their layers, measures the rate at which
this machine multiplies matrices, and tells what share of it one face and a batch of 32 reach. Then where the server's
time of one slider tick goes, step by step, for a drawn face and for a face of a photo.
"""

import functools
import os
import statistics
import sys
from collections.abc import Callable

import numpy as np

from benchmarks.bundles import bundle_parser, load_editor
from model.inference import milliseconds

REPEATS, WARM_UP = 50, 5
BATCHES = (1, 32)
MATRIX_SIZE = 1024  # three such matrices are 12 MB: large enough for the full rate, small enough to measure often
SLOWEST_SHARE = 2.0  # issue 6: a tick's server time under twice the decoder's own
EDIT = {"Smiling": 1.0}
timed = functools.partial(milliseconds, warm_up=WARM_UP)


def main() -> int:
    """Print the two tables."""
    parser = bundle_parser("limit", __doc__)
    parser.add_argument("--repeats", type=int, default=REPEATS, help=f"calls of each (default {REPEATS})")
    options = parser.parse_args()
    editor = load_editor("limit", options.bundle)
    rate = matrix_rate(options.repeats)
    print(f"{os.cpu_count()} cores multiply matrices of {MATRIX_SIZE} x {MATRIX_SIZE} float32 at {rate / 1e9:.0f} "
          "Gflop/s (TensorFlow, the best of all calls)\n")
    print_networks(editor.bundle, rate, options.repeats)
    print()
    print_tick(editor, options.repeats)
    return 0


def operations(network) -> int:
    """Floating-point operations of a Keras network for one input, a multiplication and an addition counted as two.

    Convolutions and dense layers only: all others together are some per cent. ValueError for a layer with a kernel
    that this cannot count.
    """
    total = 0
    for layer in network.layers:
        if not hasattr(layer, "kernel"):
            continue
        if layer.__class__.__name__ not in ("Dense", "Conv2D", "Conv2DTranspose", "PlaceDetail"):
            raise ValueError(f"cannot count the operations of a {layer.__class__.__name__}")
        # A transposed convolution uses every weight once at every position of its input, the others of their output.
        tensor = layer.input if layer.__class__.__name__ == "Conv2DTranspose" else layer.output
        positions = int(np.prod(tensor.shape[1:-1], initial=1))
        total += 2 * positions * int(np.prod(layer.kernel.shape))
    return total


def matrix_rate(repeats: int) -> float:
    """Floating-point operations a second of TensorFlow's float32 matrix product, on the threads that it takes."""
    import tensorflow as tf

    a, b = (tf.random.normal((MATRIX_SIZE, MATRIX_SIZE), seed=seed) for seed in (0, 1))
    product = tf.function(tf.matmul)
    return 2 * MATRIX_SIZE**3 / (min(timed(lambda: product(a, b).numpy(), repeats)) / 1000)


def print_networks(bundle, rate: float, repeats: int) -> None:
    """One row for each network and batch."""
    size, latent_dim = bundle.config.image_size, bundle.config.latent_dim
    networks = {
        "encoder": (bundle.encoder, bundle.encode, (size, size, 3)),
        "decoder": (bundle.decoder, bundle.decode, (latent_dim,)),
    }
    print("| network | faces | Mflop a face | median, ms | p95, ms | Gflop/s | of the matrix rate |\n"
          "|---|---|---|---|---|---|---|")
    for name, (network, run, shape) in networks.items():
        needed = operations(network)
        for batch in BATCHES:
            given = np.random.default_rng(0).random((batch, *shape), np.float32)
            times = timed(lambda run=run, given=given: run(given), repeats)
            reached = batch * needed / (statistics.median(times) / 1000)
            print(f"| {name} | {batch} | {needed / 1e6:.0f} | {statistics.median(times):.1f} | "
                  f"{np.percentile(times, 95):.1f} | {reached / 1e9:.0f} | {reached / rate:.0%} |")


def steps_of_a_tick(editor, opened) -> dict[str, Callable[[], object]]:
    """What the server does for one tick of an opened face, step by step; "all of it" is the page's own way."""
    from app.photo.compose import edit_frame
    from app.recipe import Recipe
    from app.ui import view
    from app.ui.pictures import data_uri
    from model.preprocessing import FACE_BOX, to_uint8

    recipe, bundle = Recipe(set=EDIT), editor.bundle
    z = bundle.latents.edit(opened.z, EDIT)
    x_hat = bundle.decode(z)[0]

    def compose() -> np.ndarray:
        if opened.frame is None:
            return to_uint8(x_hat)
        return edit_frame(opened.frame, opened.reconstruction, x_hat, FACE_BOX, opened.matte, original=opened.original)

    def everything() -> str:
        picture = editor.preview(opened, recipe)
        return view.stage(picture, editor.readings(opened, recipe), recipe, recipe.to_query(), "")

    picture = compose()
    return {
        "edit the code": lambda: bundle.latents.edit(opened.z, EDIT),
        "decode": lambda: bundle.decode(z),
        "compose": compose,
        "JPEG": lambda: data_uri(picture),
        "meters": lambda: view.meters(editor.readings(opened, recipe)),
        "all of it": everything,
    }


def photo_face(editor):
    """The opened face of a photo at preview scale that needs no detector: a drawn face in CelebA's frame, enlarged."""
    from app.editor import PREVIEW_SCALE
    from app.faces import OpenFace, full_frame
    from app.photo.matte import head_matte
    from model.preprocessing import FACE_BOX, FRAME_SIZE

    opened = editor.open_latent(editor.sample_latents(1, seed=1))
    frame = full_frame(opened, round(PREVIEW_SCALE * FRAME_SIZE[1]))
    return OpenFace(opened.z, opened.reconstruction, frame, head_matte(frame, FACE_BOX))


def print_tick(editor, repeats: int) -> None:
    """One row a step, a column a kind of face; then whether the whole is under twice the decoder."""
    faces = {"drawn face": editor.open_latent(editor.sample_latents(1, seed=1)), "photo": photo_face(editor)}
    medians = {name: {step: statistics.median(timed(run, repeats))
                      for step, run in steps_of_a_tick(editor, opened).items()} for name, opened in faces.items()}
    print(f"| one tick on the server, median ms | {' | '.join(faces)} |\n|---|{'---|' * len(faces)}")
    for step in next(iter(medians.values())):
        print(f"| {step} | {' | '.join(f'{medians[name][step]:.1f}' for name in faces)} |")
    shares = (f"{name} {medians[name]['all of it'] / medians[name]['decode']:.2f}" for name in faces)
    print(f"\nall of it, in times of the decoder (Gradio and HTTP not counted; to stay under {SLOWEST_SHARE:g}): "
          f"{', '.join(shares)}")


if __name__ == "__main__":
    sys.exit(main())
