"""The Edit tab: a face, forty sliders, and what came of them."""

from collections.abc import Callable
from functools import partial, wraps

import gradio as gr

from app.recipe import Recipe
from app.ui import view
from app.ui.errors import sentence, warned
from app.ui.files import PICTURE_FORMATS, save_picture
from app.ui.history import History
from app.ui.picker import FacePicker
from app.ui.pictures import SEND_VALUE
from app.ui.player import AnimationOptions, player, write_animation
from app.ui.queues import ANIMATIONS, DOWNLOADS, FACES
from app.ui.sliders import AttributeSliders
from app.ui.subject import Subject, Subjects
from app.ui.text import COMPARE, METER_HINT, NOTHING_TO_ANIMATE, PRESETS, UPLOAD_LABEL

# Past the queue and its waiting sign; raw values, because a handler that fails in Gradio's own checks is lost.
AT_ONCE = {"api_visibility": "private", "show_progress": "hidden", "queue": False, "preprocess": False}


class EditTab:
    """Builds the tab where it is made; `opened` and `outputs` let other tabs open a face in it."""

    def __init__(self, subjects: Subjects, strip: str, first: Subject):
        self._subjects, self._editor = subjects, subjects.editor
        self.subject = gr.State(first, delete_callback=subjects.forget)
        self.picker = FacePicker(subjects, strip, "edit", UPLOAD_LABEL)
        with gr.Row(elem_id="facet-editor"):
            with gr.Column(scale=4, min_width=300, elem_id="facet-left"):
                self._build_stage(first)
            with gr.Column(scale=6, min_width=300, elem_id="facet-right"):
                self._build_controls()
        self.outputs = [self.subject, self.before, self.pair, self.faces, self.animation, self.stage,
                        self.panel.component]
        self._wire()

    def _build_stage(self, first: Subject) -> None:
        opened = self._subjects.opened(first)
        with gr.Column(elem_id="facet-sticky"):
            with gr.Column(elem_id="facet-stage"):
                picture, readings = self._editor.preview(opened, Recipe()), self._editor.readings(opened, Recipe())
                self.stage = gr.HTML(view.stage(picture, readings, Recipe(), "", ""), padding=False,
                                     elem_id="facet-after")
                self.before = gr.HTML(view.before(opened), padding=False, elem_id="facet-before")
            gr.HTML(COMPARE, padding=False, elem_id="facet-compare")
            with gr.Row(elem_classes="facet-tools"):
                self.undo = gr.Button("Undo", size="sm", min_width=60, interactive=False, elem_id="facet-undo")
                self.redo = gr.Button("Redo", size="sm", min_width=60, interactive=False, elem_id="facet-redo")
                self.reset = gr.Button("Reset all", size="sm", min_width=60, elem_id="facet-reset")
        with gr.Row(elem_classes="facet-tools", elem_id="facet-take"):
            self.download = gr.Button("Download", variant="primary", elem_id="facet-download", min_width=120)
            self.kind = gr.Radio(list(PICTURE_FORMATS), value="PNG", show_label=False, container=False, min_width=120,
                                 elem_id="facet-kind")
        self.file = gr.DownloadButton("File", visible="hidden", elem_id="facet-file")
        self.faces = gr.HTML("", js_on_load=SEND_VALUE, padding=False, elem_id="facet-faces")
        self.pair = gr.HTML(view.pair(opened), padding=False, elem_id="facet-pair")
        self.receipt = gr.HTML(view.NOTHING_YET, js_on_load=SEND_VALUE, padding=False, elem_id="facet-receipt")

    def _build_controls(self) -> None:
        present = {name: {a: s for a, s in strengths.items() if a in self._editor.names}
                   for name, strengths in PRESETS.items()}
        with gr.Row(elem_classes="facet-presets"):
            self.presets = {name: (gr.Button(name, size="sm", min_width=72, elem_classes="facet-preset"), strengths)
                            for name, strengths in present.items() if strengths}
        gr.HTML(f"<p class='hint'>{METER_HINT}</p>", padding=False, elem_id="facet-method")
        self.panel = AttributeSliders(self._editor.names, self._editor.bundle.latents.reliable)
        with gr.Accordion("Recipe: this edit as text", open=False, elem_id="facet-recipe"):
            self.recipe = gr.Textbox(Recipe().to_json(), lines=4, show_label=False, buttons=["copy"], max_length=4000,
                                     info="Copy it, or paste another one and apply it. The page's address carries the "
                                     "same edit, so a link opens with it.")
            self.apply = gr.Button("Apply this recipe", size="sm", elem_id="facet-apply")
        with gr.Accordion("Animate this edit", open=False, elem_id="facet-animate"):
            self.options = AnimationOptions("animate")
            with gr.Row():
                self.animate = gr.Button("Animate", elem_id="facet-animate-run", min_width=120)
                self.animation_file = gr.DownloadButton("Download animation", interactive=False, min_width=120,
                                                        elem_id="facet-animation-file")
            self.animation = gr.HTML(padding=False, elem_id="facet-animation")
        self.rest = gr.Button("Rest", visible="hidden", elem_id="facet-rest")

    def _wire(self) -> None:
        panel = self.panel.component
        inputs = [self.subject, panel]
        panel.input(self.live, inputs, self.stage, trigger_mode="always_last", **AT_ONCE)
        self.rest.click(self._safe(self.settle, self.receipt), inputs,
                        [self.receipt, self.recipe, self.undo, self.redo], trigger_mode="always_last",
                        show_progress_on=self.receipt, **AT_ONCE)
        self.picker.wire(self.opened, inputs, self.outputs, self.stage)
        shown = {"show_progress_on": self.stage}  # see FacePicker.wire
        clicks = [(self.faces, self.choose), (self.reset, self.reset_all), (self.undo, partial(self.step, "undo")),
                  (self.redo, partial(self.step, "redo")), (self.receipt, self.lock)]
        clicks += [(button, partial(self.preset, strengths)) for button, strengths in self.presets.values()]
        for component, handler in clicks:
            component.click(self._safe(handler, self.stage), inputs, self.outputs, **shown, **AT_ONCE)
        queued = {"api_visibility": "private", "preprocess": False}
        self.apply.click(warned(self.apply_text), [self.recipe, *inputs], self.outputs, **shown, **FACES, **queued)
        self.download.click(warned(self.finish), [self.kind, *inputs], self.file,
                            show_progress_on=self.download, **DOWNLOADS, **queued,
                            ).success(None, js="() => facet.download('facet-file')", api_visibility="private")
        self.animate.click(warned(self.animated), [*inputs, *self.options.inputs],
                           [self.animation, self.animation_file], show_progress_on=self.animation, **ANIMATIONS,
                           **queued)

    @staticmethod
    def _safe(handler: Callable, place: gr.HTML) -> Callable:
        """An unqueued handler whose errors show in a place of the page."""
        @wraps(handler)
        def call(*args):
            try:
                return handler(*args)
            except Exception as error:
                return {place: view.stage_error(sentence(error))}

        return call

    # Handlers. `controls` is the panel's value as the browser sends it.

    def live(self, subject: Subject, controls: dict) -> str:
        """A tick. It must not raise: Gradio would drop the drag's last position with the error."""
        try:
            return self._looks(subject, self._recipe(subject, controls))
        except Exception as error:
            return view.stage_error(sentence(error))

    def settle(self, subject: Subject, controls: dict) -> dict:
        """A drag has come to rest: one step of the history, the receipt, the recipe as text."""
        recipe = self._recipe(subject, controls)
        self._subjects.hold(subject)
        history = subject.remember(subject.history.push(recipe))
        found = self._editor.receipt(self._subjects.opened(subject), recipe)
        return {
            self.receipt: view.receipt(found, recipe.keep),
            self.recipe: recipe.to_json(),
            self.undo: gr.update(interactive=history.can_undo),
            self.redo: gr.update(interactive=history.can_redo),
        }

    def opened(self, subject: Subject, before: Subject, controls: dict | None = None,
               recipe: Recipe | None = None) -> dict:
        """A face was picked: it starts unedited, unless a recipe came with it or a link's edit waited for a photo."""
        self._subjects.forget(before)
        waiting = before.pending if subject.path else None
        if waiting is not None and waiting.face < len(subject.places):
            subject = subject.choose(waiting.face)
        return self.show(subject, recipe or waiting or Recipe())

    def show(self, subject: Subject, recipe: Recipe) -> dict:
        """Every part of the tab for a face and an edit of it."""
        opened = self._subjects.opened(subject)
        thumbnails = self._subjects.thumbnails(subject) if len(subject.places) > 1 else ()
        return {
            **self.moved(subject, recipe),
            self.before: view.before(opened),
            self.pair: view.pair(opened),
            self.faces: view.faces(thumbnails, subject.face),
            self.animation: "",
        }

    def moved(self, subject: Subject, recipe: Recipe) -> dict:
        """The controls and the picture for another edit of the face in hand."""
        recipe = subject.complete(recipe.check(self._editor.names))
        return {self.subject: subject, self.stage: self._looks(subject, recipe),
                self.panel.component: self.panel.write(recipe)}

    def choose(self, event: gr.EventData, subject: Subject, controls: dict) -> dict:
        self._keep(subject, controls)
        subject = subject.choose(int(event.value))
        return self.show(subject, subject.history.current)

    def preset(self, strengths: dict[str, float], subject: Subject, controls: dict) -> dict:
        """A preset goes over what is set; the same one again is taken back."""
        recipe = self._keep(subject, controls).current
        on = all(recipe.set.get(name) == strength for name, strength in strengths.items())
        strengths = dict.fromkeys(strengths, 0) if on else strengths
        return self.moved(subject, recipe.replace(set={**recipe.set, **strengths}))

    def reset_all(self, subject: Subject, controls: dict) -> dict:
        self._keep(subject, controls)
        return self.moved(subject, Recipe())

    def step(self, way: str, subject: Subject, controls: dict) -> dict:
        history = self._keep(subject, controls)
        history = subject.remember(history.undo() if way == "undo" else history.redo())
        return self.moved(subject, history.current)

    def lock(self, event: gr.EventData, subject: Subject, controls: dict) -> dict:
        """A lock from the receipt."""
        recipe = self._recipe(subject, controls)
        return self.moved(subject, recipe.replace(keep=(*recipe.keep, str(event.value))))

    def apply_text(self, text: str, subject: Subject, controls: dict) -> dict:
        recipe = Recipe.from_json(text).check(self._editor.names)
        self._keep(subject, controls)
        return self.open_recipe(recipe, subject)

    def open_recipe(self, recipe: Recipe, subject: Subject) -> dict:
        """A recipe from a link or a paste: with a seed its drawn face, else an edit of the face in hand."""
        if recipe.bundle not in (None, self._editor.bundle.hash):
            gr.Warning("This recipe was made with another model, so the result differs.")
        if recipe.seed is not None:
            return self.opened(self._subjects.from_seed(recipe.seed, recipe.temperature), subject, recipe=recipe)
        if recipe.face < len(subject.places):
            subject = subject.choose(recipe.face)
        return self.show(subject, recipe)

    def finish(self, kind: str, subject: Subject, controls: dict) -> str:
        self._keep(subject, controls)
        return save_picture(self._subjects.finished(subject), self.file, kind)

    def animated(self, subject: Subject, controls: dict, frames: int, ease: bool, fps: int, kind: str, boomerang: bool,
                 hold: float, size: str, progress=gr.Progress()) -> tuple:  # noqa: B008 Gradio's own way to ask
        recipe = self._recipe(subject, controls)
        if not recipe.set:
            raise ValueError(NOTHING_TO_ANIMATE)
        progress(0.1, "Drawing the frames")
        pictures = self._editor.animate(self._subjects.opened(subject), recipe, frames=int(frames), ease=ease)
        progress(0.7, f"Writing the {kind}")
        path = write_animation(pictures, self.animation_file, "edit", fps, kind, boomerang, hold, size)
        return (player(pictures, fps, boomerang, hold, "The edit, grown and taken back"),
                gr.update(value=path, interactive=True))

    def _recipe(self, subject: Subject, controls: dict) -> Recipe:
        return subject.complete(self.panel.read(controls))

    def _keep(self, subject: Subject, controls: dict) -> History:
        """What the controls say now becomes a step of the history, rested or not."""
        return subject.remember(subject.history.push(self._recipe(subject, controls)))

    def _looks(self, subject: Subject, recipe: Recipe) -> str:
        opened = self._subjects.opened(subject)
        picture, readings = self._editor.preview(opened, recipe), self._editor.readings(opened, recipe)
        return view.stage(picture, readings, recipe, subject.link(recipe), f"{subject.token}:{subject.face}")
