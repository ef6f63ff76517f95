"""Runs of train.py that are interrupted: they go on where they were, or say what is wrong."""

import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest

import train
from model.bundle import bundle_hash
from model.data import CelebA
from model.losses import vgg16_hash
from model.progress import STATE_KEYS
from tests.faces import tiny_bundle
from tests.training import fit_only, history, options


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


def test_a_damaged_file_of_the_state_is_named(celeba, tmp_path):
    run = options(celeba, tmp_path / "run", "--epochs", "1")
    fit_only(*train.parse(run))
    (path,) = (tmp_path / "run.training").glob("state-*.weights.h5")
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ValueError, match=f"{path.name} cannot be read.*start afresh"):
        fit_only(*train.parse([*run, "--resume"]))
