"""What a weights file may be: plain arrays of the network's own shapes, known before any is read."""

import io

import h5py
import keras
import numpy as np
import pytest

from model.weights import load_weights, weights_to_bytes

KERNEL = "layers/dense/vars/0"


def network() -> keras.Model:
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, name="dense")])


@pytest.fixture(scope="module")
def whole() -> bytes:
    return weights_to_bytes(network())


def changed(content: bytes, change) -> bytes:
    """The file with its kernel taken out, and whatever `change` puts into it."""
    packed = io.BytesIO(content)
    with h5py.File(packed, "r+") as file:
        del file[KERNEL]
        change(file)
    return packed.getvalue()


def test_there_and_back(whole):
    model = network()
    load_weights(model, whole)
    assert weights_to_bytes(model) == whole


def test_another_file_of_the_machine_is_never_read(whole, tmp_path):
    """The arrays are as many as they should be, and where one of them must be, a link leads to a file that has one."""
    other = tmp_path / "secret.h5"
    with h5py.File(other, "w") as file:
        file["kernel"] = np.ones((4, 3), np.float32)

    def link(file):
        file[KERNEL] = h5py.ExternalLink(str(other), "kernel")
        file["as many"] = np.zeros((4, 3), np.float32)

    with pytest.raises(ValueError, match="leads elsewhere"):
        load_weights(network(), changed(whole, link))


def huge_pieces(file):
    """Twelve numbers, for which HDF5 makes room for a quarter of a billion."""
    file.create_dataset(KERNEL, (4, 3), "f4", maxshape=(None, None), chunks=(2**14, 2**14), compression="gzip")


def outside(file):
    file.create_dataset(KERNEL, (4, 3), "f4", external=[("/etc/hostname", 0, h5py.h5f.UNLIMITED)])


def never_written(file):
    file.create_dataset(KERNEL, (60_000_000,), "f4")


def soft_link(file):
    file["kernel"] = np.zeros((4, 3), np.float32)
    file[KERNEL] = h5py.SoftLink("/kernel")


def a_ring(file):
    file["layers/ring"] = file["layers"]


def doubled(file):
    """Forty groups, each twice in the one before: a million million ways through them."""
    group = file.create_group("many")
    for _ in range(40):
        inner = group.create_group("a")
        group["b"] = inner
        group = inner


def a_type(file):
    file[KERNEL] = np.dtype("f4")


@pytest.mark.parametrize(("change", "words"), [
    (huge_pieces, "0 in it is packed"), (outside, "lies elsewhere"), (never_written, "unpacks to 240 MB"),
    (soft_link, "leads elsewhere"), (a_ring, "lies too deep"), (doubled, "more than 10,000"),
    (a_type, "not an array of numbers"),
])
def test_what_would_take_memory_or_time_is_refused_before_it_is_read(whole, monkeypatch, change, words):
    monkeypatch.setattr(h5py.Dataset, "__getitem__", lambda *_: pytest.fail("an array was read"))
    with pytest.raises(ValueError, match=words):
        load_weights(network(), changed(whole, change))


def test_other_shapes_are_seen_before_any_array_is_read(whole, monkeypatch):
    monkeypatch.setattr(h5py.Dataset, "__getitem__", lambda *_: pytest.fail("an array was read"))
    wide = changed(whole, lambda file: file.create_dataset(KERNEL, data=np.zeros((3, 4), np.float32)))
    with pytest.raises(ValueError, match="another network"):
        load_weights(network(), wide)
