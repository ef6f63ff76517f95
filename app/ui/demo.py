"""The page: three tabs over one editor, launched safely."""

from pathlib import Path

import gradio as gr

from app.editor import FaceEditor
from app.recipe import Recipe
from app.ui.api import build_api
from app.ui.cache import own_folder
from app.ui.errors import warned
from app.ui.picker import EXAMPLE_SEEDS, example_strip
from app.ui.queues import FACES, THREADS, WAITING
from app.ui.store import FaceStore
from app.ui.subject import Subject, Subjects
from app.ui.tabs.edit import EditTab
from app.ui.tabs.generate import GenerateTab
from app.ui.tabs.morph import MorphTab
from app.ui.text import FOOTER, LINK_WAITS, TAGLINE, TITLE

HERE = Path(__file__).parent
MAX_UPLOAD = "30mb"  # a photo of 25 megapixels at the best JPEG quality
CACHE_CHECK, CACHE_AGE = 300, 1800  # seconds: how often old files are looked for, and from when they are old
ICON = '<link rel="icon" type="image/svg+xml" href="favicon.ico">'
SYSTEM_FONTS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "sans-serif")


def build_demo(editor: FaceEditor) -> gr.Blocks:
    """The page of an editor, not yet launched."""
    subjects = Subjects(editor, FaceStore())
    strip = example_strip(subjects)
    first = subjects.shared(subjects.from_seed(EXAMPLE_SEEDS[0]))
    with gr.Blocks(title=TITLE, analytics_enabled=False, delete_cache=(CACHE_CHECK, CACHE_AGE)) as demo:
        build_api(editor)  # first, so that the endpoints' names are theirs
        gr.HTML(f"<header><h1>{TITLE}</h1><p>{TAGLINE}</p></header>", padding=False, elem_id="facet-header")
        with gr.Tabs(elem_id="facet-tabs") as tabs:
            with gr.Tab("Edit", id="edit"):
                edit = EditTab(subjects, strip, first)
            with gr.Tab("Generate", id="generate"):
                GenerateTab(subjects, edit, tabs)
            with gr.Tab("Morph", id="morph"):
                MorphTab(subjects, strip)
        gr.HTML(f"<footer>{FOOTER}</footer>", padding=False, elem_id="facet-footer")

        def open_link(subject: Subject, request: gr.Request):
            """The recipe of the page's own address, if it carries one."""
            query = dict(request.query_params)
            recipe = Recipe.from_query(query).check(editor.names)
            if recipe == Recipe():
                return {edit.subject: subject}
            if recipe.seed is None:
                gr.Info(LINK_WAITS)
                subject = subject.waiting(recipe)
            return edit.open_recipe(recipe, subject)

        demo.load(warned(open_link), edit.subject, edit.outputs, api_visibility="private", show_progress="hidden",
                  show_progress_on=edit.stage, **FACES)  # see FacePicker.wire
    return demo.queue(max_size=WAITING, default_concurrency_limit=1)


def launch_options() -> dict:
    """How the page is launched wherever it is launched: nothing shared, monitored, remembered or listed."""
    return {
        "share": False,
        "show_error": False,
        "ssr_mode": False,
        "run_history": False,
        "enable_monitoring": False,
        # Gradio asks for its own first page and gives up after 3 s, too soon for a busy machine; this skips that.
        "_frontend": False,
        "max_file_size": MAX_UPLOAD,
        "max_threads": THREADS,
        "allowed_paths": [],
        "footer_links": ["api"],
        "theme": gr.themes.Default(primary_hue="indigo", neutral_hue="slate", radius_size="lg", font=SYSTEM_FONTS,
                                   font_mono=("ui-monospace", "Consolas", "monospace"),
                                   ).set(checkbox_border_color_dark="*neutral_500"),
        "favicon_path": HERE / "icon.svg",
        "css_paths": HERE / "style.css",
        "head": f"{ICON}<script>{(HERE / 'page.js').read_text(encoding='utf-8')}</script>",
    }


def serve(editor: FaceEditor, host: str | None = None, port: int | None = None) -> None:
    """Serve the page until it is stopped.

    host, port: GRADIO_SERVER_NAME and GRADIO_SERVER_PORT where they are None; without these, this computer only, and
        the first free port from 7860 on.
    """
    with own_folder(every=CACHE_CHECK, age=CACHE_AGE + CACHE_CHECK):  # after Gradio, which forgets what it has deleted
        build_demo(editor).launch(server_name=host, server_port=port, **launch_options())
