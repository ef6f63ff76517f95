"""The files of a run's state, written and read again, and damaged."""

import keras
import numpy as np
import pytest

from model.progress import read_arrays, restore_weights, save_weights, write_arrays


@pytest.fixture
def network():
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), keras.layers.Dense(2)])


def test_there_and_back(tmp_path, network):
    arrays = network.get_weights()
    write_arrays(tmp_path / "arrays.npz", arrays)
    assert all(map(np.array_equal, read_arrays(tmp_path / "arrays.npz"), arrays))
    save_weights(network, tmp_path / "state.weights.h5")
    network.set_weights([np.zeros_like(array) for array in arrays])
    restore_weights(network, tmp_path / "state.weights.h5")
    assert all(map(np.array_equal, network.get_weights(), arrays))


@pytest.mark.parametrize("name", ["arrays.npz", "state.weights.h5"])
def test_a_damaged_file_is_named(tmp_path, network, little_memory, name):
    path = tmp_path / name
    if name == "arrays.npz":
        write_arrays(path, network.get_weights())
    else:
        save_weights(network, path)

    def read():
        restore_weights(network, path) if name.endswith("h5") else read_arrays(path)

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
