"""The command line of train.py: every field of ModelConfig and TrainConfig is an option."""

import argparse
import dataclasses
import math

from model.config import PRESETS, PRIOR_MINUTES, ModelConfig, TrainConfig, preset

PRIOR_SHARE = 0.25  # of --minutes


def parse(argv: list[str] | None) -> tuple[argparse.Namespace, ModelConfig, TrainConfig]:
    """The options, and the two records that they and the preset make; a mistake ends the program with status 2."""
    parser = argparse.ArgumentParser(prog="train.py", description="Train a VAE on CelebA and write a bundle.")
    parser.add_argument("--data", required=True, help="CelebA's folder")
    parser.add_argument("--out", required=True, help="the bundle to write, say checkpoints/mine")
    parser.add_argument("--preset", choices=PRESETS, default="default")
    parser.add_argument("--minutes", type=float, help="stop training after this long; the schedule fits itself to it")
    parser.add_argument("--resume", action="store_true", help="go on with a run that was interrupted")
    parser.add_argument("--init", help="start from the weights of this bundle")
    parser.add_argument("--judge", help="take the attribute classifier of this bundle instead of training one")
    parser.add_argument("--classifier-minutes", type=float, default=8.0, help="at most this long on the classifier")
    parser.add_argument("--prior-minutes", type=float,
                        help=f"on the prior (default {PRIOR_MINUTES:g}, or {PRIOR_SHARE:g} of --minutes if that is "
                             "less; 0 leaves it at N(0, I))")  # fmt: skip
    parser.add_argument("--vgg16", default="imagenet", help="VGG16 weights file; downloaded unless given")
    parser.add_argument("--cache", help="folder for decoded faces (default ~/.cache/facet)")
    for record in (ModelConfig, TrainConfig):
        group = parser.add_argument_group(f"{record.__name__} (the preset's values unless given)")
        for field in dataclasses.fields(record):
            kind = {"int": int, "float": float, "bool": _flag, "str": str}.get(field.type, _numbers)
            group.add_argument("--" + field.name.replace("_", "-"), type=kind, metavar=field.type.split("[")[0].upper())
    options = parser.parse_args(argv)
    records = []
    for record in preset(options.preset):
        given = {f.name: getattr(options, f.name) for f in dataclasses.fields(record)}
        try:
            records.append(record.replace(**{k: v for k, v in given.items() if v is not None}))
        except ValueError as error:
            parser.error(str(error))
    for name in ("minutes", "classifier_minutes"):
        value = getattr(options, name)
        if value is not None and not value > 0:
            parser.error(f"--{name.replace('_', '-')} must be above 0")
    if options.prior_minutes is None:
        options.prior_minutes = min(PRIOR_MINUTES, PRIOR_SHARE * (options.minutes or math.inf))
    if not options.prior_minutes >= 0:
        parser.error("--prior-minutes must be 0 or more")
    return options, *records


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise argparse.ArgumentTypeError("true or false")
    return text == "true"


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(n) for n in text.split(","))
