"""Pictures as the page shows them: inline JPEGs in HTML, with words for those who cannot see them."""

import base64
from collections.abc import Iterable, Sequence
from html import escape

import numpy as np
from PIL import Image

from app.photo.pixels import to_jpeg

PREVIEW_QUALITY = 88  # a tick's JPEG: about 40 kB, no artefact that shows at this size


def data_uri(picture: Image.Image | np.ndarray, quality: int = PREVIEW_QUALITY) -> str:
    """A picture, PIL or (H, W, 3) uint8, as a JPEG in a data: address, without metadata."""
    pixels = np.asarray(picture.convert("RGB")) if isinstance(picture, Image.Image) else picture
    return "data:image/jpeg;base64," + base64.b64encode(to_jpeg(pixels, quality)).decode()


def img(picture: Image.Image | np.ndarray, alt: str, css: str = "") -> str:
    """An <img> with the picture inside it."""
    size = (picture.width, picture.height) if isinstance(picture, Image.Image) else (picture.shape[1], picture.shape[0])
    return (f'<img class="{css}" src="{data_uri(picture)}" alt="{escape(alt, quote=True)}" width="{size[0]}" '
            f'height="{size[1]}" draggable="false">')


def figure(picture: Image.Image | np.ndarray, caption: str) -> str:
    """A captioned picture."""
    return f"<figure>{img(picture, caption)}<figcaption>{escape(caption)}</figcaption></figure>"


def face_buttons(pictures: Iterable[Image.Image | np.ndarray], labels: Sequence[str], values: Sequence[int | str],
                 chosen: int | str | None = None) -> str:
    """A row of pictures to click; each is a button that carries its value to the server.

    Args:
        labels: what each button is called.
        values: what a click sends.
        chosen: the value whose button is pressed, if any.
    """
    buttons = [
        f'<button type="button" class="face-button" data-value="{escape(str(value), quote=True)}" '
        f'aria-label="{escape(label, quote=True)}" title="{escape(label, quote=True)}" '
        f'aria-pressed="{str(value == chosen).lower()}">{img(picture, "")}</button>'
        for picture, label, value in zip(pictures, labels, values, strict=True)
    ]
    return f'<div class="face-row">{"".join(buttons)}</div>'


# For gr.HTML(js_on_load=...): a click on any button with data-value becomes the component's click event.
SEND_VALUE = """
element.addEventListener("click", event => {
    const button = event.target.closest("[data-value]");
    if (button && element.contains(button)) trigger("click", {value: button.dataset.value});
});
"""
