"""Compare bundles: one table of measures, by one judge, and grids of drawn faces, one recipe on all.

    python -m model.compare A B [...] --data CELEBA_DIR --out DIR [--judge BUNDLE] [--set Smiling=1.5] [--faces N]

Writes comparison.md, measures.json and the pictures that comparison.md shows into DIR. No photo is in any of them: the
faces are drawn by the first bundle, so name a good one first.
"""

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np

from model.bundle import Bundle, load_bundle
from model.data import CelebA
from model.disentanglement import separated_attribute_predictability
from model.evaluate import Judge, add_measuring_options, evaluate
from model.grids import direction_grid, edit_grid, morph_grid, samples_grid
from model.inference import in_chunks
from model.preprocessing import to_float
from model.report import ROWS
from model.strengths import parse_strength

RECIPE = {"Smiling": 1.5}  # unless --set says otherwise
VECTOR = "Male"  # added to and subtracted from faces
LABELLED = 4000  # faces, at most, that SAP looks at: the gap between the two best of hundreds of dimensions is small
# Facts and measures beside those of an evaluation, in the form of report.ROWS.
FACTS = (
    ("image_size", "image size", "{:d} px"),
    ("latent_dim", "latent dimensions", "{:d}"),
    ("beta", "beta in training", "{:g}"),
    ("minutes", "trained for", "{:.0f} minutes"),
)
SAP = (("sap", "disentanglement (SAP; Kumar et al. 2018)", "{:.4f}"),)


def measure(bundle: Bundle, data: CelebA, *, judge: Judge, seed: int = 0, **options) -> dict:
    """What `evaluate` measures, with SAP and the bundle's FACTS as far as they are known.

    Args:
        options: `split`, `faces` and `edit_faces` of `evaluate`.
    """
    result = evaluate(bundle, data, judge=judge, seed=seed, **options)
    result |= {"bundle": bundle.hash, "image_size": bundle.config.image_size, "latent_dim": bundle.config.latent_dim}
    known = {"beta": bundle.about.get("train_config", {}).get("beta"), "minutes": bundle.about.get("minutes")}
    result |= {name: value for name, value in known.items() if value is not None}
    sap = disentanglement(bundle, data, seed)
    by_attribute = {name: float(v) for name, v in zip(bundle.latents.names, sap, strict=True) if np.isfinite(v)}
    if by_attribute:
        result["sap"] = float(np.mean(list(by_attribute.values())))
        result["by_attribute"]["sap"] = by_attribute
    return result


def disentanglement(bundle: Bundle, data: CelebA, seed: int = 0) -> np.ndarray:
    """SAP of each attribute (K,), NaN where there are too few labels.

    On labelled faces of all splits: the gap needs many faces, and no label taught the VAE anything.
    """
    images = data.images(bundle.config.image_size)
    rows = np.sort(np.random.default_rng(seed).permutation(data.rows(labelled=True))[:LABELLED])
    if len(rows) == 0:
        return np.full(len(bundle.latents.names), np.nan)
    z_mean = in_chunks(lambda part: bundle.encode(to_float(images[part])), rows)
    return separated_attribute_predictability(z_mean, data.labels[rows])


def comparison_table(results: Mapping[str, Mapping]) -> str:
    """Results of `measure` by name as a Markdown table, a column each; "-" for what a bundle does not have."""
    rows = [f"| | {' | '.join(results)} |", f"|---|{'---|' * len(results)}"]
    for key, label, form in (*FACTS, *ROWS, *SAP):
        if any(key in result for result in results.values()):
            cells = (form.format(result[key]) if key in result else "-" for result in results.values())
            rows.append(f"| {label} | {' | '.join(cells)} |")
    return "\n".join(rows)


def write_grids(
    bundles: Mapping[str, Bundle], out: Path, strengths: Mapping[str, float], keep: Sequence[str] = (), seed: int = 0
) -> dict[str, str]:
    """Draw all grids into the folder `out`: caption by file name."""
    recipe = ", ".join(f"{name} {strength:+g}" for name, strength in strengths.items())
    held = f", {', '.join(keep)} kept" if keep else ""
    grids = {
        "samples.png": ("New faces, fitted prior", samples_grid(bundles, seed=seed)),
        "samples-normal.png": ("New faces, N(0, I)", samples_grid(bundles, seed=seed, prior="normal")),
        "edits.png": (f"Each face and the same face with {recipe}{held}",
                      edit_grid(bundles, strengths, keep, seed=seed)),
        "vector.png": (f"{VECTOR} vector subtracted, face, added", direction_grid(bundles, VECTOR, seed=seed)),
        "morph.png": ("From one face to another", morph_grid(bundles, seed=seed)),
    }  # fmt: skip
    for name, (_, picture) in grids.items():
        picture.save(out / name, optimize=True)
    return {name: caption for name, (caption, _) in grids.items()}


def write_comparison(
    bundles: Mapping[str, Bundle],
    data: CelebA,
    out: Path,
    *,
    judge: Judge,
    strengths: Mapping[str, float] = RECIPE,
    keep: Sequence[str] = (),
    seed: int = 0,
    **options,
) -> str:
    """Measure and draw all bundles, write everything into the folder `out`, and return the table.

    Args:
        judge: of all bundles.
        strengths, keep: the recipe, as in `Latents.edit`.
        options: see `measure`.
    Raises:
        ValueError: a recipe that a bundle does not know, or no faces. OSError: the folder cannot be written.
    """
    out.mkdir(parents=True, exist_ok=True)
    # The pictures first: a recipe that a bundle does not know must not cost an evaluation.
    captions, results = write_grids(bundles, out, strengths, keep, seed), {}
    for name, bundle in bundles.items():
        print(f"measuring {name}", file=sys.stderr, flush=True)
        results[name] = measure(bundle, data, judge=judge, seed=seed, **options)
    table = comparison_table(results)
    first = next(iter(results.values()))
    heading = f"{first['faces']} faces of {first['split']}, one judge, seed {seed}"
    pictures = "\n\n".join(f"{caption}:\n\n![{caption}]({name})" for name, caption in captions.items())
    (out / "comparison.md").write_text(f"{heading}\n\n{table}\n\n{pictures}\n", encoding="utf-8")
    measures = json.dumps(results, indent=2, allow_nan=False)
    (out / "measures.json").write_text(measures + "\n", encoding="utf-8")
    return f"{heading}\n\n{table}"


def load_all(sources: Sequence[str]) -> dict[str, Bundle]:
    """Bundles by the shortest name that tells them apart: the folder's, or the whole source.

    Raises ValueError (BundleError) for one that cannot be loaded or is given twice.
    """
    short = [Path(source).name for source in sources]
    names = short if len(set(short)) == len(short) else list(sources)
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{name} is given twice: name different bundles")
    return {name: load_bundle(source) for name, source in zip(names, sources, strict=True)}


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m model.compare", description=__doc__.splitlines()[0])
    parser.add_argument("bundles", nargs="+", metavar="BUNDLE", help="a folder, or hf://owner/name; two or more")
    parser.add_argument("--data", required=True, help="CelebA's folder")
    parser.add_argument("--out", required=True, type=Path, help="the folder to write into")
    parser.add_argument("--judge", metavar="BUNDLE", help="whose classifier judges all (default: the first bundle's)")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=STRENGTH",
                        help="the recipe's moves; may be repeated (default Smiling=1.5)")  # fmt: skip
    parser.add_argument("--keep", action="append", default=[], metavar="NAME", help="held; may be repeated")
    add_measuring_options(parser)
    options = parser.parse_args(argv)
    try:
        if len(options.bundles) < 2:
            raise ValueError("name two or more bundles to compare")
        strengths = dict(map(parse_strength, options.set)) or RECIPE
        bundles = load_all(options.bundles)
        judging = load_bundle(options.judge) if options.judge else next(iter(bundles.values()))
        table = write_comparison(
            bundles, CelebA(options.data, cache=options.cache), options.out, judge=Judge(judging.classifier),
            strengths=strengths, keep=options.keep, seed=options.seed, split=options.split, faces=options.faces,
            edit_faces=options.edit_faces,
        )  # fmt: skip
    except (ValueError, OSError) as error:
        print(f"model.compare: {error}", file=sys.stderr)
        return 1
    print(f"{table}\n\nwrote {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
