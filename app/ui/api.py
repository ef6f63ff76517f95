"""The named HTTP endpoints, for gradio_client and the API page: the same editor, without the page's state."""

import gradio as gr
from PIL import Image

from app.editor import FaceEditor
from app.faces import describe_face
from app.limits import MOST_SAMPLES, whole
from app.photo.animation import MAX_HOLD
from app.photo.open import open_photo
from app.recipe import TEMPERATURE_LIMIT, Recipe, recipes_from_json
from app.ui.errors import answered
from app.ui.files import ANIMATION_FORMATS
from app.ui.picker import refuse_addresses, upload_path
from app.ui.player import PAIR_FRAMES, SIZES, write_animation
from app.ui.queues import CALLED_ANIMATIONS, CALLS


def build_api(editor: FaceEditor) -> None:
    """Add the endpoints to the Blocks around; their components are never shown."""
    with gr.Column(visible=False):
        labels = ("Photo", "Second photo", "Third photo, or none", "Fourth photo, or none")
        photos = [gr.Image(type="filepath", label=label) for label in labels]
        photo = photos[0]
        recipe = gr.Textbox("{}", label="Recipe: JSON, or a list with one for each face")
        face = gr.Number(0, precision=0, minimum=0, label="Face, 0 the largest")
        count = gr.Slider(1, MOST_SAMPLES, 8, step=1, label="Count")
        seed = gr.Number(0, precision=0, minimum=0, label="Seed")
        temperature = gr.Slider(0, TEMPERATURE_LIMIT, 1, label="Temperature")
        frames = gr.Slider(2, PAIR_FRAMES, 30, step=1, label="Frames")
        detail = gr.Slider(0, 1, 1, label="Detail")
        fps = gr.Slider(1, 50, 20, step=1, label="Frames a second")
        kind = gr.Radio(list(ANIMATION_FORMATS), value="GIF", label="Format")
        boomerang = gr.Checkbox(True, label="There and back")
        ease = gr.Checkbox(False, label="Start and stop gently")
        hold = gr.Slider(0, MAX_HOLD, 0, label="Seconds of rest at the ends")
        size = gr.Radio(list(SIZES), value="Full", label="Size")
        image, found = gr.Image(label="Image", format="png"), gr.JSON(label="Result")
        gallery, file = gr.Gallery(label="Faces", format="png"), gr.File(label="Animation")
        trigger = gr.Button()
    for upload in photos:
        refuse_addresses(upload)

    def reconstruct(photo: dict, face: int = 0) -> Image.Image:
        """What the model itself sees of a face of the photo (0 the largest): the decoded square."""
        return editor.reconstruct(open_photo(upload_path(photo)), face=whole(face or 0, "face"))

    def edit(photo: dict | None, recipe: str = "{}") -> tuple[Image.Image, list[dict]]:
        """The photo at its own size with the recipe's edit, and the receipts. A recipe with a seed needs no photo."""
        recipes = [one.check(editor.names) for one in recipes_from_json(recipe)]
        if photo is None:
            if len(recipes) > 1:
                raise ValueError("Several recipes are for the faces of one photo, and no photo came with them.")
            opened = [(editor.open_drawn(recipes[0]), recipes[0])]
            result = editor.apply_faces(None, opened)
        else:
            image = open_photo(upload_path(photo))
            opened = editor.open_faces(image, recipes)
            result = editor.apply_faces(image, opened)
        return result, [{"recipe": one.replace(bundle=editor.bundle.hash).to_dict(),
                         **editor.receipt(opened_face, one).to_dict()} for opened_face, one in opened]

    def sample(count: int = 8, seed: int = 0, temperature: float = 1.0) -> list[Image.Image]:
        """Draw faces; face i is the one that seed + i draws alone."""
        return editor.sample(whole(count, "faces"), seed=whole(seed or 0, "seed"), temperature=temperature)

    def faces(photo: dict) -> list[dict]:
        """The faces of a photo, largest first: number, score, box and five landmarks in photo pixels."""
        found = editor.find_faces(open_photo(upload_path(photo)))
        return [describe_face(one, number) for number, one in enumerate(found)]

    def morph(photo: dict, second_photo: dict, frames: int = 30, detail: float = 1.0, fps: int = 20,
              format: str = "GIF", boomerang: bool = True, ease: bool = False, hold: float = 0.0, size: str = "Full",
              third_photo: dict | None = None, fourth_photo: dict | None = None) -> str:
        """The largest face of one photo turned into that of the next, through up to four, as GIF, WebP or MP4."""
        given = [photo, second_photo, *(one for one in (third_photo, fourth_photo) if one)]
        starts = [open_photo(upload_path(one)) for one in given]
        pictures = editor.morph(*starts, frames=whole(frames, "frames"), detail=detail, ease=ease)
        return write_animation(pictures, file, "morph", fps, format, boomerang, hold, size)

    def animate(photo: dict | None, recipe: str = "{}", frames: int = 30, fps: int = 20, format: str = "GIF",
                boomerang: bool = True, ease: bool = False, hold: float = 0.0, size: str = "Full") -> str:
        """An edit grown from nothing to its full strength, as GIF, WebP or MP4. A recipe with a seed needs no photo."""
        one = Recipe.from_json(recipe).check(editor.names)
        start = editor.open_drawn(one) if photo is None else open_photo(upload_path(photo))
        pictures = editor.animate(start, one, frames=whole(frames, "frames"), ease=ease)
        return write_animation(pictures, file, "edit", fps, format, boomerang, hold, size)

    kept = [kind, boomerang, ease, hold, size]
    endpoints = [
        (reconstruct, [photo, face], image), (edit, [photo, recipe], [image, found]),
        (sample, [count, seed, temperature], gallery), (faces, [photo], found),
        (morph, [*photos[:2], frames, detail, fps, *kept, *photos[2:]], file),
        (animate, [photo, recipe, frames, fps, *kept], file),
    ]
    for function, inputs, outputs in endpoints:
        queue = CALLED_ANIMATIONS if outputs is file else CALLS
        trigger.click(answered(function), inputs, outputs, api_name=function.__name__, preprocess=False, **queue)
