"""What the Edit tab shows, as HTML: the stage, the meters, the found faces and the receipt. No handlers, no state."""

import re
from collections.abc import Mapping, Sequence
from html import escape

import numpy as np
from PIL import Image

from app.faces import OpenFace
from app.photo.align import FRAME_SIZE, to_photo
from app.photo.pixels import to_uint8
from app.receipt import Receipt
from app.recipe import Recipe
from app.ui.pictures import face_buttons, figure, img
from app.ui.text import (
    CLOSE,
    FACES_HINT,
    LABELS,
    NOTHING_ELSE,
    NOTHING_YET,
    RECEIPT_HINT,
    SUMMARY_HINT,
    WHOLE_ALT,
    label_of,
    preview_alt,
)

METER_LOW, METER_HIGH = -1.0, 2.0  # the two mean faces stand at a third and two thirds of the bar
WHOLE_SIDE = 1600  # pixels at most: a screen shows no more
ATTRIBUTE = re.compile(rf"\b(?:[A-Za-z0-9]+_\w+|{'|'.join(LABELS)})\b")  # a name as recipes have it, in a sentence


def stage(picture: np.ndarray, readings: Mapping[str, float], recipe: Recipe, link: str, face: str) -> str:
    """The edited face, and the sliders' meters with it: each output of a tick costs the browser a walk over the page.

    page.js watches the attributes: a new link goes into the address bar, and when neither it nor the face has changed
    for a moment, a drag has come to rest.
    """
    alt = preview_alt(dict(recipe.set))
    return (f'<div class="stage" data-query="{escape(link, quote=True)}" data-face="{escape(face, quote=True)}">'
            f'{img(picture, alt, "after")}{meters(readings)}</div>')


def stage_error(message: str) -> str:
    """In the preview's place: what went wrong, in a sentence."""
    return f'<div class="stage" role="alert"><p class="stage-error">{escape(message)}</p></div>'


def before(opened: OpenFace, photo_size: tuple[int, int] | None = None) -> str:
    """The unedited face, which page.js lays over the stage to compare; with what veils the parts outside the photo.

    photo_size: width and height of the photo that the face was found in.
    """
    shape = outline(opened.face.matrix, photo_size) if opened.face is not None and photo_size else ""
    veil = f"<style>#facet-stage{{--outside:polygon(evenodd,{shape})}}</style>" if shape else ""
    return img(_unedited(opened), "The face before the edit", "before") + veil


def outline(matrix: np.ndarray, photo_size: tuple[int, int]) -> str:
    """Around the face frame and around the photo in it, in per cent, as CSS writes a polygon; empty if it covers all.

    matrix: (2, 3) photo -> CelebA frame, whose pixels outside the photo are repeated borders.
    """
    width, height = photo_size
    photo = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float64) - 0.5
    frame = np.array([(0, 0), (1, 0), (1, 1), (0, 1)]) * FRAME_SIZE - 0.5
    matrix = np.asarray(matrix, np.float64)
    in_photo = to_photo(frame, matrix)  # the frame's corners
    if (in_photo >= -1).all() and (in_photo <= photo[2] + 1).all():
        return ""
    in_frame = (photo @ matrix[:, :2].T + matrix[:, 2] + 0.5) / FRAME_SIZE
    around = np.concatenate([[(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)], in_frame, in_frame[:1]])
    return ",".join(f"{100 * x:.2f}% {100 * y:.2f}%" for x, y in around)


def small(opened: OpenFace, caption: str) -> str:
    """The face as it is, small, with a caption."""
    return figure(_unedited(opened), caption)


def pair(opened: OpenFace) -> str:
    """The face of the photo and what the model makes of it, side by side; empty for a drawn face, which is both."""
    if opened.frame is None:
        return ""
    seen = to_uint8(opened.reconstruction)
    return f'<div class="pair">{figure(opened.frame, "Found in your photo")}{figure(seen, "What the model sees")}</div>'


def whole(photo: Image.Image) -> str:
    """The whole photo in a dialog, which page.js opens."""
    small = photo.copy()
    small.thumbnail((WHOLE_SIDE, WHOLE_SIDE))
    return (f'<dialog class="whole" aria-label="{WHOLE_ALT}"><form method="dialog"><button>{CLOSE}</button></form>'
            f"{img(small, WHOLE_ALT)}</dialog>")


def meters(readings: Mapping[str, float]) -> str:
    """Every attribute's reading as a CSS variable on its slider: 0 an empty bar, 1 a full one."""
    share = {name: (min(max(value, METER_LOW), METER_HIGH) - METER_LOW) / (METER_HIGH - METER_LOW)
             for name, value in readings.items()}
    rules = "".join(f"#slider-{escape(name)}{{--reading:{value:.3f}}}" for name, value in share.items())
    return f"<style>{rules}</style>"


def faces(thumbnails: Sequence[Image.Image], chosen: int) -> str:
    """The faces of a photo to choose from; empty where there is no choice."""
    if len(thumbnails) < 2:
        return ""
    labels = [f"Face {number + 1}" for number in range(len(thumbnails))]
    hint = escape(FACES_HINT.format(count=len(thumbnails)))
    return f"<p>{hint}</p>{face_buttons(thumbnails, labels, range(len(thumbnails)), chosen)}"


def warnings(texts: Sequence[str]) -> str:
    """Why an edit of this face may not come out as hoped, with the page's names of the attributes."""
    plain = (ATTRIBUTE.sub(lambda name: label_of(name[0]), text) for text in texts)
    return "".join(f'<p class="facet-warning">{escape(text)}</p>' for text in plain)


def receipt(found: Receipt, locked: Sequence[str]) -> str:
    """Asked and achieved, and the largest changes that nobody asked for with a button to lock each."""
    if not found.asked:
        return f"<p class='hint'>{NOTHING_YET}</p>"
    asked = "".join(
        f"<tr><th scope='row'>{escape(label_of(name))}</th><td>{_reached(found, name)}</td>"
        f"<td>{_bar(found.achieved[name])}</td></tr>" for name in found.asked)
    column = "reached" if found.achieved_units else "by"
    table = (f"<table><thead><tr><th scope='col'>Asked for</th><th scope='col'>{column}</th><th scope='col'>seen in "
             f"the face</th></tr></thead><tbody>{asked}</tbody></table>")
    note = f"<p class='hint'>{RECEIPT_HINT}</p>"
    if not found.unasked:
        return f"{table}<p class='hint'>{NOTHING_ELSE}</p>{note}"
    others = "".join(f"<tr><th scope='row'>{escape(label_of(name))}</th><td>{_lock(name, name in locked)}</td>"
                     f"<td>{_bar(change)}</td></tr>" for name, change in found.unasked)
    return (f"{table}<table><thead><tr><th scope='col'>Changed along with it</th><th scope='col'></th>"
            f"<th scope='col'></th></tr></thead><tbody>{others}</tbody></table>{note}")


def summary(found: Receipt) -> str:
    """The receipt in one line, a button that leads to it; empty where nothing was asked and there is no warning."""
    parts = [f"<b>{escape(label_of(name))}</b> {_reached(found, name)}" for name in list(found.asked)[:2]]
    if parts and found.unasked:
        name, change = found.unasked[0]
        parts.append(f"also <b>{escape(label_of(name))}</b> {100 * change:+.0f} points")
    if found.warnings:
        parts.insert(0, "<b>1 warning</b>" if len(found.warnings) == 1 else f"<b>{len(found.warnings)} warnings</b>")
    if not parts:
        return ""
    return f'<button type="button" class="facet-summary" title="{SUMMARY_HINT}">{" · ".join(parts)}</button>'


def _reached(found: Receipt, name: str) -> str:
    """Slider units reached of those asked, where the model tells how many logits a unit is."""
    asked = f"{found.asked[name]:+.2f}"
    return f"{found.achieved_units[name]:+.2f} of {asked}" if name in found.achieved_units else asked


def _unedited(opened: OpenFace) -> np.ndarray:
    return opened.frame if opened.frame is not None else to_uint8(opened.reconstruction)


def _bar(change: float) -> str:
    """A change of probability, -1 to 1, as a bar and a number of percentage points."""
    side = "gain" if change >= 0 else "loss"
    return (f'<span class="change {side}" style="--share:{min(abs(change), 1):.2f}"></span>'
            f'<span class="points">{100 * change:+.0f} points</span>')


def _lock(name: str, locked: bool) -> str:
    if locked:
        return "locked"
    label = escape(f"Lock {label_of(name)}", quote=True)
    return f'<button type="button" class="lock-button" data-value="{escape(name)}" aria-label="{label}">Lock</button>'
