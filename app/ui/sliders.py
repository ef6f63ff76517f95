"""The panel: presets, and a slider with a lock and a reset for each attribute, in accordions by part of the face.

It is one component, not a hundred and twenty: Gradio walks over all components of a page several times an event, which
took the browser longer than the server needed for the picture.
"""

import json
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

import gradio as gr

from app.recipe import STRENGTH_LIMIT, Recipe
from app.ui.text import (
    DETAIL_INFO,
    DETAIL_LABEL,
    GROUPS,
    LABELS,
    OPEN_GROUPS,
    PANEL_HINT,
    PRESETS,
    PRESETS_LABEL,
    SLIDER_INFO,
    UNRELIABLE,
    UNRELIABLE_INFO,
    label_of,
)

STEP = 0.05
SCRIPT = Path(__file__).parent / "panel.js"


class AttributeSliders:
    """Builds the panel where it is made, inside a Blocks context.

    component: the one component; its value is what `read` takes and `write` gives.
    """

    def __init__(self, names: Sequence[str], reliable: Sequence[bool]):
        self.names = tuple(names)
        weak = {name for name, good in zip(names, reliable, strict=True) if not good}
        # The template stays empty, so that a new value does not draw the panel anew; panel.js fills it once.
        self.component = gr.HTML(self.write(Recipe()), html_template="", js_on_load=SCRIPT.read_text(encoding="utf-8"),
                                 markup=_markup(self.names, weak), apply_default_css=False, elem_id="facet-controls")

    def read(self, value: object) -> Recipe:
        """The recipe of the panel's raw value; what lies outside a slider's range counts as its end."""
        value = value if isinstance(value, dict) else {}
        strengths, locks = value.get("set"), value.get("keep")
        strengths = strengths if isinstance(strengths, dict) else {}
        locks = locks if isinstance(locks, list) else []
        return Recipe(
            set={name: _clamp(strengths.get(name), -STRENGTH_LIMIT, STRENGTH_LIMIT, 0.0) for name in self.names},
            keep=tuple(name for name in self.names if name in locks),
            detail=_clamp(value.get("detail"), 0.0, 1.0, 1.0),
        )

    @staticmethod
    def write(recipe: Recipe) -> dict:
        """The panel's value for a handler to return: every slider and lock as the recipe has it."""
        return {"set": dict(recipe.set), "keep": list(recipe.keep), "detail": recipe.detail}


def _markup(names: Sequence[str], weak: set[str]) -> str:
    """The panel as HTML."""
    presets = "".join(_preset(title, strengths) for title, strengths in PRESETS.items() if {*strengths} <= {*names})
    top = (f'<div class="facet-presets" role="group" aria-label="{escape(PRESETS_LABEL, quote=True)}">{presets}</div>'
           f"<p class='hint'>{PANEL_HINT}</p>")
    detail = f'<div class="facet-group">{_slider("facet-detail", "", DETAIL_LABEL, DETAIL_INFO, 0, 1)}</div>'
    groups = "".join(
        f'<details class="facet-group"{" open" if title in OPEN_GROUPS else ""}><summary><span>{escape(title)}</span>'
        '<span class="facet-count"></span></summary>'
        f'<div class="facet-rows">{"".join(_row(name, name in weak) for name in members)}</div></details>'
        for title, members in _groups(names))
    return top + groups + detail


def _preset(title: str, strengths: dict[str, float]) -> str:
    """A button that sets these sliders, or takes them back; panel.js shows whether it is on."""
    return (f'<button type="button" class="facet-preset" aria-pressed="false" '
            f'data-set="{escape(json.dumps(strengths), quote=True)}">{escape(title)}</button>')


def _groups(names: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    for title, members in GROUPS.items():
        present = [name for name in members if name in names]
        if present:
            yield title, present
    others = [name for name in names if name not in LABELS]
    if others:
        yield "More", others


def _row(name: str, weak: bool) -> str:
    label, key = escape(label_of(name), quote=True), escape(name, quote=True)
    info = SLIDER_INFO.format(name=name) + (UNRELIABLE_INFO if weak else "")
    slider = _slider(f"slider-{name}", name, label_of(name) + (UNRELIABLE if weak else ""), info, -STRENGTH_LIMIT,
                     STRENGTH_LIMIT)
    return (f'<div class="facet-row">{slider}<div class="facet-lock" id="lock-{key}"><label><span>Lock {label}</span>'
            f'<input type="checkbox" data-attribute="{key}" title="Lock {label}"></label></div>'
            f'<button type="button" class="facet-reset-one" id="reset-{key}" data-attribute="{key}" '
            f'aria-label="Reset {label}" title="Reset {label}"></button></div>')


def _slider(elem_id: str, name: str, label: str, info: str, low: float, high: float) -> str:
    elem_id, name, label, info = (escape(text, quote=True) for text in (elem_id, name, label, info))
    ends = f'min="{low:g}" max="{high:g}" step="{STEP:g}" value="0"'
    return (f'<div class="facet-slider" id="{elem_id}" data-attribute="{name}"><div class="head">'
            f'<label for="{elem_id}-range">{label}<span class="info-text" id="{elem_id}-info">{info}</span></label>'
            f'<input type="number" {ends} aria-label="{label}, as a number"></div>'
            f'<input type="range" class="facet-rail" {ends} id="{elem_id}-range" aria-label="{label}" '
            f'aria-describedby="{elem_id}-info"></div>')


def _clamp(value, low: float, high: float, otherwise: float) -> float:
    """A raw value as the browser sends it, within the slider's range; `otherwise` where it is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        return otherwise
    return float(min(max(value, low), high))
