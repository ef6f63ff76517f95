"""The command line of train.py."""

import pytest

from model.options import parse


def test_every_hyperparameter_is_an_option():
    _, model_config, config = parse(
        ["--data", "d", "--out", "o", "--beta", "0.5", "--flip", "false", "--widths", "8,8,8,8", "--dropout", "0.1"]
    )
    assert (config.beta, config.flip, model_config.widths, model_config.dropout) == (0.5, False, (8, 8, 8, 8), 0.1)


@pytest.mark.parametrize("given", [("--minutes", "0"), ("--minutes", "nan"), ("--classifier-minutes", "0"),
                                   ("--prior-minutes", "-1")])  # fmt: skip
def test_minutes_that_are_none_end_it_at_once(given, capsys):
    with pytest.raises(SystemExit):
        parse(["--data", "d", "--out", "o", *given])
    assert f"{given[0]} must be" in capsys.readouterr().err


def test_a_short_run_trains_its_prior_for_a_share_of_it():
    for given, minutes in [([], 10), (["--minutes", "600"], 10), (["--minutes", "8"], 2),
                           (["--minutes", "8", "--prior-minutes", "0"], 0)]:  # fmt: skip
        assert parse(["--data", "d", "--out", "o", *given])[0].prior_minutes == minutes
