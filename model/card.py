"""The model card: README.md of a bundle, with the front matter that the Hugging Face Hub reads, and its picture."""

import io
from collections.abc import Mapping
from numbers import Real

import keras
from keras import ops
from PIL import Image

from model.config import ModelConfig
from model.inference import reencoder
from model.latents import Latents
from model.preprocessing import to_uint8
from model.prior import FlowPrior
from model.report import COLUMNS, EXPLANATION, ROWS, ablation_table

SAMPLE_GRID = (8, 3)  # columns and rows of samples.png

_FRONT_MATTER = """\
---
license: other
license_name: celeba-non-commercial
license_link: https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html
library_name: keras
pipeline_tag: image-to-image
tags:
- keras
- variational-autoencoder
- face-editing
- celeba
- facet
---
"""

_USE = """\
## Use

```python
from model.bundle import load_bundle
b = load_bundle("checkpoints/{name}")   # or "hf://owner/name@revision"
z = b.encode(images)                    # float32 in [0, 1], (B, {size}, {size}, 3) -> (B, {dim})
z = b.latents.edit(z, {{"Smiling": 1.0}}, keep=("Young",))
x = b.decode(z)
```

It belongs to Facet, which holds the architecture; nothing in this folder is code. The files are checked against the
SHA-256 hashes in `config.json` before they are used: change one, this card included, and the bundle no longer loads.

## Intended use

To play with, to teach and to study what a variational autoencoder learns: reconstruct a face, move it along attribute
directions, draw faces of nobody, morph one into another. Show it photos of people who agree to that.

Not for: identifying people, judging a person by the attribute readings, passing off an edited picture as a
photograph, or any commercial purpose.

## Limits and bias

- It knows upright, frontal, aligned faces. Profiles, hands and microphones before the face, hats and sunglasses, and
  children come out badly.
- Reconstructions guess what a code cannot hold, strands of hair, jewellery, lettering, and are not always the same
  person.
- CelebA shows celebrities: mostly young, light-skinned, made up, photographed at events. Others are
  reconstructed worse, and edits drift towards that look.
- The 40 attributes are one annotator's yes or no. `Attractive`, `Male`, `Young` or `Big_Nose` are what that label
  meant in that data, correlated as that data is; they are not facts about a person.
"""

_ABLATION = """\
## What each term buys

The preset `{preset}` as it is and without each of its terms, each trained for {minutes:g} minutes from {start} on the
same faces and measured by one judge (`python -m benchmarks.ablation --data CELEBA_DIR --minutes {minutes:g}{option}`):

{table}
"""

_LICENCE = """\
## Licence

The weights were trained on [CelebA](https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html) (Liu et al., Deep Learning Face
Attributes in the Wild, ICCV 2015), whose terms allow non-commercial research only; the same goes for these weights. No
photo of CelebA is in this folder: `samples.png` shows faces that the model drew. The code is under the MIT licence.
"""


def model_card(name: str, config: ModelConfig, about: Mapping, metrics: Mapping, latents: Latents) -> str:
    """The card's text in Markdown.

    Args:
        name: of the bundle.
        about: what it was trained on, for how long, with what: nested dictionaries of plain values.
        metrics: numbers by name, and `by_attribute`, dictionaries of them: what `model.evaluate` returns.
        latents: for the attributes that are marked as unreliable.
    """
    weak = [attribute for attribute, reliable in zip(latents.names, latents.reliable, strict=True) if not reliable]
    marked = ", ".join(f"`{attribute}`" for attribute in weak) or "none"
    parts = [
        _FRONT_MATTER,
        f"# Facet: {name}\n\nA variational autoencoder of faces: {config.image_size} x {config.image_size} pixels to "
        f"{config.latent_dim} numbers and back, with directions for {len(latents.names)} attributes.\n\n"
        "![faces that it drew](samples.png)\n",
        _USE.format(name=name, size=config.image_size, dim=config.latent_dim),
        f"Attributes with too few labelled faces to trust their direction: {marked}.\n",
        "## How it was trained\n\n" + _list(about),
        "Architecture: " + ", ".join(f"{key} {_show(value)}" for key, value in config.to_dict().items()) + ".\n",
        "## Measures\n\n" + (_tables(metrics) or "None were taken.\n"),
        *([_ablation(**metrics["ablation"])] if "ablation" in metrics else []),
        _LICENCE,
    ]
    return "\n".join(parts)


def _ablation(preset: str, minutes: float, by_variant: Mapping, init: str | None = None, options: str = "") -> str:
    """The section on what each term buys; `init` is the bundle from which all went on, `options` those of all runs."""
    start = f"the weights of `{init}`" if init else "nothing"
    option = (f" --init {init}" if init else "") + (f" {options}" if options else "")
    return _ABLATION.format(preset=preset, minutes=minutes, start=start, option=option,
                            table=ablation_table(by_variant))  # fmt: skip


def _list(values: Mapping, indent: str = "") -> str:
    lines = ""
    for key, value in values.items():
        nested = isinstance(value, Mapping)
        lines += f"{indent}- {_plain(key)}:" + ("\n" + _list(value, indent + "  ") if nested else f" {_show(value)}\n")
    return lines


def _tables(metrics: Mapping) -> str:
    """The measures of model/report.py in its words and order, then other numbers, then those of each attribute."""
    known = {name: (label, form) for name, label, form in ROWS}
    numbers = [name for name in known if name in metrics] + [name for name in metrics if name not in known]
    rows = []
    for name in numbers:
        if isinstance(metrics[name], Real):
            label, form = known.get(name, (_plain(name), "{:.4g}"))
            rows.append((label, form.format(metrics[name])))
    by_attribute = metrics.get("by_attribute", {})
    names = list(dict.fromkeys(name for key, _ in COLUMNS for name in by_attribute.get(key, ())))
    attributes = []
    for name in names:
        cells = (by_attribute.get(key, {}).get(name) for key, _ in COLUMNS)
        attributes.append((name, *("-" if cell is None else f"{cell:.3f}" for cell in cells)))
    text = _table(("measure", "value"), rows)
    if attributes:
        table = _table(("attribute", *(heading for _, heading in COLUMNS)), attributes)
        text += f"\n{table}\n{EXPLANATION}\n"
    return text


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows] if rows else []
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def _plain(key: str) -> str:
    """A key as text, without what Markdown would take for its own."""
    return str(key).replace("_", " ").replace("|", "/").replace("\n", " ")


def _show(value) -> str:
    if isinstance(value, Real) and not isinstance(value, bool | int):
        return f"{value:.4g}"
    if isinstance(value, list | tuple):
        return ", ".join(map(_show, value))
    return str(value).replace("|", "/").replace("\n", " ")


def sample_grid(encoder: keras.Model, decoder: keras.Model, prior: FlowPrior) -> bytes:
    """samples.png: faces drawn from the prior, always with the same seeds."""
    columns, rows = SAMPLE_GRID
    z = prior.sample(columns * rows, seed=0, reencode=reencoder(encoder, decoder))
    faces = ops.convert_to_numpy(decoder(z, training=False))
    _, height, width, _ = faces.shape
    grid = faces.reshape(rows, columns, height, width, 3).swapaxes(1, 2).reshape(rows * height, columns * width, 3)
    packed = io.BytesIO()
    Image.fromarray(to_uint8(grid)).save(packed, "PNG")
    return packed.getvalue()
