"""The files of a run's state, written and read again, and damaged."""

import errno
import json
import os
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from model import progress
from model.progress import (
    BEST,
    BestWeights,
    TrainingState,
    load_state,
    read_arrays,
    restore,
    save_weights,
    write_arrays,
)


@pytest.fixture
def network():
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), keras.layers.Dense(2)])


def test_there_and_back(tmp_path, network):
    arrays = network.get_weights()
    write_arrays(tmp_path / "arrays.npz", arrays)
    assert all(map(np.array_equal, read_arrays(tmp_path / "arrays.npz"), arrays))
    save_weights(network, tmp_path / "state.weights.h5")
    network.set_weights([np.zeros_like(array) for array in arrays])
    restore(network, tmp_path / "state.weights.h5", ())
    assert all(map(np.array_equal, network.get_weights(), arrays))


@pytest.mark.parametrize("name", ["arrays.npz", "state.weights.h5"])
def test_a_damaged_file_is_named(tmp_path, network, little_memory, name):
    path = tmp_path / name
    if name == "arrays.npz":
        write_arrays(path, network.get_weights())
    else:
        save_weights(network, path)

    def read():
        restore(network, path, ()) if name.endswith("h5") else read_arrays(path)

    whole = path.read_bytes()
    for content in (b"", b"PK", whole[:20], whole[: len(whole) // 2], whole[:-30]):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=f"{name} cannot be read .*start afresh"):
            read()
    # Whatever the libraries make of it: an answer, or that sentence.
    for position in [*range(7, 128, 8), *range(128, len(whole), 251)]:
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 0x80]) + whole[position + 1 :])
        try:
            read()
        except ValueError as error:
            assert name in str(error)
    path.unlink()
    with pytest.raises(ValueError, match=f"{name} cannot be read"):
        read()


IDENTITY = {"model": {"latent_dim": 4}, "data": "0123abcd"}
STEPS = 9  # that the end of an epoch takes on the disk: four files flushed and put in place, an old one deleted


class Killed(BaseException):
    """What no handler of errors takes, as none takes a SIGKILL."""


class Run:
    """The two callbacks that keep a run's files, at the end of epochs whose weights are the epoch's number."""

    def __init__(self, folder, network):
        network.train_config, network.get_networks = SimpleNamespace(beta=1.0), network.get_weights
        self.network, self.best = network, BestWeights(folder)
        self.state = TrainingState(folder, IDENTITY, SimpleNamespace(elapsed=1.0), self.best, None)
        for callback in (self.best, self.state):
            callback.set_model(network)

    def epoch(self, number: int) -> None:
        self.network.set_weights([np.full_like(array, number) for array in self.network.get_weights()])
        logs = {"val_loss": 10.0 - number, "val_beta": 1.0, "val_kl_loss": 0.0}
        self.best.on_epoch_end(number - 1, logs)
        self.state.on_epoch_end(number - 1, logs)


def fail_at(monkeypatch, step: int, error: BaseException) -> list[str]:
    """Make the step-th thing that is done on the disk fail, and what is flushed then a half; what was done."""
    done = []

    def failing(name, real, given):
        done.append(name)
        if len(done) == step + 1:
            if name == "fsync":
                os.ftruncate(given[0], os.fstat(given[0]).st_size // 2)
            raise error
        return real(*given)

    for owner, name in ((os, "fsync"), (os, "replace"), (progress.Path, "unlink")):
        real = getattr(owner, name)
        monkeypatch.setattr(owner, name, lambda *given, n=name, real=real, **_: failing(n, real, given))
    return done


def state_is_whole(folder, network) -> int:
    """The epoch that a resumed run goes on after; everything that it reads is whole and belongs together."""
    state = load_state(folder, IDENTITY)
    restore(network, folder / state["weights"], state["random"])
    assert (network.get_weights()[0] == state["epoch"]).all()
    assert read_arrays(folder / BEST)[0].flat[0] in (state["epoch"], state["epoch"] + 1)  # of the epoch that is redone
    return state["epoch"]


@pytest.mark.parametrize("step", range(STEPS + 1))
def test_killed_at_any_step_it_goes_on(tmp_path, network, monkeypatch, step):
    run = Run(tmp_path, network)
    run.epoch(1)
    with monkeypatch.context() as patch:
        done = fail_at(patch, step, Killed())
        try:
            run.epoch(2)
        except Killed:
            assert len(done) == step + 1
        else:
            assert len(done) == step == STEPS  # all of them were tried
    assert state_is_whole(tmp_path, network) == (1 if step < STEPS - 1 else 2)
    run.epoch(2)
    assert state_is_whole(tmp_path, network) == 2
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"last.npz", "best.npz", "state.json", "state-0002.weights.h5"}


@pytest.mark.parametrize("step", range(STEPS - 1))
def test_a_full_disk_is_a_sentence_and_costs_one_epoch(tmp_path, network, monkeypatch, step):
    run = Run(tmp_path, network)
    run.epoch(1)
    with monkeypatch.context() as patch:
        fail_at(patch, step, OSError(errno.ENOSPC, "No space left on device"))
        with pytest.raises(OSError, match=r"^cannot write .*(npz|h5|json): No space left on device; .*--resume$"):
            run.epoch(2)
    assert state_is_whole(tmp_path, network) == 1
    assert not list(tmp_path.glob("aside-*"))  # what half a file took is free again


def test_other_data_is_refused(tmp_path, network):
    Run(tmp_path, network).epoch(1)
    with pytest.raises(ValueError, match="was started with another data .0123abcd, not f00d"):
        load_state(tmp_path, {**IDENTITY, "data": "f00d"})
    # An option that did not exist yet says nothing of the run; one that did does.
    assert load_state(tmp_path, {**IDENTITY, "model": {"latent_dim": 4, "new": 1}})
    with pytest.raises(ValueError, match="was started with another model"):
        load_state(tmp_path, {**IDENTITY, "model": {"latent_dim": 5, "new": 1}})
    (tmp_path / "state.json").write_text(json.dumps({"identity": IDENTITY}))
    with pytest.raises(ValueError, match="state.json is damaged"):
        load_state(tmp_path, IDENTITY)
