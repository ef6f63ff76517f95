"""A run's progress on disk: the best weights so far, and a state from which a killed run goes on."""

import contextlib
import io
import json
import math
import os
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
from keras import ops

from model.callbacks import AveragedWeights, Clock
from model.weights import arrays_from_bytes

BEST, LAST = "best.npz", "last.npz"
STATE_KEYS = ("epoch", "elapsed", "best", "weights", "average_updates")


class BestWeights(keras.callbacks.Callback):
    """Keeps encoder and decoder, in one file, of the epoch with the lowest validation loss, and of the last epoch.

    The loss is that at the run's own beta: while beta rises, an early epoch would win by its small weight on the KL.
    """

    def __init__(self, folder: Path, best: float = math.inf):
        super().__init__()
        self.folder, self.best = Path(folder), best

    def on_epoch_end(self, epoch, logs=None):
        value = logs["val_loss"] + (self.model.train_config.beta - logs["val_beta"]) * logs["val_kl_loss"]
        if not math.isfinite(value):
            raise FloatingPointError(f"the validation loss of epoch {epoch + 1} is {value}; lower --learning-rate")
        for name in (LAST, BEST) if value < self.best else (LAST,):
            write_arrays(self.folder / name, self.model.get_networks())
        self.best = min(self.best, value)


class TrainingState(keras.callbacks.Callback):
    """Saves weights, optimiser and progress each epoch, so that a killed run goes on where that epoch ended.

    Args:
        identity: what must be the same for a run to go on, by name.
        average: the callback that averages the weights, or None.
    """

    def __init__(self, folder: Path, identity: dict, clock: Clock, best: BestWeights, average: AveragedWeights | None):
        super().__init__()
        self.folder, self.identity = Path(folder), identity
        self.clock, self.best, self.average = clock, best, average

    def on_epoch_end(self, epoch, logs=None):
        files = {"weights": f"state-{epoch + 1:04d}.weights.h5"}
        with self.average.raw() if self.average else contextlib.nullcontext():
            save_weights(self.model, self.folder / files["weights"])
        if self.average:
            files["average"] = f"state-{epoch + 1:04d}.average.npz"
            write_arrays(self.folder / files["average"], self.average.average)
        random = [ops.convert_to_numpy(seed).tolist() for seed in random_states(self.model)]
        state = {"random": random, "epoch": epoch + 1, "elapsed": self.clock.elapsed, "best": self.best.best, **files,
                 "average_updates": self.average.updates if self.average else 0, "identity": self.identity}  # fmt: skip
        # The small file names the large ones, so a kill in between leaves the previous state whole.
        write_atomically(self.folder / "state.json", json.dumps(state, indent=1).encode())
        for old in self.folder.glob("state-*.*"):
            if old.name not in files.values():
                old.unlink()


def load_state(folder: Path, identity: dict) -> dict | None:
    """The newest saved state of a run, or None where there is none.

    Raises:
        ValueError: the state is damaged, or belongs to another configuration or other data; says which.
    """
    path = Path(folder) / "state.json"
    if not path.exists():
        return None
    try:
        state = json.loads(path.read_bytes())
        saved = {key: state[key] for key in ("identity", *STATE_KEYS)}["identity"]
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"{path} is damaged; delete {folder} to start afresh") from None
    for key, value in identity.items():
        known = saved.get(key, value)  # a state from before a key was kept says nothing of it
        if ({**value, **known} if isinstance(value, dict) and isinstance(known, dict) else known) != value:
            raise ValueError(f"the run in {folder} was started with another {key} ({saved[key]}, not {value}); "
                             "use the same options, or another --out")
    for kind in ("weights", "average"):
        if kind in state and not (Path(folder) / state[kind]).exists():
            raise ValueError(f"{Path(folder) / state[kind]} is missing; delete {folder} to start afresh")
    return state


def write_arrays(path: Path, arrays: list[np.ndarray]) -> None:
    """Arrays in one file, so that a kill leaves all of them or none."""
    packed = io.BytesIO()
    np.savez(packed, *arrays)
    write_atomically(path, packed.getvalue())


def read_arrays(path: Path) -> list[np.ndarray]:
    """The inverse of `write_arrays`. Raises ValueError for a file that is missing or damaged."""
    with _readable(path):
        return list(arrays_from_bytes(path.read_bytes()).values())


def restore(model: keras.Model, path: Path, random: list) -> None:
    """`model.load_weights`, and where its generators of random numbers were: Keras saves those with no weights.

    Raises ValueError for a file that is missing or damaged.
    """
    with _readable(path):
        model.load_weights(path)
    for seed, value in zip(random_states(model), random, strict=False):  # none where the state is from before
        seed.assign(value)


def random_states(model: keras.Model) -> list[keras.Variable]:
    """The states of all generators of random numbers in a model, in an order that stays."""
    return [variable for variable in model.variables if variable.path.endswith("seed_generator_state")]


@contextlib.contextmanager
def _readable(path: Path):
    try:
        yield
    except Exception as error:  # whatever the libraries raise, by where the file is damaged
        reason = str(error) or type(error).__name__
        raise ValueError(f"{path} cannot be read ({reason}); delete {path.parent} to start afresh") from error


def save_weights(model: keras.Model, path: Path) -> None:
    """`model.save_weights`, but a reader never meets a half-written file. Raises OSError as `write_atomically` does."""
    with _aside(path) as aside:
        model.save_weights(aside)


def write_atomically(path: Path, data: bytes) -> None:
    """Write aside, flush to the disk, rename. Raises OSError, with what to do, where that cannot be done."""
    with _aside(path) as aside:
        aside.write_bytes(data)


@contextlib.contextmanager
def _aside(path: Path) -> Iterator[Path]:
    """Where to write what then takes the place of `path` in one step."""
    aside = path.with_name("aside-" + path.name)
    try:
        yield aside
        with open(aside, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(aside, path)
    except (OSError, RuntimeError) as error:  # the latter from HDF5, when it closes a file on a full disk
        with contextlib.suppress(OSError):
            aside.unlink(missing_ok=True)
        number = getattr(error, "errno", None)
        reason = os.strerror(number) if number else "it could not be written to its end"
        raise OSError(f"cannot write {path}: {reason}; the state of the epoch before is whole, so make room and go on "
                      "with --resume") from error
