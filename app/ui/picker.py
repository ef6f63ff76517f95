"""Where a face comes from: a photo (file, webcam, clipboard), a face that the model drew, or a new random one."""

import os
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path

import gradio as gr
from gradio.utils import get_upload_folder

from app.ui.errors import warned
from app.ui.pictures import SEND_VALUE, face_buttons
from app.ui.queues import FACES, PHOTOS
from app.ui.subject import Subjects
from app.ui.text import ADDRESS_REFUSED, NO_UPLOAD, RANDOM, SAMPLES_HINT, UPLOAD_HINT

EXAMPLE_SEEDS = (71, 31, 64, 7, 5, 83, 50, 59, 76, 14)  # chosen by eye, of the model that ships: faces of all sorts
HEIGHT = 128  # pixels of the upload's box: as high as the drawn faces and the line above them
SEED_CHOICES = 1_000_000  # random faces to draw; few enough that a person can type the seed


def example_strip(subjects: Subjects) -> str:
    """The drawn faces to start from, as buttons that carry their seeds."""
    pictures = [subjects.editor.sample(1, seed)[0] for seed in EXAMPLE_SEEDS]
    return face_buttons(pictures, [f"Drawn face {i + 1}" for i in range(len(pictures))], EXAMPLE_SEEDS)


def upload_path(file: dict | None) -> str:
    """The uploaded file of a raw FileData value; ValueError if there is none.

    Gradio looks where a path leads only in a value that calls itself a file: any picture of this machine would open for
    who leaves that word out.
    """
    path = file.get("path") if isinstance(file, dict) else None
    if not path or not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(get_upload_folder())):
        raise ValueError(NO_UPLOAD)
    return path


def refuse_addresses(component: gr.components.Component) -> None:
    """Make a file component refuse what Gradio would fetch for a caller: addresses in place of uploaded files."""
    move = component.async_move_resource_to_block_cache

    async def move_local(source):
        if "://" in str(source):
            raise gr.Error(ADDRESS_REFUSED, print_exception=False)
        return await move(source)

    component.async_move_resource_to_block_cache = move_local


class FacePicker:
    """Builds the ways to a face, where it is made.

    Args:
        subjects: opens what was picked.
        strip: HTML of `example_strip`, made once for every picker.
        name: distinguishes the pickers of one page.
    """

    def __init__(self, subjects: Subjects, strip: str, name: str, label: str):
        self._subjects = subjects
        with gr.Row(elem_classes="facet-picker"):
            self.upload = gr.Image(sources=["upload", "webcam", "clipboard"], type="filepath", label=label,
                                   show_label=False, placeholder=UPLOAD_HINT, elem_id=f"{name}-upload",
                                   elem_classes="facet-upload", buttons=[], height=HEIGHT, scale=2, min_width=240)
            with gr.Column(scale=3, min_width=240, elem_classes="facet-samples"):
                with gr.Row(elem_classes="facet-samples-head"):
                    gr.HTML(f"<p>{SAMPLES_HINT}</p>", padding=False)
                    self.random = gr.Button(RANDOM, size="sm", elem_id=f"{name}-random", elem_classes="facet-random")
                self.samples = gr.HTML(strip, elem_id=f"{name}-samples", js_on_load=SEND_VALUE, padding=False)
        refuse_addresses(self.upload)

    def wire(self, on_open: Callable[..., dict], inputs: Sequence[gr.components.Component],
             outputs: Sequence[gr.components.Component], place: gr.components.Component) -> None:
        """Call `on_open(subject, *values of inputs)` with every subject that is picked.

        `place` shows the progress. It is one component, since Gradio, at every later event of the page, sets the status
        of all that ever showed one: forty sliders among them made each tick slower by half.
        """

        def open_upload(file, *values):
            if not file:  # taken away again: the face stays
                return gr.skip()
            return on_open(self._subjects.from_photo(upload_path(file)), *values)

        def open_sample(event: gr.EventData, *values):
            drawn = self._subjects.from_seed(int(event.value))
            return {**on_open(drawn, *values), self.upload: None}

        def open_random(*values):
            drawn = self._subjects.from_seed(secrets.randbelow(SEED_CHOICES))
            return {**on_open(drawn, *values), self.upload: None}

        options = {"outputs": [*outputs, self.upload], "api_visibility": "private", "show_progress": "full",
                   "show_progress_on": place}
        # Unprocessed: the file goes to app/photo/open.py as it came, and its errors reach the person.
        # What cannot be opened does not stay in the box, as if its face were the one in hand.
        self.upload.input(warned(open_upload, {self.upload: None}), [self.upload, *inputs], preprocess=False,
                          **PHOTOS, **options)
        self.samples.click(warned(open_sample), list(inputs), **FACES, **options)
        self.random.click(warned(open_random), list(inputs), **FACES, **options)
