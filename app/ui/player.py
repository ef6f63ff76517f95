"""An animation in the page: options, the file, and a player whose frames a slider scrubs without asking the server."""

from collections.abc import Sequence
from html import escape

import gradio as gr
from PIL import Image

from app.photo.animation import save_animation
from app.ui.errors import warned
from app.ui.files import ANIMATION_FORMATS, new_path
from app.ui.pictures import data_uri
from app.ui.queues import ANIMATIONS
from app.ui.sliders import AttributeSliders
from app.ui.subject import Subject, Subjects
from app.ui.text import ANIMATE_TITLE, ANIMATION_PLACE, NOTHING_TO_ANIMATE

PLAYER_HEIGHT = 400  # pixels: a phone shows no more, and 60 frames stay near a megabyte
PLAYER_QUALITY = 80
SIZES = {"Small": 240, "Medium": 400, "Full": None}  # the file's longer side in pixels; None as the frames are
PAIR_FRAMES = 120  # per pair; more than two seconds of 60 a second nobody needs of one change
EMPTY = '<div class="player-empty"><p>{text}</p></div>'  # where an animation will be; its progress shows there


class AnimationOptions:
    """The controls of an animation, made where it is made.

    inputs: their components: frames and ease for the editor, then fps, format, boomerang, hold and size for
        `write_animation`.
    """

    def __init__(self, name: str, frames: int = 30):
        with gr.Row(elem_classes="facet-options"):
            self.frames = gr.Slider(4, PAIR_FRAMES, frames, step=1, label="Frames", buttons=[],
                                    elem_id=f"{name}-frames", min_width=140)
            self.fps = gr.Slider(5, 40, 20, step=1, label="Frames a second", buttons=[], elem_id=f"{name}-fps",
                                 min_width=140)
            self.format = gr.Radio(list(ANIMATION_FORMATS), value="GIF", label="File", elem_id=f"{name}-format",
                                   min_width=280)
            self.boomerang = gr.Checkbox(True, label="There and back", elem_id=f"{name}-boomerang", min_width=140)
            self.ease = gr.Checkbox(True, label="Start and stop gently", elem_id=f"{name}-ease", min_width=140)
            self.hold = gr.Slider(0, 2, 0.3, step=0.1, label="Rest at the ends, seconds", buttons=[],
                                  elem_id=f"{name}-hold", min_width=140)
            self.size = gr.Radio(list(SIZES), value="Full", label="Size of the file", elem_id=f"{name}-size",
                                 min_width=240)
        self.inputs = [self.frames, self.ease, self.fps, self.format, self.boomerang, self.hold, self.size]


class AnimatePanel:
    """The part of the Edit tab that grows an edit from nothing; builds its accordion where it is made.

    outputs: the player and the file; `cleared` gives what they show while there is no animation.
    """

    def __init__(self, subjects: Subjects, subject: gr.State, panel: AttributeSliders):
        self._subjects, self._panel = subjects, panel
        with gr.Accordion(ANIMATE_TITLE, open=False, elem_id="facet-animate"):
            self.options = AnimationOptions("animate")
            with gr.Row(elem_classes="facet-tools"):
                self.run = gr.Button("Animate", variant="primary", elem_id="facet-animate-run", min_width=120)
                self.file = gr.DownloadButton("Download animation", interactive=False, min_width=120,
                                              elem_id="facet-animation-file")
            self.place = gr.HTML(EMPTY.format(text=ANIMATION_PLACE), padding=False, elem_id="facet-animation")
        self.outputs = [self.place, self.file]
        self.run.click(warned(self.animated), [subject, panel.component, *self.options.inputs], self.outputs,
                       api_visibility="private", preprocess=False, show_progress_on=self.place, **ANIMATIONS)

    def cleared(self) -> dict:
        """Another face is in hand, so the animation of the last one goes."""
        return {self.place: EMPTY.format(text=ANIMATION_PLACE), self.file: gr.update(value=None, interactive=False)}

    def animated(self, subject: Subject, controls: dict, frames: int, ease: bool, fps: int, kind: str, boomerang: bool,
                 hold: float, size: str, progress=gr.Progress()) -> tuple:  # noqa: B008 Gradio's own way to ask
        recipe = subject.complete(self._panel.read(controls))
        if not recipe.set:
            raise ValueError(NOTHING_TO_ANIMATE)
        progress(0.1, "Drawing the frames")
        pictures = self._subjects.editor.animate(self._subjects.opened(subject), recipe, frames=int(frames), ease=ease)
        progress(0.7, f"Writing the {kind}")
        path = write_animation(pictures, self.file, "edit", fps, kind, boomerang, hold, size)
        return (player(pictures, fps, boomerang, hold, "The edit, grown and taken back"),
                gr.update(value=path, interactive=True))


def write_animation(frames: Sequence[Image.Image], component: gr.components.Component, name: str, fps: float, kind: str,
                    boomerang: bool, hold: float = 0.0, size: str = "Full") -> str:
    """Write the frames into a file for download, and return its path; `kind` is a key of ANIMATION_FORMATS."""
    if kind not in ANIMATION_FORMATS:
        raise ValueError(f"There is no format {kind!r}; choose {', '.join(ANIMATION_FORMATS)}.")
    if size not in SIZES:
        raise ValueError(f"There is no size {size!r}; choose {', '.join(SIZES)}.")
    path = new_path(component, f"facet-{name}{ANIMATION_FORMATS[kind]}")
    with open(path, "wb") as file:
        save_animation(frames, file, format=kind.lower(), fps=fps, boomerang=boomerang, hold=hold,
                       max_side=SIZES[size])
    return str(path)


def player(frames: Sequence[Image.Image], fps: float, boomerang: bool, hold: float, label: str) -> str:
    """The frames with a scrub slider and a play button; page.js moves them (`.player`), as the file of them plays."""
    pictures = "".join(f'<img src="{data_uri(_small(frame), PLAYER_QUALITY)}" alt="">' for frame in frames)
    label = escape(label, quote=True)
    return (f'<div class="player" data-fps="{fps:g}" data-boomerang="{str(bool(boomerang)).lower()}" '
            f'data-hold="{hold:g}">'
            f'<div class="frames" role="img" aria-label="{label}">{pictures}</div>'
            '<div class="player-bar"><button type="button" class="play" aria-label="Play or pause">Play</button>'
            f'<input type="range" class="facet-rail scrub" min="0" max="{len(frames) - 1}" step="1" value="0" '
            'aria-label="Frame"></div></div>')


def _small(frame: Image.Image) -> Image.Image:
    if frame.height <= PLAYER_HEIGHT:
        return frame
    return frame.resize((round(frame.width * PLAYER_HEIGHT / frame.height), PLAYER_HEIGHT), Image.Resampling.LANCZOS)
