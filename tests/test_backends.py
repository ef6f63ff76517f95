"""The same run on Keras's other backends, each in a process of its own; TensorFlow opens what they write."""

import csv
import importlib.util
import json
import os
import subprocess
import sys

import h5py
import numpy as np
import pytest

from model.bundle import load_bundle
from model.callbacks import Clock
from model.config import preset
from model.progress import read_arrays

# A cut-down `default` with all that its objective draws, schedules and averages; at 96 pixels, so that faces are
# softened too. The first part's minutes are spent after one batch, with VGG16; the second ends before VGG16 joins.
SMALL = {"image_size": 96, "latent_dim": 8, "widths": (8, 8), "depths": (1, 1), "head_width": 8, "bottleneck_width": 8}
SCHEDULE = {"epochs": 2, "batch_size": 4, "warmup_steps": 3, "beta_warmup_epochs": 2.0, "perceptual_start": 0.95,
            "texture_weight": 0.1, "lattice_weight": 0.1, "adversarial_weight": 0.1, "adversarial_start": 0.0}
RUN = """import sys
import numpy as np
import train
from model.bundle import load_bundle
from model.data import CelebA
codes, pictures, *arguments = sys.argv[1:]
options, model_config, train_config = train.parse([*arguments, "--minutes", "1e-6"])
data, folder = CelebA(options.data, cache=options.cache), train.Path(f"{options.out}.training")
folder.mkdir()
train.fit(data, data.images(model_config.image_size), model_config, train_config, options, folder)
status = train.main([*arguments, "--resume"])
bundle = load_bundle(options.out)
np.save(pictures, bundle.decode(np.load(codes)))
sys.exit(status)"""


def python(backend: str, *arguments: str) -> subprocess.CompletedProcess:
    """Run Python with Keras on a backend."""
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True,
                          env={**os.environ, "KERAS_BACKEND": backend})  # fmt: skip


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_a_run_on_another_backend_writes_a_bundle_for_tensorflow(folder, vgg16_file, tmp_path, backend):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    out, codes, pictures = (tmp_path / name for name in ("small", "codes.npy", "pictures.npy"))
    z = np.random.default_rng(0).normal(0, 30, (4, SMALL["latent_dim"])).astype("float32")
    np.save(codes, z)
    given = [word for name, value in {**SMALL, **SCHEDULE}.items()
             for word in (f"--{name.replace('_', '-')}", str(value).strip("()").replace(" ", ""))]  # fmt: skip
    run = python(backend, "-c", RUN, str(codes), str(pictures), "--data", str(folder), "--out", str(out), "--cache",
                 str(tmp_path / "cache"), "--vgg16", vgg16_file, "--classifier-minutes", "0.01",
                 "--prior-minutes", "0.01", *given)
    assert run.returncode == 0, run.stderr[-2000:]
    assert "going on after epoch 1" in run.stdout

    bundle = load_bundle(out)
    assert backend in bundle.about["versions"] and bundle.about["epochs"] == 2
    assert bundle.decode(z) == pytest.approx(np.load(pictures), abs=1e-4)
    assert bundle.decode(z).std(axis=0).max() > 0.01  # other codes, other pictures

    progress = tmp_path / "small.training"
    with open(progress / "history.csv") as file:
        first, second = ({name: float(value) for name, value in row.items()} for row in csv.DictReader(file))
    # What callbacks set reaches the step: beta, VGG16's term, the learning rate.
    config = preset("default")[1].replace(**SCHEDULE)
    assert first["beta"] == 0 and second["beta"] == pytest.approx(config.beta * np.mean(range(6, 12)) / 12, rel=1e-4)
    # Validation always counts VGG16.
    assert second["reconstruction_loss"] + 0.2 < min(first["reconstruction_loss"], second["val_reconstruction_loss"])
    clock = Clock(config, steps_per_epoch=6)
    clock.step = 11
    state = json.loads((progress / "state.json").read_text())
    arrays = {}
    with h5py.File(progress / state["weights"]) as file:
        file.visititems(lambda name, item: arrays.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None)
    assert arrays["optimizer/vars/1"] == pytest.approx(clock.learning_rate(), rel=1e-4)
    # The average is validated, and the weights that it is an average of are trained on.
    average, last = read_arrays(progress / state["average"]), read_arrays(progress / "last.npz")
    assert all(np.array_equal(a, b) for a, b in zip(average, last, strict=True))
    assert state["average_updates"] > 0
    assert not any(np.array_equal(average[0], array) for array in arrays.values())


@pytest.mark.parametrize("backend", ["numpy", "absent"])  # the first starts where JAX is installed
def test_a_backend_that_does_not_train_is_refused_at_once(folder, tmp_path, backend):
    run = python(backend, "train.py", "--data", str(folder), "--out", str(tmp_path / "run"))
    assert run.returncode == 1
    sentence, _ = run.stderr.splitlines()
    assert sentence.startswith("train.py: Keras") and "set KERAS_BACKEND to one that is installed of" in sentence
    assert not list(tmp_path.iterdir())
