"""What each term of the objective buys: `python -m benchmarks.ablation --data CELEBA_DIR --judge DIR --minutes 10`.

Trains the preset once as it is and once without each term, for the same minutes on the same faces, then measures all by
one judge and prints them side by side. Each run is resumable and its bundle is kept in --out.
"""

import argparse
import json
import sys
from pathlib import Path

import train
from model.config import PRESETS
from model.report import ROWS

# What is taken away -> the options of train.py that do it.
VARIANTS = {
    "as it is": [],
    "no VGG16": ["--perceptual-weight", "0"],
    "VGG16 from the start": ["--perceptual-start", "0"],
    "squared error alone": ["--reconstruction", "mse", "--perceptual-weight", "0", "--alpha", "20"],
    "no blurred input": ["--soften", "0"],
    "no jitter, no colour": ["--jitter", "0", "--colour", "0"],
    "no averaged weights": ["--ema-momentum", "0"],
    "beta x 10": ["--beta", "6e-4"],
    "beta / 10": ["--beta", "6e-6"],
}
SHOWN = ("psnr_64", "ssim_64", "sharpness_64", "sharpness_128", "high_band_128", "attribute_agreement",
         "frechet_reconstruction", "frechet_fitted", "frechet_normal", "edit_success", "edit_others_flipped",
         "separation", "kl")  # fmt: skip


def run(name: str, changes: list[str], options: argparse.Namespace) -> dict | None:
    """Train one variant, or go on with it; returns its measures, or None if train.py refused (it has said why)."""
    out = Path(options.out) / name.replace(" ", "-").replace(",", "").replace("/", "by")
    if not (out / "metrics.json").exists():
        common = ["--data", options.data, "--preset", options.preset, "--minutes", str(options.minutes), "--resume",
                  "--judge", options.judge, "--out", str(out)]  # fmt: skip
        for flag in ("cache", "vgg16"):
            if getattr(options, flag):
                common += [f"--{flag}", getattr(options, flag)]
        if train.main([*common, *changes]):
            return None
    return json.loads((out / "metrics.json").read_text(encoding="utf-8"))


def table(measures: dict[str, dict]) -> str:
    """Markdown: a row a variant, a column a measure."""
    forms = {key: (label, form) for key, label, form in ROWS}
    shown = [key for key in SHOWN if any(key in found for found in measures.values())]
    lines = ["| | " + " | ".join(forms[key][0] for key in shown) + " |", "|---" * (len(shown) + 1) + "|"]
    for name, found in measures.items():
        cells = [forms[key][1].format(found[key]) if key in found else "" for key in shown]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ablation", description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="CelebA's folder")
    parser.add_argument("--judge", default="checkpoints/default", help="the bundle whose classifier judges")
    parser.add_argument("--minutes", type=float, default=10.0, help="of training for each variant")
    parser.add_argument("--preset", choices=PRESETS, default="default")
    parser.add_argument("--out", default="checkpoints/ablation", help="where the bundles go")
    parser.add_argument("--only", nargs="+", choices=VARIANTS, metavar="VARIANT",
                        help=f"some of: {'; '.join(VARIANTS)}")  # fmt: skip
    parser.add_argument("--cache", help="folder for decoded faces, as for train.py")
    parser.add_argument("--vgg16", help="VGG16 weights file, as for train.py")
    options = parser.parse_args(argv)
    measures = {}
    for name in options.only or VARIANTS:
        print(f"== {name}", flush=True)
        found = run(name, VARIANTS[name], options)
        if found is None:
            return 1
        measures[name] = found
    print(f"\n{options.preset}, {options.minutes:g} minutes each\n\n{table(measures)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
