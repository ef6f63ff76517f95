"""What each command does, once its arguments are checked: photo in, file or JSON out."""

import argparse
import contextlib
import io
import json
import math
import os
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from app.faces import describe_face
from app.photo.align import find_faces
from app.photo.animation import save_animation
from app.photo.open import PhotoError, open_photo
from app.photo.save import save_photo
from app.recipe import Recipe


def serve(options: argparse.Namespace) -> int:
    """The page, until it is stopped."""
    editor = _load(options)
    from app.ui.demo import serve as serve_page  # gradio is slow to import, and only the page needs it

    serve_page(editor, host=options.host, port=options.port)
    return 0


def reconstruct(options: argparse.Namespace) -> int:
    photo = _open(options.photo)
    save_picture(_load(options).reconstruct(photo, face=options.face or 0), options.output)
    return 0


def edit(options: argparse.Namespace) -> int:
    photo = _open(options.photo) if options.photo else None
    editor = _load(options)
    if photo is None:
        opened = [(editor.open_drawn(options.recipes[0]), options.recipes[0])]
    else:
        opened = editor.open_faces(photo, options.recipes)
    save_picture(editor.apply_faces(photo, opened), options.output)
    if options.receipt:
        receipts = [{"recipe": recipe.replace(bundle=editor.bundle.hash).to_dict(),
                     **editor.receipt(face, recipe).to_dict()} for face, recipe in opened]
        print(json.dumps(receipts if len(receipts) > 1 else receipts[0], indent=2))
    return 0


def sample(options: argparse.Namespace) -> int:
    pictures = _load(options).sample(options.count, seed=options.seed, temperature=options.temperature)
    save_picture(grid(pictures), options.output)
    return 0


def morph(options: argparse.Namespace) -> int:
    starts = [_drawn(text) or _open(text) for text in options.photos]
    editor = _load(options)
    opened = [editor.open_face(start) if isinstance(start, Image.Image) else editor.open_drawn(start)
              for start in starts]
    frames = editor.morph_opened(*opened, frames=options.frames, detail=options.detail, ease=options.ease)
    _save_animation(frames, options)
    return 0


def animate(options: argparse.Namespace) -> int:
    recipe = options.recipes[0]
    photo = _open(options.photo) if options.photo else None
    editor = _load(options)
    opened = editor.open_drawn(recipe) if photo is None else editor.open_face(photo, recipe.face)
    _save_animation(editor.animate(opened, recipe, frames=options.frames, ease=options.ease), options)
    return 0


def faces(options: argparse.Namespace) -> int:
    photo = _open(options.photo)
    with _quiet():  # the detector brings TensorFlow
        found = find_faces(photo)
    text = json.dumps([describe_face(face, number) for number, face in enumerate(found)], indent=2)
    if options.output is None:
        print(text)
    else:
        options.output.write_text(text + "\n", encoding="utf-8")
    return 0


def save_picture(image: Image.Image, path: Path) -> None:
    """Write a picture in the format of its suffix."""
    save_photo(image, path, path.suffix.lower().removeprefix("."))


def grid(pictures: list[Image.Image]) -> Image.Image:
    """Pictures of one size side by side, in about as many rows as columns."""
    columns = math.ceil(math.sqrt(len(pictures)))
    rows = math.ceil(len(pictures) / columns)
    width, height = pictures[0].size
    sheet = Image.new("RGB", (columns * width, rows * height), "white")
    for i, picture in enumerate(pictures):
        sheet.paste(picture, (i % columns * width, i // columns * height))
    return sheet


def _load(options: argparse.Namespace):
    with _quiet():
        from app.editor import FaceEditor  # TensorFlow: seconds, so only once everything else is right

    return FaceEditor.load(options.bundle)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Silence the process's standard error while TensorFlow is imported.

    It reports its build there before any setting of its own can stop it; Python's exceptions are not affected.
    """
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _open(path: str) -> Image.Image:
    """`open_photo` whose errors name the file: a command may have been given several."""
    try:
        return open_photo(path)
    except PhotoError as error:
        raise PhotoError(f"{path}: {error}") from None


def _drawn(text: str) -> Recipe | None:
    """The recipe of `seed:3`; None for the name of a photo."""
    return Recipe.from_query({"seed": text.removeprefix("seed:")}) if text.startswith("seed:") else None


def _save_animation(frames: list[Image.Image], options: argparse.Namespace) -> None:
    memory = io.BytesIO()
    kind = options.output.suffix.lower().removeprefix(".")
    save_animation(frames, memory, format=kind, fps=options.fps, boomerang=options.boomerang, hold=options.hold,
                   max_side=options.max_side)
    options.output.write_bytes(memory.getvalue())
