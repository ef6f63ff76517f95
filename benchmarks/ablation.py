"""What each term of the objective buys: `python -m benchmarks.ablation --data CELEBA_DIR --judge DIR --minutes 10`.

Trains the preset once as it is and once with each change, a term taken away, added or weighed differently, for the same
minutes on the same faces, then measures all by one judge and prints them side by side. Each run is resumable and its
bundle is kept in --out. With --init all go on from a trained bundle: some minutes then show what each term does to a
model that is far along, not to its first epoch.
Options that are not its own (--learning-rate 5e-4) go to train.py for every run.
"""

import argparse
import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

import keras

import train
from model.bundle import bundle_hash, load_bundle, save_bundle
from model.config import PRESETS
from model.report import ABLATION, ablation_table

# What is changed -> the options of train.py that do it.
VARIANTS = {
    "as it is": [],
    "no critics": ["--adversarial-weight", "0"],
    "no VGG16": ["--perceptual-weight", "0", "--adversarial-weight", "0"],
    "squared error alone": ["--reconstruction", "mse", "--perceptual-weight", "0", "--adversarial-weight", "0",
                            "--alpha", "20"],
    "no lattice term": ["--lattice-weight", "0"],
    "with a texture term": ["--texture-weight", "0.25"],
    "no blurred input": ["--soften", "0"],
    "no jitter, no colour": ["--jitter", "0", "--colour", "0"],
    "no averaged weights": ["--ema-momentum", "0"],
    "beta x 10": ["--beta", "6e-4"],
    "beta / 10": ["--beta", "6e-6"],
}


def run(name: str, changes: list[str], options: argparse.Namespace, further: Sequence[str] = ()) -> dict | None:
    """Train one variant, or go on with it; returns its measures, or None if train.py refused (it has said why).

    Args:
        changes: options of train.py that make the variant.
        further: options of train.py that all variants have.
    Raises:
        ValueError: --out holds the variant as other options made it.
    """
    out = Path(options.out) / name.replace(" ", "-").replace(",", "").replace("/", "by")
    command = ["--data", options.data, "--preset", options.preset, "--minutes", str(options.minutes), "--resume",
               "--judge", options.judge, "--out", str(out)]  # fmt: skip
    for flag in ("cache", "init", "vgg16"):
        if getattr(options, flag):
            command += [f"--{flag}", getattr(options, flag)]
    command += [*further, *changes]
    note = out.with_name(f"{out.name}.command.json")
    if (out / "metrics.json").exists():
        made = json.loads(note.read_text(encoding="utf-8")) if note.exists() else None
        if made != command:
            raise ValueError(f"{out} was made with other options ({shlex.join(made) if made else 'not known which'}); "
                             "delete it, or choose another --out")
    else:
        refused = train.main(command)
        keras.utils.clear_session(free_memory=True)  # or each run would leave its graphs to the next
        if refused:
            return None
        note.write_text(json.dumps(command), encoding="utf-8")
    return json.loads((out / "metrics.json").read_text(encoding="utf-8"))


def enter(path: str, ablation: dict) -> None:
    """Put the measures into the model card of the bundle at `path`."""
    bundle = load_bundle(path)
    save_bundle(path, **{**bundle.parts, "metrics": {**bundle.metrics, "ablation": ablation}})


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ablation", description=__doc__.splitlines()[0],
                                     epilog="Any other option goes to train.py for every run.", allow_abbrev=False)
    parser.add_argument("--data", required=True, help="CelebA's folder")
    parser.add_argument("--judge", default="checkpoints/default", help="the bundle whose classifier judges")
    parser.add_argument("--minutes", type=float, default=10.0, help="of training for each variant")
    parser.add_argument("--preset", choices=PRESETS, default="default")
    parser.add_argument("--out", default="checkpoints/ablation", help="where the bundles go")
    parser.add_argument("--only", nargs="+", choices=VARIANTS, metavar="VARIANT",
                        help=f"some of: {'; '.join(VARIANTS)}")  # fmt: skip
    parser.add_argument("--init", metavar="BUNDLE", help="the bundle from which all go on, as for train.py")
    parser.add_argument("--cache", help="folder for decoded faces, as for train.py")
    parser.add_argument("--into", metavar="BUNDLE", help="write the table into this bundle's model card")
    parser.add_argument("--vgg16", help="VGG16 weights file, as for train.py")
    options, further = parser.parse_known_args(argv)
    measures = {}
    try:
        if options.into:
            bundle_hash(options.into)  # asked now, not after hours of training
        for name in options.only or VARIANTS:
            print(f"== {name}", flush=True)
            found = run(name, VARIANTS[name], options, further)
            if found is None:
                return 1
            measures[name] = {key: found[key] for key in ABLATION if key in found}
    except (ValueError, OSError) as error:
        print(f"benchmarks.ablation: {error}", file=sys.stderr)
        return 1
    print(f"\n{options.preset}, {options.minutes:g} minutes each\n\n{ablation_table(measures)}")
    if options.into:
        enter(options.into, {"preset": options.preset, "minutes": options.minutes, "init": options.init,
                             "options": shlex.join(further), "by_variant": measures})
    return 0


if __name__ == "__main__":
    sys.exit(main())
