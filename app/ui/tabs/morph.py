"""The Morph tab: one face turned into another, to scrub, watch and keep."""

from collections.abc import Iterator

import gradio as gr

from app.ui import view
from app.ui.errors import warned
from app.ui.picker import EXAMPLE_SEED, EXAMPLE_TEMPERATURE, FacePicker
from app.ui.player import AnimationOptions, player, write_animation
from app.ui.subject import Subject, Subjects
from app.ui.text import MORPH_DETAIL, MORPH_HINT


class MorphTab:
    """Builds the tab where it is made, with two drawn faces, so that the first click already morphs."""

    def __init__(self, subjects: Subjects, strip: str):
        self._subjects = subjects
        gr.HTML(f"<p class='hint'>{MORPH_HINT}</p>", padding=False)
        with gr.Row(elem_classes="facet-sides"):
            states = [self._side(strip, name, label, EXAMPLE_SEED + i)
                      for i, (name, label) in enumerate((("morph-a", "From"), ("morph-b", "To")), start=1)]
        with gr.Row(elem_classes="facet-tools"):
            self.run = gr.Button("Morph", variant="primary", elem_id="morph-run", min_width=90)
            self.cancel = gr.Button("Cancel", interactive=False, elem_id="morph-cancel", min_width=90)
            self.file = gr.DownloadButton("Download", interactive=False, elem_id="morph-file", min_width=90)
        self.result = gr.HTML(padding=False, elem_id="morph-result", min_height=40)
        with gr.Accordion("Speed, length and file", open=False, elem_id="morph-options"):
            self.options = AnimationOptions("morph", frames=30)
            self.detail = gr.Slider(0, 1, 1, step=0.05, label="Photo detail", buttons=[], elem_id="morph-detail",
                                    info=MORPH_DETAIL)
        outputs = [self.result, self.file, self.cancel]
        running = self.run.click(warned(self.morph), [*states, *self.options.inputs, self.detail], outputs,
                                 api_visibility="private", concurrency_limit=1, concurrency_id="animation",
                                 show_progress_on=self.result)
        self.cancel.click(lambda: gr.update(interactive=False), None, self.cancel, cancels=running, queue=False,
                          api_visibility="private")

    def _side(self, strip: str, name: str, label: str, seed: int) -> gr.State:
        first = self._subjects.from_seed(seed, EXAMPLE_TEMPERATURE)
        with gr.Column(min_width=300, elem_classes="facet-side"):
            state = gr.State(first, delete_callback=self._subjects.forget)
            face = gr.HTML(self._chosen(first, label), padding=False, elem_id=f"{name}-face",
                           elem_classes="chosen-face")
            picker = FacePicker(self._subjects, strip, name, label)
        picker.wire(lambda subject: {state: subject, face: self._chosen(subject, label)}, [], [state, face], face)
        return state

    def _chosen(self, subject: Subject, label: str) -> str:
        return view.small(self._subjects.opened(subject), label)

    def morph(self, a: Subject, b: Subject, frames: int, ease: bool, fps: int, kind: str, boomerang: bool, hold: float,
              detail: float, progress=gr.Progress()) -> Iterator[tuple]:  # noqa: B008 Gradio's own way to ask for one
        """The player, then the file. A generator, so that Cancel takes hold between its steps."""
        off, on = gr.update(interactive=False), gr.update(interactive=True)
        yield gr.skip(), off, on
        try:
            progress(0.05, "Opening both faces")
            opened = [self._subjects.opened(subject) for subject in (a, b)]
            progress(0.2, "Drawing the frames")
            pictures = self._subjects.editor.morph_opened(*opened, frames=int(frames), detail=detail, ease=ease)
            yield player(pictures, fps, boomerang, "The morph"), off, on
            progress(0.7, f"Writing the {kind}")
            path = write_animation(pictures, self.file, "morph", fps, kind, boomerang, hold)
        except Exception:
            yield gr.skip(), off, off
            raise
        yield gr.skip(), gr.update(value=path, interactive=True, label=f"Download {kind}"), off
