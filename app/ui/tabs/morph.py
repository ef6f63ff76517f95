"""The Morph tab: one face turned into another, or through several in a row, to scrub, watch and keep."""

from collections.abc import Iterator

import gradio as gr

from app.ui import view
from app.ui.errors import warned
from app.ui.picker import EXAMPLE_SEEDS, FacePicker
from app.ui.player import EMPTY, AnimationOptions, player, write_animation
from app.ui.queues import ANIMATIONS
from app.ui.subject import Subject, Subjects
from app.ui.text import DETAIL_LABEL, MORPH_DETAIL, MORPH_HINT, MORPH_PLACE

SIDES = ("From", "To", "Then to", "And to")  # what the faces in a row are called
FEWEST = 2


class MorphTab:
    """Builds the tab where it is made, with two drawn faces, so that the first click already morphs."""

    def __init__(self, subjects: Subjects, strip: str):
        self._subjects = subjects
        gr.HTML(f"<p class='hint'>{MORPH_HINT}</p>", padding=False)
        self._columns: list[gr.Column] = []
        self.count = gr.State(FEWEST)  # of the faces in the row
        with gr.Row(elem_classes="facet-sides"):
            states = [self._side(strip, i) for i in range(len(SIDES))]
        with gr.Row(elem_classes=["facet-tools", "facet-small"]):
            self.more = gr.Button("Add a face", size="sm", elem_id="morph-more", min_width=90)
            self.fewer = gr.Button("Remove the last", size="sm", interactive=False, elem_id="morph-fewer", min_width=90)
        with gr.Row(elem_classes="facet-tools"):
            self.run = gr.Button("Morph", variant="primary", elem_id="morph-run", min_width=90)
            self.cancel = gr.Button("Cancel", interactive=False, elem_id="morph-cancel", min_width=90)
            self.file = gr.DownloadButton("Download", interactive=False, elem_id="morph-file", min_width=90)
        self.result = gr.HTML(EMPTY.format(text=MORPH_PLACE), padding=False, elem_id="morph-result")
        with gr.Accordion("Speed, length and file", open=False, elem_id="morph-options"):
            self.options = AnimationOptions("morph", frames=30)
            self.detail = gr.Slider(0, 1, 1, step=0.05, label=DETAIL_LABEL, buttons=[], elem_id="morph-detail",
                                    info=MORPH_DETAIL)
        outputs = [self.result, self.file, self.cancel]
        running = self.run.click(warned(self.morph), [self.count, *states, *self.options.inputs, self.detail], outputs,
                                 api_visibility="private", show_progress_on=self.result, **ANIMATIONS)
        at_once = {"queue": False, "api_visibility": "private", "show_progress": "hidden"}
        self.cancel.click(lambda: gr.update(interactive=False), None, self.cancel, cancels=running, **at_once)
        row = [self.count, self.more, self.fewer, *self._columns]
        self.more.click(lambda count: self._row(count + 1), self.count, row, **at_once)
        self.fewer.click(lambda count: self._row(count - 1), self.count, row, **at_once)

    def _side(self, strip: str, i: int) -> gr.State:
        name, label = f"morph-{'abcd'[i]}", SIDES[i]
        first = self._subjects.shared(self._subjects.from_seed(EXAMPLE_SEEDS[1 + i]))
        with gr.Column(min_width=300, elem_classes="facet-side", visible=i < FEWEST) as column:
            state = gr.State(first, delete_callback=self._subjects.forget)
            face = gr.HTML(self._chosen(first, label), padding=False, elem_id=f"{name}-face",
                           elem_classes="chosen-face")
            picker = FacePicker(self._subjects, strip, name, label)
        self._columns.append(column)
        picker.wire(lambda subject: {state: subject, face: self._chosen(subject, label)}, [], [state, face], face)
        return state

    def _row(self, count: int) -> list:
        """So many faces in the row, as updates of the count, the two buttons and the columns."""
        count = min(max(count, FEWEST), len(SIDES))
        columns = [gr.update(visible=i < count) for i in range(len(SIDES))]
        return [count, gr.update(interactive=count < len(SIDES)), gr.update(interactive=count > FEWEST), *columns]

    def _chosen(self, subject: Subject, label: str) -> str:
        return view.small(self._subjects.opened(subject), label)

    def morph(self, count: int, a: Subject, b: Subject, c: Subject, d: Subject, frames: int, ease: bool, fps: int,
              kind: str, boomerang: bool, hold: float, size: str, detail: float,
              progress=gr.Progress()) -> Iterator[tuple]:  # noqa: B008 Gradio's own way to ask for one
        """The player, then the file. A generator, so that Cancel takes hold between its steps."""
        off, on = gr.update(interactive=False), gr.update(interactive=True)
        yield gr.skip(), off, on
        try:
            progress(0.05, "Opening the faces")
            opened = [self._subjects.opened(subject) for subject in (a, b, c, d)[:count]]
            progress(0.2, "Drawing the frames")
            pictures = self._subjects.editor.morph_opened(*opened, frames=int(frames), detail=detail, ease=ease)
            yield player(pictures, fps, boomerang, hold, "The morph"), off, on
            progress(0.7, f"Writing the {kind}")
            path = write_animation(pictures, self.file, "morph", fps, kind, boomerang, hold, size)
        except Exception:
            yield gr.skip(), off, off
            raise
        yield gr.skip(), gr.update(value=path, interactive=True, label=f"Download {kind}"), off
