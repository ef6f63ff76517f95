"""Picture grids that show several bundles side by side: one row each, of drawn faces only.

Faces to edit are drawn by the first bundle and encoded by each, so that all of them work on the same faces.
"""

from collections.abc import Collection, Mapping

import numpy as np
from PIL import Image, ImageDraw

from model.bundle import Bundle
from model.metrics import resize
from model.preprocessing import to_uint8

GAP = 4  # pixels between two groups of faces
LABEL_HEIGHT = 16  # pixels for a row's name, in Pillow's own font
BACKGROUND, INK = (255, 255, 255), (40, 40, 40)
MORPH_STEPS = 8
# Times the plain centroid vector, as the notebooks that this grew from add and subtract it.
VECTOR_STEPS = (-1.0, 0.0, 1.0)


def samples_grid(bundles: Mapping[str, Bundle], faces: int = 8, seed: int = 0, prior: str = "fitted") -> Image.Image:
    """New faces from each bundle at the same seed; prior as in `Bundle.sample`."""
    rows = {name: bundle.decode(bundle.sample(faces, seed=seed, prior=prior)) for name, bundle in bundles.items()}
    return labelled_rows({name: [x] for name, x in rows.items()})


def edit_grid(
    bundles: Mapping[str, Bundle],
    strengths: Mapping[str, float],
    keep: Collection[str] = (),
    faces: int = 4,
    seed: int = 0,
) -> Image.Image:
    """One recipe on the same faces: of each the bundle's reconstruction, then the edited one.

    Raises ValueError for an attribute that a bundle does not know; strengths and keep as in `Latents.edit`.
    """
    drawn, rows = _drawn(bundles, faces, seed), {}
    for name, bundle in bundles.items():
        z = _encoded(bundle, drawn)
        pairs = np.stack([bundle.decode(z), bundle.decode(bundle.latents.edit(z, strengths, keep))], axis=1)
        rows[name] = list(pairs)  # faces times (2, S, S, 3)
    return labelled_rows({"drawn": [face[None].repeat(2, axis=0) for face in drawn], **rows})


def direction_grid(
    bundles: Mapping[str, Bundle], attribute: str = "Male", faces: int = 3, seed: int = 0
) -> Image.Image:
    """The plain centroid vector subtracted from the same faces, not at all, and added (see VECTOR_STEPS)."""
    drawn, rows = _drawn(bundles, faces, seed), {}
    for name, bundle in bundles.items():
        if attribute not in bundle.latents.names:
            raise ValueError(f"{name} knows no attribute {attribute!r}")
        direction = bundle.latents.between_centroids[bundle.latents.names.index(attribute)].astype(np.float32)
        z = _encoded(bundle, drawn)
        rows[name] = list(np.stack([bundle.decode(z + step * direction) for step in VECTOR_STEPS], axis=1))
    return labelled_rows(rows)


def morph_grid(bundles: Mapping[str, Bundle], steps: int = MORPH_STEPS, seed: int = 0) -> Image.Image:
    """From one drawn face to another in equal steps along the line between their codes."""
    drawn, rows = _drawn(bundles, 2, seed), {}
    t = np.linspace(0, 1, steps, dtype=np.float32)[:, None]
    for name, bundle in bundles.items():
        first, last = _encoded(bundle, drawn)
        rows[name] = [bundle.decode((1 - t) * first + t * last)]
    return labelled_rows(rows)


def _drawn(bundles: Mapping[str, Bundle], faces: int, seed: int) -> np.ndarray:
    first = next(iter(bundles.values()))
    return first.decode(first.sample(faces, seed=seed))  # (faces, S, S, 3)


def _encoded(bundle: Bundle, faces: np.ndarray) -> np.ndarray:
    return bundle.encode(resize(faces, bundle.config.image_size))  # (faces, D)


def labelled_rows(rows: Mapping[str, list[np.ndarray]]) -> Image.Image:
    """One row a name, under it; each array (n, S, S, 3) in [0, 1] is a group of faces, with a gap before the next.

    Every row has the same groups; faces of smaller models are enlarged to the largest side without smoothing.
    """
    side = max(group.shape[1] for groups in rows.values() for group in groups)
    lengths = [len(group) for group in next(iter(rows.values()))]
    width = side * sum(lengths) + GAP * (len(lengths) - 1)
    sheet = Image.new("RGB", (width, (side + LABEL_HEIGHT) * len(rows)), BACKGROUND)
    draw, top = ImageDraw.Draw(sheet), 0
    for name, groups in rows.items():
        draw.text((2, top + 1), name, fill=INK)
        left, top = 0, top + LABEL_HEIGHT
        for group in groups:
            for face in to_uint8(group):
                sheet.paste(Image.fromarray(face).resize((side, side), Image.Resampling.NEAREST), (left, top))
                left += side
            left += GAP
        top += side
    return sheet
