"""The Edit tab: a face, forty sliders, and what came of them."""

from collections.abc import Sequence
from functools import partial

import gradio as gr

from app.recipe import Recipe
from app.ui import view
from app.ui.errors import sentence, shown
from app.ui.files import PICTURE_FORMATS, save_picture
from app.ui.picker import FacePicker
from app.ui.pictures import SEND_VALUE
from app.ui.player import AnimationOptions, player, write_animation
from app.ui.sliders import AttributeSliders
from app.ui.subject import Subject, Subjects
from app.ui.text import COMPARE, METER_HINT, NOTHING_TO_ANIMATE, PRESETS, UPLOAD_LABEL

SILENT = {"api_visibility": "private", "show_progress": "hidden", "queue": False}


class EditTab:
    """Builds the tab where it is made; `show` and `outputs` let other tabs open a face in it."""

    def __init__(self, subjects: Subjects, strip: str, first: Subject):
        self._subjects, self._editor = subjects, subjects.editor
        self.subject = gr.State(first, delete_callback=subjects.forget)
        self.picker = FacePicker(subjects, strip, "edit", UPLOAD_LABEL)
        with gr.Row(elem_id="facet-editor"):
            with gr.Column(scale=4, min_width=300, elem_id="facet-left"):
                self._build_stage(first)
            with gr.Column(scale=6, min_width=300, elem_id="facet-right"):
                self._build_controls(first)
        self.opening = [self.subject, self.before, self.pair, self.faces, self.animation]
        self.outputs = [*self.opening, self.stage, self.meters, *self.panel.controls]
        self._wire()

    def _build_stage(self, first: Subject) -> None:
        opened = self._subjects.opened(first)
        with gr.Column(elem_id="facet-sticky"):
            with gr.Column(elem_id="facet-stage"):
                self.stage = gr.HTML(view.stage(self._editor.preview(opened, Recipe()), Recipe(), ""), padding=False,
                                     elem_id="facet-after")
                self.before = gr.HTML(view.before(opened), padding=False, elem_id="facet-before")
            gr.HTML(COMPARE, padding=False, elem_id="facet-compare")
            with gr.Row(elem_classes="facet-tools"):
                self.undo = gr.Button("Undo", size="sm", min_width=60, interactive=False, elem_id="facet-undo")
                self.redo = gr.Button("Redo", size="sm", min_width=60, interactive=False, elem_id="facet-redo")
                self.reset = gr.Button("Reset all", size="sm", min_width=60, elem_id="facet-reset")
        with gr.Row(elem_classes="facet-tools"):
            self.download = gr.Button("Download", variant="primary", elem_id="facet-download", min_width=120)
            self.kind = gr.Radio(list(PICTURE_FORMATS), value="PNG", show_label=False, container=False, min_width=120,
                                 elem_id="facet-kind")
        self.file = gr.DownloadButton("File", visible="hidden", elem_id="facet-file")
        self.faces = gr.HTML("", js_on_load=SEND_VALUE, padding=False, elem_id="facet-faces")
        self.pair = gr.HTML(view.pair(opened), padding=False, elem_id="facet-pair")
        self.receipt = gr.HTML(view.NOTHING_YET, js_on_load=SEND_VALUE, padding=False, elem_id="facet-receipt")

    def _build_controls(self, first: Subject) -> None:
        opened = self._subjects.opened(first)
        present = {name: {a: s for a, s in strengths.items() if a in self._editor.names}
                   for name, strengths in PRESETS.items()}
        with gr.Row(elem_classes="facet-presets"):
            self.presets = {name: (gr.Button(name, size="sm", min_width=72, elem_classes="facet-preset"), strengths)
                            for name, strengths in present.items() if strengths}
        gr.HTML(f"<p class='hint'>{METER_HINT}</p>", padding=False)
        self.meters = gr.HTML(view.meters(self._editor.readings(opened, Recipe())), padding=False,
                              elem_id="facet-meters")
        with gr.Column(elem_id="facet-controls"):
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
        panel, inputs = self.panel, [self.subject, *self.panel.controls]
        looks = [self.stage, self.meters]
        gr.on([control.input for control in panel.controls], self.live, inputs, looks, trigger_mode="always_last",
              preprocess=False, **SILENT)
        self.rest.click(shown(self.settle), inputs, [self.subject, self.receipt, self.recipe, self.undo, self.redo],
                        trigger_mode="always_last", preprocess=False, **SILENT)
        self.picker.wire(self.opened, inputs, self.outputs)
        wholly = {"inputs": inputs, "outputs": self.outputs, "preprocess": False, **SILENT}
        self.faces.click(shown(self.choose), **wholly)
        for button, strengths in self.presets.values():
            button.click(shown(partial(self.preset, strengths)), **wholly)
        for name, button in panel.resets.items():
            button.click(shown(partial(self.reset_one, name)), inputs, [panel.sliders[name], *looks], preprocess=False,
                         **SILENT)
        self.reset.click(shown(self.reset_all), **wholly)
        self.undo.click(shown(partial(self.step, "undo")), **wholly)
        self.redo.click(shown(partial(self.step, "redo")), **wholly)
        self.receipt.click(shown(self.lock), **wholly)
        self.apply.click(shown(self.apply_text), [self.recipe, *inputs], self.outputs, **SILENT)
        self.download.click(shown(self.finish), [self.kind, *inputs], self.file, preprocess=False,
                            api_visibility="private", concurrency_limit=2, show_progress_on=self.download,
                            ).success(None, js="() => facet.download('facet-file')", api_visibility="private")
        self.animate.click(shown(self.animated), [self.subject, *self.options.inputs, *panel.controls],
                           [self.animation, self.animation_file],
                           api_visibility="private", concurrency_limit=1, concurrency_id="animation")

    # Handlers. `values` are those of panel.controls, as the browser sends them.

    def live(self, subject: Subject, *values) -> tuple:
        """A tick. It must not raise: Gradio would drop the drag's last position with the error."""
        try:
            return self._looks(subject, self._recipe(subject, values))
        except Exception as error:
            return view.stage_error(sentence(error)), gr.skip()

    def settle(self, subject: Subject, *values) -> dict:
        """A drag has come to rest: one step of the history, the receipt, the recipe as text."""
        recipe = self._recipe(subject, values)
        self._subjects.hold(subject)
        subject = subject.with_history(subject.history.push(recipe))
        found = self._editor.receipt(self._subjects.opened(subject), recipe)
        return {
            self.subject: subject,
            self.receipt: view.receipt(found, recipe.keep),
            self.recipe: recipe.to_json(),
            self.undo: gr.update(interactive=subject.history.can_undo),
            self.redo: gr.update(interactive=subject.history.can_redo),
        }

    def opened(self, subject: Subject, before: Subject, *values) -> dict:
        """A face was picked: it starts unedited, unless a link's edit waited for a photo."""
        waiting = before.pending if subject.path else None
        if waiting is not None and waiting.face < len(subject.places):
            subject = subject.choose(waiting.face)
        return self.show(subject, waiting or Recipe())

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
        stage, meters = self._looks(subject, recipe)
        return {self.subject: subject, self.stage: stage, self.meters: meters, **self.panel.write(recipe)}

    def choose(self, event: gr.EventData, subject: Subject, *values) -> dict:
        subject = self._kept(subject, values).choose(int(event.value))
        return self.show(subject, subject.history.current)

    def preset(self, strengths: dict[str, float], subject: Subject, *values) -> dict:
        """A preset goes over what is set; the same one again is taken back."""
        subject = self._kept(subject, values)
        recipe = subject.history.current
        on = all(recipe.set.get(name) == strength for name, strength in strengths.items())
        strengths = dict.fromkeys(strengths, 0) if on else strengths
        return self.moved(subject, recipe.replace(set={**recipe.set, **strengths}))

    def reset_one(self, name: str, subject: Subject, *values) -> dict:
        recipe = self._recipe(subject, values)
        stage, meters = self._looks(subject, recipe.replace(set={**recipe.set, name: 0}))
        return {self.panel.sliders[name]: 0, self.stage: stage, self.meters: meters}

    def reset_all(self, subject: Subject, *values) -> dict:
        return self.moved(self._kept(subject, values), Recipe())

    def step(self, way: str, subject: Subject, *values) -> dict:
        subject = self._kept(subject, values)
        subject = subject.with_history(getattr(subject.history, way)())
        return self.moved(subject, subject.history.current)

    def lock(self, event: gr.EventData, subject: Subject, *values) -> dict:
        """A lock from the receipt."""
        recipe = self._recipe(subject, values)
        return self.moved(subject, recipe.replace(keep=(*recipe.keep, str(event.value))))

    def apply_text(self, text: str, subject: Subject, *values) -> dict:
        recipe = Recipe.from_json(text).check(self._editor.names)
        return self.open_recipe(recipe, self._kept(subject, values))

    def open_recipe(self, recipe: Recipe, subject: Subject) -> dict:
        """A recipe from a link or a paste: with a seed its drawn face, else an edit of the face in hand."""
        if recipe.bundle not in (None, self._editor.bundle.hash):
            gr.Warning("This recipe was made with another model, so the result differs.")
        if recipe.seed is not None:
            return self.show(self._subjects.from_seed(recipe.seed, recipe.temperature), recipe)
        if recipe.face < len(subject.places):
            subject = subject.choose(recipe.face)
        return self.show(subject, recipe)

    def finish(self, kind: str, subject: Subject, *values) -> str:
        return save_picture(self._subjects.finished(self._kept(subject, values)), self.file, kind)

    def animated(self, subject: Subject, frames: int, fps: int, kind: str, boomerang: bool,
                 progress=gr.Progress(), *values) -> tuple:  # noqa: B008 Gradio's own way to ask for one
        recipe = self._recipe(subject, values)
        if not recipe.set:
            raise ValueError(NOTHING_TO_ANIMATE)
        progress(0.1, "Drawing the frames")
        pictures = self._editor.animate(self._subjects.opened(subject), recipe, frames=int(frames))
        progress(0.7, f"Writing the {kind}")
        path = write_animation(pictures, self.animation_file, "edit", kind, fps, boomerang)
        return (player(pictures, fps, boomerang, "The edit, grown and taken back"),
                gr.update(value=path, interactive=True))

    def _recipe(self, subject: Subject, values: Sequence) -> Recipe:
        return subject.complete(self.panel.read(values))

    def _kept(self, subject: Subject, values: Sequence) -> Subject:
        """The subject with what the controls say now in its history, rested or not."""
        return subject.with_history(subject.history.push(self._recipe(subject, values)))

    def _looks(self, subject: Subject, recipe: Recipe) -> tuple[str, str]:
        opened = self._subjects.opened(subject)
        picture = self._editor.preview(opened, recipe)
        link = "" if recipe.moves_nothing and not recipe.keep else recipe.to_query()
        return view.stage(picture, recipe, link), view.meters(self._editor.readings(opened, recipe))
