"""The Morph tab: one face turned into another, to scrub, watch and keep."""

from collections.abc import Iterator

import gradio as gr

from app.ui.errors import shown
from app.ui.picker import FacePicker
from app.ui.player import AnimationOptions, player, write_animation
from app.ui.subject import Subject, Subjects
from app.ui.text import MORPH_HINT, NEEDS_TWO
from app.ui.view import before


class MorphTab:
    """Builds the tab where it is made."""

    def __init__(self, subjects: Subjects, strip: str):
        self._subjects = subjects
        gr.HTML(f"<p class='hint'>{MORPH_HINT}</p>", padding=False)
        with gr.Row(elem_classes="facet-sides"):
            self.sides = [self._side(strip, name, label) for name, label in (("morph-a", "From"), ("morph-b", "To"))]
        self.options = AnimationOptions("morph", frames=30)
        self.detail = gr.Slider(0, 1, 1, step=0.05, label="Photo detail", buttons=[], elem_id="morph-detail",
                                info="1 keeps the photos' own pixels; 0 shows what the model itself believes.")
        with gr.Row(elem_classes="facet-tools"):
            self.run = gr.Button("Morph", variant="primary", elem_id="morph-run", min_width=120)
            self.cancel = gr.Button("Cancel", elem_id="morph-cancel", min_width=120)
            self.file = gr.DownloadButton("Download", interactive=False, elem_id="morph-file", min_width=120)
        self.result = gr.HTML(padding=False, elem_id="morph-result", min_height=60)

        states = [state for state, _ in self.sides]
        running = self.run.click(shown(self.morph), [*states, *self.options.inputs, self.detail],
                                 [self.result, self.file], api_visibility="private", concurrency_limit=1,
                                 concurrency_id="animation", show_progress_on=self.result)
        self.cancel.click(None, cancels=running, api_visibility="private")

    def _side(self, strip: str, name: str, label: str) -> tuple[gr.State, gr.HTML]:
        with gr.Column(min_width=300, elem_classes="facet-side"):
            state = gr.State(None, delete_callback=self._subjects.forget)
            face = gr.HTML(f"<div class='empty-face'>{label}</div>", padding=False, elem_id=f"{name}-face",
                           elem_classes="chosen-face")
            picker = FacePicker(self._subjects, strip, name, label)

            def opened(subject: Subject) -> dict:
                return {state: subject, face: before(self._subjects.opened(subject))}

            picker.wire(opened, [], [state, face])
        return state, face

    def morph(self, a: Subject | None, b: Subject | None, frames: int, fps: int, kind: str, boomerang: bool,
              detail: float, progress=gr.Progress()) -> Iterator[tuple]:  # noqa: B008 Gradio's own way to ask for one
        """The player and the file. A generator, so that Cancel takes hold between its steps."""
        if a is None or b is None:
            raise ValueError(NEEDS_TWO)
        progress(0.05, "Opening both faces")
        opened = [self._subjects.opened(subject) for subject in (a, b)]
        yield gr.skip(), gr.update(interactive=False)
        progress(0.2, "Drawing the frames")
        pictures = self._subjects.editor.morph_opened(*opened, frames=int(frames), detail=detail)
        yield player(pictures, fps, boomerang, "The morph"), gr.skip()
        progress(0.7, f"Writing the {kind}")
        path = write_animation(pictures, self.file, "morph", kind, fps, boomerang)
        yield gr.skip(), gr.update(value=path, interactive=True, label=f"Download {kind}")
