"""Finished files to download, in Gradio's own cache, which clears them away by age."""

import secrets
from pathlib import Path

import gradio as gr
from PIL import Image

from app.photo.save import save_photo

PICTURE_FORMATS = {"PNG": ".png", "JPEG": ".jpg"}
ANIMATION_FORMATS = {"GIF": ".gif", "WebP": ".webp", "MP4": ".mp4"}


def new_path(component: gr.components.Component, name: str) -> Path:
    """A path of that file name which nobody can guess, where the component may serve it from."""
    folder = Path(component.GRADIO_CACHE) / secrets.token_hex(16)
    folder.mkdir(parents=True)
    return folder / name


def save_picture(picture: Image.Image, component: gr.components.Component, kind: str) -> str:
    """Write a picture for download, "PNG" or "JPEG", and return its path.

    Pixels and their colour profile are written: none of the photo's place, time or comments.
    """
    if kind not in PICTURE_FORMATS:
        raise ValueError(f"There is no format {kind!r} to download; choose {' or '.join(PICTURE_FORMATS)}.")
    path = new_path(component, f"facet{PICTURE_FORMATS[kind]}")
    save_photo(picture, path, kind.lower())
    return str(path)
