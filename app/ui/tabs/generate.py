"""The Generate tab: faces that nobody has, drawn from the fitted prior; a click opens one in the Edit tab."""

import secrets

import gradio as gr

from app.recipe import SEED_LIMIT, TEMPERATURE_LIMIT
from app.ui.errors import warned
from app.ui.picker import SEED_CHOICES
from app.ui.pictures import SEND_VALUE, face_buttons
from app.ui.queues import FACES, GALLERIES
from app.ui.subject import Subject, Subjects
from app.ui.tabs.edit import EditTab
from app.ui.text import DRAW, GALLERY_HINT, SEED_INFO, VARIETY, VARIETY_INFO

GALLERY_FACES = 24  # at most: two rows on a wide screen, and a second's drawing


class GenerateTab:
    """Builds the tab where it is made."""

    def __init__(self, subjects: Subjects, edit: EditTab, tabs: gr.Tabs):
        self._subjects, self._edit, self._tabs = subjects, edit, tabs
        with gr.Row(elem_classes="facet-options"):
            self.seed = gr.Number(0, label="Seed", info=SEED_INFO, precision=0, minimum=0, maximum=SEED_LIMIT,
                                  elem_id="generate-seed", min_width=130)
            self.count = gr.Slider(1, GALLERY_FACES, 12, step=1, label="How many", buttons=[], elem_id="generate-count",
                                   min_width=160)
            self.temperature = gr.Slider(
                0, TEMPERATURE_LIMIT, 1, step=0.05, label=VARIETY, buttons=[], elem_id="generate-temperature",
                info=VARIETY_INFO, min_width=160)
        with gr.Row(elem_classes=["facet-tools", "facet-small"]):
            self.draw = gr.Button(DRAW, variant="primary", elem_id="generate-draw", min_width=140)
            gr.HTML(f"<p class='hint'>{GALLERY_HINT}</p>", padding=False)
        self.gallery = gr.HTML(self.pictures(0, 12, 1.0), js_on_load=SEND_VALUE, padding=False,
                               elem_id="generate-gallery")

        numbers = [self.seed, self.count, self.temperature]
        options = {"api_visibility": "private", "show_progress": "minimal"}
        gr.on([number.input for number in numbers], warned(self.pictures), numbers, self.gallery,
              trigger_mode="always_last", **GALLERIES, **options)
        self.draw.click(warned(self.others), [self.count, self.temperature], [self.seed, self.gallery],
                        show_progress_on=self.gallery, **GALLERIES, **options)
        self.gallery.click(warned(self.open), [edit.subject, edit.panel.component],
                           [*edit.outputs, tabs], show_progress_on=self.gallery, **FACES, **options)

    def pictures(self, seed: float | None, count: float, temperature: float) -> str:
        """The faces of seed, seed + 1 ... as buttons that carry seed and temperature."""
        seed, count = int(seed or 0), int(count)
        faces = self._subjects.editor.sample(count, seed=seed, temperature=temperature)
        seeds = [(seed + i) % (SEED_LIMIT + 1) for i in range(count)]
        return face_buttons(faces, [f"Edit the face of seed {one}" for one in seeds],
                            [f"{one}:{temperature!r}" for one in seeds])

    def others(self, count: float, temperature: float) -> tuple:
        seed = secrets.randbelow(SEED_CHOICES)
        return seed, self.pictures(seed, count, temperature)

    def open(self, event: gr.EventData, subject: Subject, controls: dict) -> dict:
        """Edit the clicked face, as it was drawn, whatever the temperature slider says by now."""
        seed, _, temperature = str(event.value).partition(":")
        opened = self._subjects.from_seed(int(seed), float(temperature))
        return {**self._edit.opened(opened, subject, controls), self._tabs: gr.Tabs(selected="edit")}
