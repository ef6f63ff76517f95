"""The Edit tab: a face, forty sliders, and what came of them."""

from collections.abc import Callable, Iterator
from functools import partial, wraps

import gradio as gr

from app.receipt import Receipt
from app.recipe import Recipe, recipes_from_json, recipes_to_json
from app.ui import text, view
from app.ui.errors import sentence, warned
from app.ui.files import PICTURE_FORMATS, save_picture
from app.ui.history import History
from app.ui.picker import FacePicker
from app.ui.pictures import SEND_VALUE
from app.ui.player import AnimatePanel
from app.ui.queues import DOWNLOADS, FACES
from app.ui.sliders import AttributeSliders
from app.ui.subject import Subject, Subjects

# Past the queue and its waiting sign; raw values, because a handler that fails in Gradio's own checks is lost.
AT_ONCE = {"api_visibility": "private", "show_progress": "hidden", "queue": False, "preprocess": False}


class EditTab:
    """Builds the tab where it is made; `opened` and `outputs` let other tabs open a face in it."""

    def __init__(self, subjects: Subjects, strip: str, first: Subject):
        self._subjects, self._editor = subjects, subjects.editor
        self.subject = gr.State(first, delete_callback=subjects.forget)
        self.picker = FacePicker(subjects, strip, "edit", text.UPLOAD_LABEL)
        with gr.Row(elem_id="facet-editor"):
            with gr.Column(scale=4, min_width=300, elem_id="facet-left"):
                self._build_stage(first)
            with gr.Column(scale=6, min_width=300, elem_id="facet-right"):
                self._build_controls()
        self.outputs = [self.subject, self.before, self.pair, self.faces, *self.animate.outputs, self.stage,
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
            gr.HTML(text.COMPARE, padding=False, elem_id="facet-compare")
            with gr.Row(elem_classes="facet-tools"):
                self.undo = gr.Button("Undo", size="sm", min_width=60, interactive=False, elem_id="facet-undo")
                self.redo = gr.Button("Redo", size="sm", min_width=60, interactive=False, elem_id="facet-redo")
                self.reset = gr.Button("Reset all", size="sm", min_width=60, elem_id="facet-reset")
                self.whole = gr.Button(text.WHOLE, size="sm", min_width=80, elem_id="facet-whole-open")
            self.summary = gr.HTML("", padding=False, elem_id="facet-summary")
        self.warnings = gr.HTML("", padding=False, elem_id="facet-warnings")
        with gr.Row(elem_classes="facet-tools", elem_id="facet-take"):
            self.download = gr.Button(text.DOWNLOAD, variant="primary", elem_id="facet-download", min_width=120)
            self.kind = gr.Radio(list(PICTURE_FORMATS), value="PNG", label=text.KIND_LABEL, show_label=False,
                                 container=False, min_width=120, elem_id="facet-kind")
        self.file = gr.DownloadButton("File", visible="hidden", elem_id="facet-file")
        self.faces = gr.HTML("", js_on_load=SEND_VALUE, padding=False, elem_id="facet-faces")
        self.receipt = gr.HTML(view.receipt(Receipt({}, {}, {}, (), ()), ()), js_on_load=SEND_VALUE, padding=False,
                               elem_id="facet-receipt")
        self.pair = gr.HTML(view.pair(opened), padding=False, elem_id="facet-pair")
        self.dialog = gr.HTML("", padding=False, elem_id="facet-whole")

    def _build_controls(self) -> None:
        self.panel = AttributeSliders(self._editor.names, self._editor.bundle.latents.reliable)
        with gr.Accordion(text.RECIPE_TITLE, open=False, elem_id="facet-recipe"):
            self.recipe = gr.Textbox(Recipe().to_json(), lines=3, label=text.RECIPE_LABEL, info=text.RECIPE_HINT,
                                     buttons=["copy"], max_length=4000)
            with gr.Row(elem_classes="facet-tools"):
                self.apply = gr.Button(text.APPLY, size="sm", elem_id="facet-apply", min_width=120)
                self.link = gr.Button(text.COPY_LINK, size="sm", elem_id="facet-link", min_width=120)
        self.animate = AnimatePanel(self._subjects, self.subject, self.panel)
        self.rest = gr.Button("Rest", visible="hidden", elem_id="facet-rest")

    def _wire(self) -> None:
        panel = self.panel.component
        inputs = [self.subject, panel]
        panel.input(self.live, inputs, self.stage, trigger_mode="always_last", **AT_ONCE)
        settled = [self.receipt, self.summary, self.warnings, self.recipe, self.undo, self.redo]
        self.rest.click(self._safe(self.settle, self.receipt), inputs, settled, trigger_mode="always_last",
                        show_progress_on=self.receipt, **AT_ONCE)
        self.picker.wire(self.opened, inputs, self.outputs, self.stage)
        shown = {"show_progress_on": self.stage}  # see FacePicker.wire
        clicks = [(self.faces, self.choose), (self.reset, self.reset_all), (self.undo, partial(self.step, "undo")),
                  (self.redo, partial(self.step, "redo")), (self.receipt, self.lock), (panel, self.preset)]
        for component, handler in clicks:
            component.click(self._safe(handler, self.stage), inputs, self.outputs, **shown, **AT_ONCE)
        queued = {"api_visibility": "private", "preprocess": False}
        self.apply.click(warned(self.apply_text), [self.recipe, *inputs], self.outputs, **shown, **FACES, **queued)
        self.download.click(warned(self.finish), [self.kind, *inputs], [self.file, self.download],
                            show_progress="hidden", **DOWNLOADS, **queued,
                            ).success(None, js="() => facet.download('facet-file')", api_visibility="private")
        self.whole.click(warned(self.whole_photo, ""), inputs, self.dialog, show_progress_on=self.stage, **DOWNLOADS,
                         **queued).success(None, js="() => facet.open('facet-whole')", api_visibility="private")
        self.link.click(None, js=f"() => facet.copyLink('facet-link', {text.COPIED!r})", api_visibility="private")

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
        history = subject.settle(recipe)
        found = self._editor.receipt(self._subjects.opened(subject), recipe)
        return {
            self.receipt: view.receipt(found, recipe.keep),
            self.summary: view.summary(found),
            self.warnings: view.warnings(found.warnings),
            self.recipe: recipes_to_json(subject.recipes()),
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
            self.before: view.before(opened, subject.size),
            self.pair: view.pair(opened),
            self.faces: view.faces(thumbnails, subject.face),
            **self.animate.cleared(),
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

    def preset(self, event: gr.EventData, subject: Subject, controls: dict) -> dict:
        """A preset goes over what is set; the same one again is taken back."""
        strengths = text.PRESETS[str(event.value)]
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

    def apply_text(self, written: str, subject: Subject, controls: dict) -> dict:
        """The recipe of a text, or several, one for each face of the photo in hand."""
        recipes = [recipe.check(self._editor.names) for recipe in recipes_from_json(written)]
        if len(recipes) > 1 and subject.path is None:
            raise ValueError(text.NO_PHOTO_FOR_SEVERAL)
        self._keep(subject, controls)
        for recipe in recipes[1:]:
            face = subject.choose(recipe.face)
            face.remember(face.history.push(face.complete(recipe)))
        return self.open_recipe(recipes[0], subject)

    def open_recipe(self, recipe: Recipe, subject: Subject) -> dict:
        """A recipe from a link or a paste: with a seed its drawn face, else an edit of the face in hand."""
        if recipe.bundle not in (None, self._editor.bundle.hash):
            gr.Warning(text.OTHER_MODEL)
        if recipe.seed is not None:
            return self.opened(self._subjects.from_seed(recipe.seed, recipe.temperature), subject, recipe=recipe)
        if recipe.face < len(subject.places):
            subject = subject.choose(recipe.face)
        return self.show(subject, recipe)

    def finish(self, kind: str, subject: Subject, controls: dict) -> Iterator[tuple]:
        """The file; until it is there, the button says that it is being made."""
        yield gr.skip(), text.PREPARING
        try:
            self._keep(subject, controls)
            path = save_picture(self._subjects.finished(subject), self.file, kind)
        except Exception:
            yield None, text.DOWNLOAD  # no file, or the one before would be taken
            raise
        yield path, text.DOWNLOAD

    def whole_photo(self, subject: Subject, controls: dict) -> str:
        """The photo with the edits of all its faces, to look at."""
        self._keep(subject, controls)
        return view.whole(self._subjects.finished(subject))

    def _recipe(self, subject: Subject, controls: dict) -> Recipe:
        return subject.complete(self.panel.read(controls))

    def _keep(self, subject: Subject, controls: dict) -> History:
        """What the controls say now becomes a step of the history, rested or not."""
        return subject.remember(subject.history.push(self._recipe(subject, controls)))

    def _looks(self, subject: Subject, recipe: Recipe) -> str:
        subject.shown[subject.face] = recipe
        opened = self._subjects.opened(subject)
        picture, readings = self._editor.preview(opened, recipe), self._editor.readings(opened, recipe)
        return view.stage(picture, readings, recipe, subject.link(recipe), f"{subject.token}:{subject.face}")
