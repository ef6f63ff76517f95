"""train.py from a folder of faces to a bundle: the whole run, resumed runs, and what it refuses."""

import csv
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import train
from model.bundle import bundle_hash, load_bundle
from model.config import preset
from model.data import ATTRIBUTES, CelebA
from model.losses import vgg16_hash
from model.progress import STATE_KEYS, write_arrays
from tests.faces import draw_face, tiny_bundle

FACES = 96


@pytest.fixture(scope="module")
def celeba(tmp_path_factory):
    """Drawn faces with labels and partition, in the official layout."""
    root, rng = tmp_path_factory.mktemp("celeba"), np.random.default_rng(0)
    (root / "img_align_celeba").mkdir()
    rows = [f"{FACES}\n{' '.join(ATTRIBUTES)}\n"]
    for i in range(FACES):
        face, drawn = draw_face(rng)
        face.save(root / "img_align_celeba" / f"{i:06d}.jpg")
        values = [drawn.get(name, rng.random() < 0.5) for name in ATTRIBUTES]
        rows.append(f"{i:06d}.jpg {' '.join('1' if v else '-1' for v in values)}\n")
    (root / "list_attr_celeba.txt").write_text("".join(rows))
    (root / "list_eval_partition.txt").write_text("".join(f"{i:06d}.jpg {int(i % 3 == 0)}\n" for i in range(FACES)))
    return root


def options(celeba, out, *more):
    return ["--data", str(celeba), "--out", str(out), "--cache", str(celeba / "cache"), "--preset", "tiny",
            "--classifier-minutes", "0.02", "--prior-minutes", "0", *more]  # fmt: skip


def history(out, column="loss"):
    with open(f"{out}.training/history.csv") as file:
        return [float(row[column]) for row in csv.DictReader(file)]


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


def fit_only(parsed, model_config, train_config):
    import keras

    keras.utils.set_random_seed(train_config.seed)
    data, folder = CelebA(parsed.data, parsed.cache), train.Path(f"{parsed.out}.training")
    with train.locked(folder):
        return train.fit(data, data.images(model_config.image_size), model_config, train_config, parsed, folder)


def test_a_killed_run_goes_on_as_if_nothing_had_happened(celeba, tmp_path, monkeypatch):
    """With the noise, the softening and the dropout that it would have met."""
    from model.progress import TrainingState

    killed, whole = (train.parse(options(celeba, tmp_path / name, "--dropout", "0.2")) for name in ("killed", "whole"))
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        saved = TrainingState.on_epoch_end

        def kill(self, epoch, logs=None):
            saved(self, epoch, logs)
            raise KeyboardInterrupt

        patch.setattr(TrainingState, "on_epoch_end", kill)
        fit_only(*killed)
    killed[0].resume = True
    fit_only(*killed)
    fit_only(*whole)
    assert history(tmp_path / "killed")[-1] == pytest.approx(history(tmp_path / "whole")[-1], rel=1e-4)


def test_a_resumed_run_goes_on_and_refuses_other_options(celeba, tmp_path):
    out = tmp_path / "run"
    fit_only(*train.parse(options(celeba, out, "--epochs", "3")))
    folder = tmp_path / "run.training"
    state = json.loads((folder / "state.json").read_text())
    assert state["epoch"] == 3
    assert [p.name for p in folder.glob("state-*.weights.h5")] == [state["weights"]]
    with pytest.raises(ValueError, match="started with another train"):
        fit_only(*train.parse(options(celeba, out, "--epochs", "5", "--resume")))
    # Nothing left to do: it loads the best weights and trains no more.
    _, about = fit_only(*train.parse(options(celeba, out, "--epochs", "3", "--resume")))
    assert about["epochs"] == 3 and len(history(out)) == 3


@pytest.mark.parametrize("critics", [False, True])
def test_with_critics_the_last_average_ships_and_without_the_best(celeba, tmp_path, vgg16_file, critics):
    more = ["--epochs", "1", "--perceptual-weight", "0.1", "--vgg16", vgg16_file,
            "--adversarial-weight", "0.1" if critics else "0"]  # fmt: skip
    records = train.parse(options(celeba, tmp_path / "run", *more, "--resume"))
    vae, _ = fit_only(*records)
    write_arrays(tmp_path / "run.training" / "last.npz", [np.zeros_like(w) for w in vae.get_networks()])
    vae, _ = fit_only(*records)  # nothing left to do
    assert all((w == 0).all() for w in vae.get_networks()) == critics


def test_a_resumed_run_refuses_another_start_judge_and_vgg16(celeba, tmp_path, capsys):
    for name in ("one", "other"):
        tiny_bundle(tmp_path / name, seed=len(name))
    (tmp_path / "vgg16.h5").write_bytes(b"of one kind")
    given = {name: str(tmp_path / "one") for name in ("--init", "--judge")} | {"--vgg16": str(tmp_path / "vgg16.h5")}

    def resume(**changes):
        flags = [word for flag, value in {**given, **changes}.items() if value for word in (flag, value)]
        return train.main(options(celeba, tmp_path / "run", "--perceptual-weight", "0.1", "--resume", *flags))

    assert resume() == 1  # no VGG16 is in that file; the state below is what a run with a real one would have left
    assert "vgg16.h5 does not hold VGG16" in capsys.readouterr().err
    parsed, model_config, train_config = train.parse(options(celeba, "", "--perceptual-weight", "0.1"))
    identity = {"model": model_config.to_dict(), "train": train_config.to_dict(),
                "data": CelebA(parsed.data, parsed.cache).fingerprint(),
                "init": bundle_hash(given["--init"]), "judge": bundle_hash(given["--judge"]),
                "vgg16": vgg16_hash(given["--vgg16"])}  # fmt: skip
    state = {"identity": identity, **dict.fromkeys(STATE_KEYS, 0), "weights": "none.h5"}
    (tmp_path / "run.training" / "state.json").write_text(json.dumps(state))
    assert resume() == 1
    assert "none.h5 is missing" in capsys.readouterr().err  # everything is the same
    for flag in ("--init", "--judge"):
        for value in (str(tmp_path / "other"), None):
            assert resume(**{flag: value}) == 1
            assert f"was started with another {flag[2:]} (" in capsys.readouterr().err
    (tmp_path / "vgg16.h5").write_bytes(b"of another kind")
    assert resume() == 1
    assert "was started with another vgg16" in capsys.readouterr().err
    (tmp_path / "vgg16.h5").unlink()
    assert resume() == 1
    assert "VGG16 weights file" in capsys.readouterr().err


def test_a_judge_that_is_none_is_refused_before_training(celeba, tmp_path, capsys):
    assert train.main(options(celeba, tmp_path / "run", "--judge", str(tmp_path / "nowhere"))) == 1
    assert "there is no bundle folder" in capsys.readouterr().err
    assert not list((tmp_path / "run.training").glob("state*"))


def test_killed_at_any_moment_it_resumes_with_one_epoch_lost_at_most(celeba, tmp_path):
    out = tmp_path / "killed"
    command = [sys.executable, "train.py", *options(celeba, out, "--epochs", "400", "--resume")]
    rng, reached = random.Random(0), 0
    state = tmp_path / "killed.training" / "state.json"
    for _ in range(2):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and process.poll() is None:  # until it has gone past where it began
            if state.exists() and json.loads(state.read_text())["epoch"] > reached + 1:
                break
            time.sleep(0.05)
        assert process.poll() is None, process.stderr.read().decode()[-500:]
        time.sleep(rng.uniform(0, 0.5))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        epoch = json.loads(state.read_text())["epoch"]
        assert epoch > reached
        reached = epoch
        assert not out.exists()  # no half-written bundle
    done = options(celeba, out, "--epochs", "400", "--resume", "--minutes", "0.001")
    _, about = fit_only(*train.parse(done))
    assert about["epochs"] >= reached - 1


@pytest.mark.parametrize(
    ("content", "message"),
    [("{", "is damaged"), ('{"epoch": 1}', "is damaged"), ("[]", "is damaged")],
)
def test_a_damaged_state_is_named(celeba, tmp_path, content, message):
    folder = tmp_path / "run.training"
    folder.mkdir()
    (folder / "state.json").write_text(content)
    with pytest.raises(ValueError, match=message):
        fit_only(*train.parse(options(celeba, tmp_path / "run", "--resume")))


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


def test_a_damaged_file_of_the_state_is_named(celeba, tmp_path):
    run = options(celeba, tmp_path / "run", "--epochs", "1")
    fit_only(*train.parse(run))
    (path,) = (tmp_path / "run.training").glob("state-*.weights.h5")
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ValueError, match=f"{path.name} cannot be read.*start afresh"):
        fit_only(*train.parse([*run, "--resume"]))


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
