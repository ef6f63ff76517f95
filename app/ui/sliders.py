"""The panel of attribute sliders: one row each with a lock and a reset, in accordions by part of the face."""

from collections.abc import Iterator, Sequence

import gradio as gr

from app.recipe import STRENGTH_LIMIT, Recipe
from app.ui.text import GROUPS, LABELS, OPEN_GROUPS, SLIDER_INFO, UNRELIABLE, UNRELIABLE_INFO, label_of

STEP = 0.05


class AttributeSliders:
    """Builds the panel where it is made, inside a Blocks context.

    detail: the slider of photo against model.
    sliders, locks, resets: attribute -> component.
    controls: all that a recipe is read from, in the order that `read` takes their values.
    """

    def __init__(self, names: Sequence[str], reliable: Sequence[bool]):
        self.names = tuple(names)
        self.sliders: dict[str, gr.Slider] = {}
        self.locks: dict[str, gr.Checkbox] = {}
        self.resets: dict[str, gr.Button] = {}
        weak = {name for name, good in zip(names, reliable, strict=True) if not good}
        for title, members in self._groups():
            with gr.Accordion(title, open=title in OPEN_GROUPS, elem_classes="facet-group"):
                for name in members:
                    self._row(name, name in weak)
        self.detail = gr.Slider(
            0, 1, 1, step=0.05, label="Photo detail", buttons=[], elem_id="facet-detail", elem_classes="facet-slider",
            info="1 keeps the photo's own pixels; 0 shows what the model itself believes.")
        self.controls = [self.detail, *(self.sliders[name] for name in self.names),
                         *(self.locks[name] for name in self.names)]

    def read(self, values: Sequence) -> Recipe:
        """The recipe of the controls' raw values; what lies outside a slider's range counts as its end."""
        detail, strengths, locks = values[0], values[1: 1 + len(self.names)], values[1 + len(self.names):]
        return Recipe(
            set={name: _clamp(value, -STRENGTH_LIMIT, STRENGTH_LIMIT, 0.0)
                 for name, value in zip(self.names, strengths, strict=True)},
            keep=tuple(name for name, locked in zip(self.names, locks, strict=True) if locked),
            detail=_clamp(detail, 0.0, 1.0, 1.0),
        )

    def write(self, recipe: Recipe) -> dict:
        """Component -> value, for a handler to return: every control as the recipe has it."""
        return {
            self.detail: recipe.detail,
            **{self.sliders[name]: recipe.set.get(name, 0.0) for name in self.names},
            **{self.locks[name]: name in recipe.keep for name in self.names},
        }

    def _groups(self) -> Iterator[tuple[str, list[str]]]:
        for title, members in GROUPS.items():
            present = [name for name in members if name in self.names]
            if present:
                yield title, present
        others = [name for name in self.names if name not in LABELS]
        if others:
            yield "More", others

    def _row(self, name: str, weak: bool) -> None:
        label = label_of(name)
        info = SLIDER_INFO.format(name=name) + (UNRELIABLE_INFO if weak else "")
        with gr.Row(elem_classes="facet-row", equal_height=False):
            self.sliders[name] = gr.Slider(
                -STRENGTH_LIMIT, STRENGTH_LIMIT, 0, step=STEP, label=label + (UNRELIABLE if weak else ""), info=info,
                buttons=[], elem_id=f"slider-{name}", elem_classes="facet-slider", scale=1, min_width=120)
            self.locks[name] = gr.Checkbox(False, label=f"Lock {label}", container=False, scale=0, min_width=32,
                                           elem_id=f"lock-{name}", elem_classes="facet-lock")
            self.resets[name] = gr.Button(f"Reset {label}", scale=0, min_width=32, size="sm",
                                          elem_id=f"reset-{name}", elem_classes="facet-reset-one")


def _clamp(value, low: float, high: float, otherwise: float) -> float:
    """A raw value as the browser sends it, within the slider's range; `otherwise` where it is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        return otherwise
    return float(min(max(value, low), high))
