"""What the Edit tab shows, as HTML: the stage, the meters, the found faces and the receipt. No handlers, no state."""

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np
from PIL import Image

from app.faces import OpenFace
from app.receipt import Receipt
from app.recipe import Recipe
from app.ui.pictures import face_buttons, figure, from_unit, img
from app.ui.text import FACES_HINT, label_of, preview_alt

METER_LOW, METER_HIGH = -1.0, 2.0  # the two mean faces stand at a third and two thirds of the bar

NOTHING_YET = "<p class='hint'>Nothing is changed yet.</p>"


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


def before(opened: OpenFace) -> str:
    """The unedited face, which page.js lays over the stage to compare."""
    return img(_unedited(opened), "The face before the edit", "before")


def small(opened: OpenFace, caption: str) -> str:
    """The face as it is, small, with a caption."""
    return figure(_unedited(opened), caption)


def pair(opened: OpenFace) -> str:
    """The face of the photo and what the model makes of it, side by side."""
    seen = from_unit(opened.reconstruction)
    if opened.frame is None:
        return f'<div class="pair">{figure(seen, "Drawn by the model")}</div>'
    return f'<div class="pair">{figure(opened.frame, "Found in your photo")}{figure(seen, "What the model sees")}</div>'


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


def receipt(found: Receipt, locked: Sequence[str]) -> str:
    """Asked and achieved, the largest changes that nobody asked for with a button to lock each, and warnings."""
    warnings = "".join(f'<p class="warning">{escape(text)}</p>' for text in found.warnings)
    if not found.asked:
        return warnings + NOTHING_YET
    asked = "".join(
        f"<tr><th scope='row'>{escape(label_of(name))}</th><td>{_reached(found, name)}</td>"
        f"<td>{_bar(found.achieved[name])}</td></tr>" for name in found.asked)
    column = "reached" if found.achieved_units else "by"
    table = (f"<table><thead><tr><th scope='col'>Asked for</th><th scope='col'>{column}</th><th scope='col'>seen by "
             f"the classifier</th></tr></thead><tbody>{asked}</tbody></table>")
    if not found.unasked:
        return f"{warnings}{table}<p class='hint'>Nothing else changed noticeably.</p>"
    others = "".join(f"<tr><th scope='row'>{escape(label_of(name))}</th><td>{_lock(name, name in locked)}</td>"
                     f"<td>{_bar(change)}</td></tr>" for name, change in found.unasked)
    return (f"{warnings}{table}<table><thead><tr><th scope='col'>Changed along with it</th><th scope='col'></th>"
            f"<th scope='col'></th></tr></thead><tbody>{others}</tbody></table>")


def _reached(found: Receipt, name: str) -> str:
    """Slider units reached of those asked, where the model tells how many logits a unit is."""
    asked = f"{found.asked[name]:+.2f}"
    return f"{found.achieved_units[name]:+.2f} of {asked}" if name in found.achieved_units else asked


def _unedited(opened: OpenFace) -> np.ndarray:
    return opened.frame if opened.frame is not None else from_unit(opened.reconstruction)


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
