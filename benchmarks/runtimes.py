"""How fast the networks of a bundle run on this processor: the traced function that the app uses, and exported files.

    python -m benchmarks.runtimes --bundle checkpoints/default [--repeats 50] [--threads 2]

Every runtime gets the same threads and runs in this one process, in turns, in a new order each round, so that a busy
machine slows all alike: compare the columns of one run with each other. The last line says whether one decodes one face
faster than the traced function by more than a fifth (FASTER).
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.bundles import bundle_parser

REPEATS, WARM_UP = 50, 3
THREADS = 2
# Issue 5: a runtime that is faster by more than a fifth is worth an option of the app.
FASTER = 1.2
TASKS = (("decode 1 face", "decoder", 1), ("decode 32 faces", "decoder", 32), ("encode 1 face", "encoder", 1))
TRACED = "traced function"


def main() -> None:
    """Print one table."""
    parser = bundle_parser("runtimes", __doc__)
    parser.add_argument("--repeats", type=int, default=REPEATS, help=f"calls of each (default {REPEATS})")
    parser.add_argument("--threads", type=int, default=THREADS, help=f"of each runtime (default {THREADS})")
    options = parser.parse_args()

    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(options.threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)  # each network is one chain of operations

    from model.bundle import load_bundle

    try:
        bundle = load_bundle(options.bundle)
    except ValueError as error:
        sys.exit(f"benchmarks.runtimes: {error}")
    size = bundle.config.image_size
    inputs = {"encoder": (size, size, 3), "decoder": (bundle.config.latent_dim,)}
    rows = {}
    with tempfile.TemporaryDirectory() as folder:
        runtimes = open_runtimes(bundle, Path(folder), options.threads)
        for task, network, count in TASKS:
            given = np.random.default_rng(0).random((count, *inputs[network]), np.float32)
            rows[task] = measure({name: run[network] for name, run in runtimes.items()}, given, options.repeats)
    print_table(rows, options.threads)


def open_runtimes(bundle, folder: Path, threads: int) -> dict[str, dict[str, Callable[[np.ndarray], object]]]:
    """By runtime and network: a function of the input batch. Exported files lie in `folder` while they run."""
    import onnxruntime
    from ai_edge_litert.interpreter import Interpreter

    from model.export import export_bundle

    def onnx(path: Path):
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = threads
        # Threads that spin after a call take the processor from whoever runs next, here and in a server.
        settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
        session = onnxruntime.InferenceSession(path, settings, providers=["CPUExecutionProvider"])
        name = session.get_inputs()[0].name
        return lambda given: session.run(None, {name: given})

    def litert(path: Path):
        runner = Interpreter(str(path), num_threads=threads).get_signature_runner()
        (name,) = runner.get_input_details()
        return lambda given: runner(**{name: given})

    runtimes = {TRACED: {"encoder": bundle.encode, "decoder": bundle.decode}}
    for name, form, opened in (("onnxruntime", "onnx", onnx), ("LiteRT", "litert", litert)):
        written = export_bundle(bundle, folder, form)
        runtimes[name] = {network: opened(path) for network, path in written.items()}
    return runtimes


def measure(runs: dict[str, Callable], given: np.ndarray, repeats: int) -> dict[str, list[float]]:
    """Milliseconds of each call by runtime; the runtimes take turns."""
    for run in runs.values():
        for _ in range(WARM_UP):
            run(given)
    times, rng = {name: [] for name in runs}, np.random.default_rng(0)
    for _ in range(repeats):
        for name in rng.permutation(list(runs)):
            start = time.perf_counter()
            runs[name](given)
            times[name].append(1000 * (time.perf_counter() - start))
    return times


def print_table(rows: dict[str, dict[str, list[float]]], threads: int) -> None:
    """Median and 95th percentile of each, and whether one is worth an option."""
    names = list(next(iter(rows.values())))
    print(f"median / p95 in ms, {threads} threads each\n\n| | {' | '.join(names)} |\n|---|{'---|' * len(names)}")
    medians = {}
    for task, times in rows.items():
        medians[task] = {name: statistics.median(times[name]) for name in names}
        cells = (f"{medians[task][name]:.1f} / {np.percentile(times[name], 95):.1f}" for name in names)
        print(f"| {task} | {' | '.join(cells)} |")
    one = medians[TASKS[0][0]]
    best = min(one, key=one.get)
    verdict = f"{best} decodes one face {one[TRACED] / one[best]:.2f} times as fast as the traced function"
    worth = one[TRACED] > FASTER * one[best]
    print(f"\n{verdict}: {'worth an option' if worth else 'no more than a fifth faster'}.")


if __name__ == "__main__":
    main()
