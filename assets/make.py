"""`make assets`: the README's pictures, all of faces that the model drew. The same bundle gives the same pictures."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from app.editor import FaceEditor
from app.photo.animation import save_animation
from app.recipe import Recipe

FOLDER = Path(__file__).parent
SIZE = 192  # pixels a side, however small the model's squares are
# The moving picture's story: seeds of the drawn faces, and what happens to each before it turns into the next.
STORY = (
    (71, {"Smiling": 1.5}),
    (31, {"Young": -1.5}),
    (64, {"Eyeglasses": 1.5}),
)
EDIT_FRAMES, MORPH_FRAMES = 9, 16  # there, back, and on to the next face
FPS = 15
# The sheet of edits: one row of one face an attribute.
EDITED_SEED = 14
EDITED = ("Smiling", "Young", "Male", "Blond_Hair", "Bangs", "Pale_Skin")
STRENGTHS = (-2.0, -1.0, 0.0, 1.0, 2.0)
SAMPLES, SAMPLES_SEED, SAMPLES_COLUMNS = 24, 0, 8


def main() -> None:
    """Write morph.gif, edits.png and samples.png into this folder."""
    parser = argparse.ArgumentParser(prog="python -m assets.make", description=__doc__.splitlines()[0])
    parser.add_argument("--bundle", default="checkpoints/default", help="the model that draws")
    parser.add_argument("--out", type=Path, default=FOLDER, help="the folder to write into")
    options = parser.parse_args()
    editor = FaceEditor.load(options.bundle)
    save_animation(story(editor), options.out / "morph.gif", format="gif", fps=FPS, boomerang=False)
    sheet(edits(editor), len(STRENGTHS)).save(options.out / "edits.png", optimize=True)
    samples = editor.sample(SAMPLES, SAMPLES_SEED)
    sheet(samples, SAMPLES_COLUMNS).save(options.out / "samples.png", optimize=True)
    for name in ("morph.gif", "edits.png", "samples.png"):
        print(f"{(options.out / name).stat().st_size / 1000:8.0f} kB  {options.out / name}")


def story(editor: FaceEditor) -> list[Image.Image]:
    """The frames of the moving picture, a closed round: each face is edited and turns into the next."""
    recipes = [Recipe(set=strengths, seed=seed) for seed, strengths in STORY]
    opened = [editor.open_drawn(recipe) for recipe in recipes]
    frames = []
    for i, (face, recipe) in enumerate(zip(opened, recipes, strict=True)):
        there = editor.animate(face, recipe, frames=EDIT_FRAMES)
        following = opened[(i + 1) % len(opened)]
        frames += there + there[-2:0:-1] + editor.morph_opened(face, following, frames=MORPH_FRAMES)[:-1]
    return [frame.resize((SIZE, SIZE), Image.Resampling.LANCZOS) for frame in frames]


def edits(editor: FaceEditor) -> list[Image.Image]:
    """One drawn face with each attribute at each strength, row by row."""
    recipes = [Recipe(set={name: strength}, seed=EDITED_SEED)
               for name in EDITED for strength in STRENGTHS]
    face = editor.open_drawn(recipes[0])
    return [Image.fromarray(editor.preview(face, recipe)) for recipe in recipes]


def sheet(pictures: Sequence[Image.Image], columns: int) -> Image.Image:
    """Pictures of one size in rows of `columns`."""
    width, height = pictures[0].size
    whole = Image.new("RGB", (columns * width, -(-len(pictures) // columns) * height))
    for i, picture in enumerate(pictures):
        whole.paste(picture, (i % columns * width, i // columns * height))
    return whole


if __name__ == "__main__":
    main()
