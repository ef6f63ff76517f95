"""Finished files to download, in Gradio's own cache, which clears them away by age."""

import secrets
from pathlib import Path

import gradio as gr
from PIL import Image

PICTURE_FORMATS = {"PNG": (".png", {}), "JPEG": (".jpg", {"quality": 95, "subsampling": 0})}
ANIMATION_FORMATS = {"GIF": ".gif", "WebP": ".webp", "MP4": ".mp4"}


def new_path(component: gr.components.Component, name: str) -> Path:
    """A path of that file name which nobody can guess, where the component may serve it from."""
    folder = Path(component.GRADIO_CACHE) / secrets.token_hex(16)
    folder.mkdir(parents=True)
    return folder / name


def save_picture(picture: Image.Image, component: gr.components.Component, kind: str) -> str:
    """Write a picture for download, "PNG" or "JPEG", and return its path.

    Only pixels are written: none of the photo's place, time or comments.
    """
    if kind not in PICTURE_FORMATS:
        raise ValueError(f"There is no format {kind!r} to download; choose {' or '.join(PICTURE_FORMATS)}.")
    suffix, options = PICTURE_FORMATS[kind]
    path = new_path(component, f"facet{suffix}")
    Image.frombytes(picture.mode, picture.size, picture.tobytes()).save(path, format=kind, **options)
    return str(path)
