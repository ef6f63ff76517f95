"""What photo mode keeps and reaches: `python -m benchmarks.photo --data CELEBA_DIR [--portraits DIR]`.

The same edits in three ways: the plain decoder, the photo with the decoder's residual, and the photo moved by the
decoder's motion with the rest as residual, which is what the editor does. The last two move the code a little further,
as the editor does for photos. For each: how far the classifier's logit of the attribute goes, as a share of what the
plain decoder reaches; sharpness against the photo; distance from the person by dlib's face recogniser (under 0.6 is the
same person), where that is installed; milliseconds from code to picture.
"""

import importlib.util
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from app.editor import FaceEditor
from app.faces import FaceError, OpenFace, face_square
from app.photo.animation import save_animation
from app.photo.compose import edit_frame
from app.photo.open import PhotoError, open_photo
from app.photo.pixels import resize
from app.recipe import Recipe
from benchmarks.bundles import bundle_parser
from model import metrics
from model.bundle import Bundle
from model.data import CelebA
from model.evaluate import Judge
from model.preprocessing import FACE_BOX, crop_face, to_float, to_uint8

EDITS = ("Smiling", "Mouth_Slightly_Open", "Young", "Male", "Blond_Hair", "Eyeglasses")
SHARPNESS_WITHIN = 0.05  # issue: of the photo's, at strength 1
CHANGE_AT_LEAST = 0.8  # issue: of what the plain decoder reaches
MORPH_FRAMES, MORPH_SECONDS = 60, 4.0  # issue: a morph of two photos
INSTALL = "pip install dlib-bin face_recognition_models"


def plain(face: OpenFace, y1: np.ndarray) -> np.ndarray:
    """The decoder's picture in the photo's place."""
    square = face_square(result := face.frame.copy())
    square[:] = to_uint8(np.clip(resize(y1, square.shape[1::-1]), 0, 1))
    return result


def composed(face: OpenFace, y1: np.ndarray, motion: bool = True) -> np.ndarray:
    """The photo's own pixels, changed."""
    return edit_frame(face.frame, face.reconstruction, y1, FACE_BOX, face.matte, motion=motion, original=face.original)


MODES: dict[str, Callable[..., np.ndarray]] = {
    "plain decoder": plain,
    "residual": partial(composed, motion=False),
    "motion + residual": composed,
}


class Recogniser:
    """dlib's face recogniser (King 2017), on faces in CelebA's frame."""

    # The face in the frame of 178 x 218, as dlib's own detector would box it.
    BOX = (44, 78, 134, 168)

    def __init__(self, folder: Path):
        import dlib

        self._dlib = dlib
        self._points = dlib.shape_predictor(str(folder / "shape_predictor_5_face_landmarks.dat"))
        self._network = dlib.face_recognition_model_v1(str(folder / "dlib_face_recognition_resnet_model_v1.dat"))

    def __call__(self, frame: np.ndarray) -> np.ndarray:
        """(H, W, 3) uint8 -> (128,)."""
        scale = frame.shape[0] / 218
        box = self._dlib.rectangle(*(round(side * scale) for side in self.BOX))
        frame = np.ascontiguousarray(frame)
        return np.array(self._network.compute_face_descriptor(frame, self._points(frame, box)))


def find_recogniser() -> Recogniser | None:
    """The recogniser, if its two packages are installed."""
    found = importlib.util.find_spec("face_recognition_models")
    if found is None or importlib.util.find_spec("dlib") is None:
        return None
    return Recogniser(Path(found.origin).parent / "models")


def celeba_faces(editor: FaceEditor, data: CelebA, count: int) -> list[OpenFace]:
    """Full-size validation faces in their own frames, opened as an upload would be."""
    data.images(editor.bundle.config.image_size)
    return [editor.open_aligned(data.frame(row)) for row in data.rows("valid", sharp=True)[:count]]


def portrait_faces(editor: FaceEditor, folder: Path) -> list[OpenFace]:
    """The largest face of every photo in a folder, at preview size."""
    faces = []
    for path in sorted(path for path in folder.iterdir() if path.is_file()):
        try:
            faces.append(editor.open_face(open_photo(path)))
        except (PhotoError, FaceError):
            continue  # a text beside the photos, or a photo without a face
    if not faces:
        raise ValueError(f"no photo with a face was found in {folder}")
    return faces


def measure(editor: FaceEditor, faces: Sequence[OpenFace], name: str, strength: float,
            recogniser: Recogniser | None) -> dict[str, dict[str, float]]:
    """Mode -> figures of one edit over all faces."""
    bundle, judge = editor.bundle, Judge(editor.bundle.classifier)
    k = bundle.latents.names.index(name)
    recipe = Recipe(set={name: strength})
    decoded = [bundle.decode(editor.move(face, recipe.replace(detail=0.0)))[0] for face in faces]
    start = time.perf_counter()
    further = [bundle.decode(editor.move(face, recipe))[0] for face in faces]
    decode_ms = 1000 * (time.perf_counter() - start) / len(faces)
    photo_logits = frame_logits(judge, [face.frame for face in faces], bundle)[:, k]
    seen_logits = judge.logits(np.stack([face.reconstruction for face in faces]))[:, k]
    found = {}
    for mode, compose in MODES.items():
        given = decoded if compose is plain else further  # what the editor decodes for a photo
        start = time.perf_counter()
        frames = [compose(face, y1) for face, y1 in zip(faces, given, strict=True)]
        took = 1000 * (time.perf_counter() - start) / len(faces)
        before = seen_logits if compose is plain else photo_logits
        change = float((frame_logits(judge, frames, bundle)[:, k] - before).mean())
        found[mode] = {"change": change, "sharpness": _sharpness(frames, faces), "ms": decode_ms + took}
        if recogniser:
            distances = [np.linalg.norm(recogniser(frame) - recogniser(face.frame))
                         for frame, face in zip(frames, faces, strict=True)]
            found[mode]["person"] = float(np.mean(distances))
    for figures in found.values():
        figures["share"] = figures["change"] / found["plain decoder"]["change"]
    return found


def frame_logits(judge: Judge, frames: Sequence[np.ndarray], bundle: Bundle) -> np.ndarray:
    """The classifier's logits (n, K) of the squares of aligned frames (H, W, 3) uint8."""
    size = bundle.config.image_size
    return judge.logits(np.stack([crop_face(Image.fromarray(frame), size) for frame in frames]))


def _sharpness(frames: Sequence[np.ndarray], faces: Sequence[OpenFace]) -> float:
    """Of the squares, against the photos' at the same size."""
    ours, photos = (np.array([metrics.laplacian(to_float(face_square(frame))[None])[0] for frame in group])
                    for group in (frames, [face.frame for face in faces]))
    return metrics.ratio(ours, photos)


def print_table(rows: dict[str, dict[str, dict[str, float]]]) -> None:
    """One row an edit and mode; then whether the shipped mode meets its targets."""
    print("| edit | mode | change, logits | of the decoder's | sharpness | person | ms |")
    print("|---|---|---|---|---|---|---|")
    for name, modes in rows.items():
        for mode, figures in modes.items():
            person = f"{figures['person']:.2f}" if "person" in figures else "-"
            print(f"| {name} | {mode} | {figures['change']:+.2f} | {figures['share']:.0%} | "
                  f"{figures['sharpness']:.2f} | {person} | {figures['ms']:.0f} |")
    shipped = [modes["motion + residual"] for modes in rows.values()]
    sharp = sum(abs(figures["sharpness"] - 1) <= SHARPNESS_WITHIN for figures in shipped)
    reached = sum(figures["share"] >= CHANGE_AT_LEAST for figures in shipped)
    print(f"\nmotion + residual: sharpness within {SHARPNESS_WITHIN:.0%} of the photo's for {sharp} of {len(shipped)} "
          f"edits, {CHANGE_AT_LEAST:.0%} of the decoder's change reached for {reached}\n", flush=True)


def print_morph(editor: FaceEditor, a: OpenFace, b: OpenFace) -> None:
    """How long a morph between two of the faces takes, drawn and written."""
    start = time.perf_counter()
    frames = editor.morph_opened(a, b, frames=MORPH_FRAMES)
    drawn = time.perf_counter() - start
    with tempfile.TemporaryDirectory() as folder:
        save_animation(frames, Path(folder) / "morph.gif", format="gif", fps=20, boomerang=False)
    width, height = frames[0].size
    print(f"a morph of {MORPH_FRAMES} frames of {width} x {height} between two of them: {drawn:.1f} s, with its GIF "
          f"{time.perf_counter() - start:.1f} s (goal: under {MORPH_SECONDS:g})\n", flush=True)


def main(argv: list[str] | None = None) -> int:
    """Print a table for CelebA's validation faces, and one for the portraits; returns the exit status."""
    parser = bundle_parser("photo", __doc__)
    parser.add_argument("--data", required=True, help="CelebA's folder")
    parser.add_argument("--portraits", type=Path, help="a folder of photos at their own size")
    parser.add_argument("--faces", type=int, default=64)
    parser.add_argument("--strength", type=float, default=1.0, help="in slider units")
    options = parser.parse_args(argv)
    recogniser = find_recogniser()
    if recogniser is None:
        print(f"Whether it is still that person is not measured; for that, {INSTALL}\n")
    try:
        editor = FaceEditor.load(options.bundle)
        groups = {"full-size validation faces": celeba_faces(editor, CelebA(options.data), options.faces)}
        if options.portraits:
            groups["portraits"] = portrait_faces(editor, options.portraits)
    except (ValueError, OSError) as error:
        print(f"benchmarks.photo: {error}", file=sys.stderr)
        return 1
    for title, faces in groups.items():
        print(f"{len(faces)} {title}, strength {options.strength:+g}, {options.bundle}\n")
        print_table({name: measure(editor, faces, name, options.strength, recogniser) for name in EDITS})
        if len(faces) > 1:
            print_morph(editor, *faces[:2])
    return 0


if __name__ == "__main__":
    sys.exit(main())
