"""Whether memory stays flat over a large data set: `python -m benchmarks.memory [--faces 50000] [--fit]`.

Writes that many small pictures with CelebA's tables into a temporary folder, then reads the tables, decodes every
picture into the cache, and draws one epoch of batches (with --fit it also trains the `tiny` preset on them for an
epoch), and prints after each step the memory that the process has for itself and the most that it had during the step.
The decoded faces are no part of either: they are a file, of which the system keeps in memory what there is room for.
"""

import argparse
import io
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from model.config import preset
from model.data import ATTRIBUTES, CelebA

FACES, SIZE = 50_000, 16  # as the `tiny` preset has it
PICTURES = 64  # different ones, which repeat
FRAME = (18, 22)  # pixels, a tenth of CelebA's
SAMPLE_SECONDS = 0.01


def write_faces(folder: Path, count: int) -> Path:
    """`count` small pictures of noise in CelebA's layout, with labels, identities of twenty and a partition."""
    rng, pictures = np.random.default_rng(0), []
    for _ in range(PICTURES):
        memory = io.BytesIO()
        Image.fromarray(rng.integers(0, 256, (FRAME[1], FRAME[0], 3), np.uint8)).save(memory, "JPEG")
        pictures.append(memory.getvalue())
    (folder / "img_align_celeba").mkdir(parents=True)
    tables = {name: open(folder / f"{name}.txt", "w")  # noqa: SIM115 (closed below)
              for name in ("list_attr_celeba", "identity_CelebA", "list_eval_partition")}
    tables["list_attr_celeba"].write(f"{count}\n{' '.join(ATTRIBUTES)}\n")
    for i in range(count):
        name = f"{i:06d}.jpg"
        (folder / "img_align_celeba" / name).write_bytes(pictures[i % PICTURES])
        labels = np.where(rng.random(len(ATTRIBUTES)) < 0.5, "1", "-1")
        tables["list_attr_celeba"].write(f"{name} {' '.join(labels)}\n")
        tables["identity_CelebA"].write(f"{name} {i // 20}\n")
        tables["list_eval_partition"].write(f"{name} {int(i % 10 == 0)}\n")
    for file in tables.values():
        file.close()
    return folder


def steps(folder: Path, size: int, fit: bool) -> Iterator[tuple[str, Callable[[], object]]]:
    """What train.py does with a data folder, one step after the other, by name."""
    from model.batches import FaceBatches

    model_config, config = preset("tiny")
    found = {}

    def read() -> None:
        found["data"] = CelebA(folder, cache=folder / "cache")

    def decode() -> None:
        found["images"] = found["data"].images(size)

    def batches() -> FaceBatches:
        data = found["data"]
        return FaceBatches(found["images"], data.rows("train"), data.sharp, config, training=True)

    def draw() -> None:
        drawn = batches()
        for i in range(len(drawn)):
            drawn[i]

    def train() -> None:
        import keras

        from model.vae import VAE

        vae = VAE(model_config, config)
        vae.compile(keras.optimizers.Adam(config.learning_rate), jit_compile=False)
        vae.fit(batches(), epochs=1, verbose=0)

    yield "tables read", read
    yield "decoded into the cache", decode
    yield "an epoch of batches", draw
    yield "another", draw
    if fit:
        yield "an epoch of training", train


def own_memory() -> float:
    """MB of this process that no file backs (Linux)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) / 1000
    raise RuntimeError("this system does not say how much memory a process has for itself")


def most_memory(run: Callable[[], object]) -> float:
    """The largest `own_memory` while `run` runs, in MB."""
    most, done = own_memory(), threading.Event()

    def watch() -> None:
        nonlocal most
        while not done.wait(SAMPLE_SECONDS):
            most = max(most, own_memory())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        run()
    finally:
        done.set()
        watcher.join()
    return max(most, own_memory())


def main(argv: list[str] | None = None) -> int:
    """Print the table; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__.splitlines()[0])
    parser.add_argument("--faces", type=int, default=FACES, help="pictures to write (default %(default)s)")
    parser.add_argument("--fit", action="store_true", help="also train the tiny preset on them for an epoch")
    options = parser.parse_args(argv)
    if not Path("/proc/self/status").exists():
        print("benchmarks.memory: run it on Linux, which says how much memory a process has for itself",
              file=sys.stderr)
        return 1
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    with tempfile.TemporaryDirectory() as folder:
        write_faces(Path(folder) / "celeba", options.faces)
        import model.batches  # noqa: F401 (Keras and TensorFlow are in memory before the first figure)

        print(f"{options.faces:,} pictures, {own_memory():.0f} MB before the first step\n")
        print("| step | s | MB after it | most MB during it |\n|---|---|---|---|")
        for name, run in steps(Path(folder) / "celeba", SIZE, options.fit):
            start = time.monotonic()
            most = most_memory(run)
            print(f"| {name} | {time.monotonic() - start:.1f} | {own_memory():.0f} | {most:.0f} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
