"""train.py from a folder of faces to a bundle: the whole run and what it refuses."""

import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

import train
from model.bundle import load_bundle
from model.config import preset
from model.data import ATTRIBUTES
from model.progress import write_arrays
from tests.training import fit_only, history, options


def test_one_command_writes_a_bundle_that_loads(celeba, tmp_path, capsys):
    out = tmp_path / "try"
    assert train.main(options(celeba, out, "--prior-minutes", "0.02")) == 0
    bundle = load_bundle(out)
    assert bundle.config == preset("tiny")[0]
    assert bundle.about["epochs"] == 2 and "64 training faces" in bundle.about["data"]
    assert bundle.metrics["psnr_16"] > 5
    assert bundle.decode(bundle.sample(3)).shape == (3, 16, 16, 3) and 0 <= bundle.about["prior_minutes"] < 1
    assert {"README.md", "samples.png"} <= {p.name for p in out.iterdir()}
    assert f"{os.cpu_count()} cores" in bundle.about["hardware"]
    printed = capsys.readouterr().out
    assert "minutes so far" in printed and "attribute agreement" in printed
    assert [p.name for p in (tmp_path / "try.training" / "images").iterdir()]

    # A second run beside an unfinished or finished one says what to do; --init goes on from shipped weights,
    # which a larger network takes over.
    assert train.main(options(celeba, out)) == 1
    assert "add --resume" in capsys.readouterr().err
    again = tmp_path / "again"
    more = ["--init", str(out), "--judge", str(out), "--epochs", "1", "--learning-rate", "1e-6"]
    assert train.main(options(celeba, tmp_path / "other", *more, "--latent-dim", "5")) == 1
    assert "cannot grow into this one" in capsys.readouterr().err
    assert train.main(options(celeba, again, *more, "--head-width", "12", "--encoder-depths", "1,2")) == 0
    child = load_bundle(again)
    assert (child.config.head_width, child.config.encoder_depths) == (12, (1, 2))
    assert child.about["continues"]["epochs"] == 2
    assert np.allclose(child.prior.sample(2), child.sample(2, prior="normal"), atol=1e-5)  # of no minutes
    images = np.random.default_rng(0).random((2, 16, 16, 3)).astype("float32")
    assert np.allclose(child.classify(images), bundle.classify(images), atol=1e-2)
    assert abs(child.encoder.get_weights()[0] - bundle.encoder.get_weights()[0]).max() < 1e-3


def test_the_same_seed_gives_the_same_losses(celeba, tmp_path):
    losses = []
    for name, seed in (("a", "7"), ("b", "7"), ("c", "8")):
        records = train.parse(options(celeba, tmp_path / name, "--seed", seed, "--epochs", "1"))
        fit_only(*records)
        losses.append(history(tmp_path / name))
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    assert losses[0] != pytest.approx(losses[2], rel=1e-5)


@pytest.mark.parametrize("critics", [False, True])
def test_with_critics_the_last_average_ships_and_without_the_best(celeba, tmp_path, vgg16_file, critics):
    more = ["--epochs", "1", "--perceptual-weight", "0.1", "--vgg16", vgg16_file,
            "--adversarial-weight", "0.1" if critics else "0"]  # fmt: skip
    records = train.parse(options(celeba, tmp_path / "run", *more, "--resume"))
    vae, _ = fit_only(*records)
    write_arrays(tmp_path / "run.training" / "last.npz", [np.zeros_like(w) for w in vae.get_networks()])
    vae, _ = fit_only(*records)  # nothing left to do
    assert all((w == 0).all() for w in vae.get_networks()) == critics


def test_a_judge_that_is_none_is_refused_before_training(celeba, tmp_path, capsys):
    assert train.main(options(celeba, tmp_path / "run", "--judge", str(tmp_path / "nowhere"))) == 1
    assert "there is no bundle folder" in capsys.readouterr().err
    assert not list((tmp_path / "run.training").glob("state*"))


TWO_DEVICES = """import sys
import tensorflow as tf
processor, = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(processor, [tf.config.LogicalDeviceConfiguration()] * 2)
import train
sys.exit(train.main(sys.argv[1:]))"""


def test_two_devices_share_the_batches(celeba, tmp_path, vgg16_file):
    """Two logical processors in the place of two GPUs: the same losses, and a bundle."""
    more = ["--epochs", "2", "--ema-momentum", "0.9", "--clip-norm", "1", "--perceptual-weight", "0.01",
            "--perceptual-start", "0.5", "--vgg16", vgg16_file]  # fmt: skip
    given = options(celeba, tmp_path / "two", *more)
    run = subprocess.run([sys.executable, "-c", TWO_DEVICES, *given], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr[-2000:]
    assert load_bundle(tmp_path / "two").about["epochs"] == 2
    fit_only(*train.parse(options(celeba, tmp_path / "one", *more)))
    for column in ("loss", "val_loss"):  # not the very same: each device normalises its own four faces
        two, one = (history(tmp_path / name, column) for name in ("two", "one"))
        assert two == pytest.approx(one, rel=0.1)


def test_two_runs_on_one_folder(celeba, tmp_path, capsys):
    with train.locked(tmp_path / "run.training"):
        assert train.main(options(celeba, tmp_path / "run")) == 1
    assert "another run is using" in capsys.readouterr().err


def test_mistakes_are_one_sentence(celeba, tmp_path, capsys):
    assert train.main(options(tmp_path / "nowhere", tmp_path / "run")) == 1
    assert capsys.readouterr().err.startswith("train.py: there is no data folder")
    for wrong in (["--image-size", "17"], ["--schedule", "linear"], ["--minutes", "0"], ["--flip", "maybe"],
                  ["--prior-minutes", "-1"]):  # fmt: skip
        with pytest.raises(SystemExit) as caught:
            train.main(options(celeba, tmp_path / "run", *wrong))
        assert caught.value.code == 2
    assert "these levels need a multiple of" in capsys.readouterr().err


@pytest.mark.parametrize(("labelled", "split"), [((), "train"), ((1, 2), "valid"), ((0, 3), "train")])
def test_faces_without_labels_are_refused_before_training(celeba, tmp_path, capsys, labelled, split):
    """In `celeba` every third face, from 0 on, is for validation."""
    data = tmp_path / "celeba"
    shutil.copytree(celeba, data, ignore=shutil.ignore_patterns("cache", "list_attr_celeba.txt"))
    rows = "".join(f"{i:06d}.jpg {' '.join(['1'] * 40)}\n" for i in labelled)
    (data / "list_attr_celeba.txt").write_text(f"{' '.join(ATTRIBUTES)}\n{rows}")
    assert train.main(options(data, tmp_path / "run")) == 1
    assert f"has no labelled faces to {train.USES[split]}" in capsys.readouterr().err
    assert not (tmp_path / "run.training").exists()


def test_a_loss_that_is_not_a_number_stops_the_run(celeba, tmp_path, capsys):
    assert train.main(options(celeba, tmp_path / "nan", "--learning-rate", "1e30", "--clip-norm", "0")) == 1
    assert "lower --learning-rate" in capsys.readouterr().err
    assert not (tmp_path / "nan").exists()
