"""The training rate's bench, on the tiny preset."""

import pytest

from benchmarks import rate
from model.callbacks import Clock
from model.config import preset


def test_both_runs_are_timed_and_their_ratio_is_printed(monkeypatch, capsys):
    monkeypatch.setattr(rate, "measure", lambda *given, **options: {"bare step": [10.0, 30.0, 20.0],
                                                                    "train.py": [18.0, 9.0, 36.0]})  # fmt: skip
    assert rate.main(["--preset", "tiny"]) == 0
    printed = capsys.readouterr().out
    assert "| bare step | 20.0 | 10.0 | 30.0 |" in printed and "at 90 % of the bare step's rate" in printed


def test_a_round_gives_a_rate_for_each():
    found = rate.measure("tiny", steps=2, rounds=2)
    assert list(found) == ["bare step", "train.py"] and all(len(v) == 2 and min(v) > 0 for v in found.values())


def test_with_vgg16_it_counts_from_the_first_step(monkeypatch, vgg16_file):
    """A run's first minutes are pixels alone: so were all that this bench once timed."""
    model, config = preset("tiny")
    config = config.replace(perceptual_weight=0.1, perceptual_start=0.5, adversarial_weight=0.1, adversarial_start=0.6)
    monkeypatch.setattr(rate, "preset", lambda name: (model, config))
    seen, start = [], Clock.on_train_batch_begin

    def on_train_batch_begin(clock, batch, logs=None):
        start(clock, batch, logs)
        seen.append((float(clock.model.perceptual_on.numpy()), float(clock.model.adversarial.numpy())))

    monkeypatch.setattr(Clock, "on_train_batch_begin", on_train_batch_begin)
    rate.measure("tiny", steps=1, rounds=1, vgg16=vgg16_file)
    assert seen == [pytest.approx((1.0, 0.1))] * len(seen) and seen


def test_nonsense_is_a_sentence(tmp_path, capsys):
    assert rate.main(["--preset", "tiny", "--steps", "0"]) == 1
    assert "steps and rounds must be 1 or more" in capsys.readouterr().err
    with pytest.raises(ValueError, match="tiny"):
        rate.measure("huge", steps=1)
