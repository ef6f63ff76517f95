"""FaceEditor: photo in, photo out; the one door that page, HTTP and command line share.

photo -> open -> align -> crop -> encode (z_mean) -> z + edit -> decode -> compose -> photo
"""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise

import numpy as np
from PIL import Image

from app.faces import OpenFace, choose_face, compare, cut_share, face_square, frame_scale, full_frame, judged_square
from app.limits import MOST_FRAMES, MOST_SAMPLES, check_count
from app.path import path_codes, path_times
from app.photo.align import Face, cut_frame, find_faces
from app.photo.compose import edit_frame, morph_frame, paste_back, time_around
from app.photo.matte import head_matte
from app.photo.open import open_photo
from app.reach import within_reach
from app.receipt import Receipt, edit_warnings, write_receipt
from app.recipe import SEED_LIMIT, Recipe, RecipeError
from app.slots import Slots
from model.bundle import CHUNK, Bundle, load_bundle
from model.inference import in_chunks
from model.preprocessing import FACE_BOX, FRAME_SIZE, crop_face, to_uint8

PREVIEW_SCALE = 2.5  # 445 x 545 pixels: as large as a page shows a face
RESULT_SCALE = 8.0  # 1424 x 1744: finer changes than this no decoder of 128 pixels makes, and memory stays small
# A photo keeps some of its own look; with a quarter more, edits reach what the decoder's do (benchmarks/photo.py).
PHOTO_GAIN = 1.25
LIGHT = "Pale_Skin"  # the one attribute that is about the light on a face; every other leaves it as it is
MORPH_THREADS = 2  # frames drawn at once: a Space has two cores


class FaceEditor:
    """Everything that Facet does with faces. Read-only once built, so that threads share one.

    Photos are PIL images, or whatever `open_photo` opens (a path, bytes, a file). Attributes carry CelebA's names.

    Args:
        bundle: the model.
        slots: how many inferences may run at once for hands at sliders, and as many besides for slower work, so that no
            crowd of uploads and morphs makes a slider wait.
        patience: seconds that a call waits for a slot before it raises BusyError.
    """

    def __init__(self, bundle: Bundle, slots: int = 2, patience: float = 30.0):
        self.bundle = bundle
        self.names = tuple(bundle.latents.names)
        self._slots, self._slow_slots = Slots(slots, patience), Slots(slots, patience)

    @classmethod
    def load(cls, source: str = "checkpoints/default", slots: int = 2) -> "FaceEditor":
        """The editor of a bundle folder or hf:// address; BundleError if it is not whole."""
        return cls(load_bundle(source), slots=slots)

    # Whole photos

    def find_faces(self, photo) -> list[Face]:
        """The faces of a photo, largest first; empty if there is none."""
        photo = open_photo(photo)
        with self._slow_slots:
            return find_faces(photo)

    def reconstruct(self, photo, face: int = 0) -> Image.Image:
        """What the model itself sees of a face: the decoded square (S x S)."""
        return Image.fromarray(to_uint8(self.open_face(photo, face).reconstruction))

    def edit(self, photo, set: Mapping[str, float] | None = None, keep: Iterable[str] = (), detail: float = 1.0,
             face: int = 0) -> Image.Image:
        """The photo at its own size with one face edited.

        Args:
            set: attribute -> slider units, -2 to 2.
            keep: attributes that must not move.
            detail: 1 shows the photo's own pixels, 0 the plain decoder output.
            face: which face, 0 the largest.
        Raises:
            PhotoError, FaceError, RecipeError: all ValueErrors of one sentence.
        """
        return self.edit_faces(photo, [Recipe(set=set or {}, keep=tuple(keep), detail=detail, face=face)])

    def edit_faces(self, photo, recipes: Iterable[Recipe]) -> Image.Image:
        """The photo with several faces edited, one recipe each; their order makes no difference."""
        photo = open_photo(photo)
        return self.apply_faces(photo, self.open_faces(photo, recipes))

    def sample(self, n: int, seed: int = 0, temperature: float = 1.0) -> list[Image.Image]:
        """Draw n faces (S x S). Face i is the one that seed + i draws alone, so that one recipe finds it again."""
        codes = self.sample_latents(n, seed, temperature)
        return [Image.fromarray(to_uint8(self._decode(z[None])[0])) for z in codes]

    def morph(self, *photos, frames: int = 30, detail: float = 1.0, ease: bool = False) -> list[Image.Image]:
        """The frames from the largest face of one photo to the next one's; see `morph_opened`."""
        return self.morph_opened(*(self.open_face(photo) for photo in photos), frames=frames, detail=detail, ease=ease)

    def animate(self, start, recipe: Recipe, frames: int = 30, ease: bool = False) -> list[Image.Image]:
        """The edit grown from nothing to its full strength. start: a photo, or an OpenFace; ease: gentle ends."""
        check_count(frames, 2, MOST_FRAMES, "frames")
        opened = start if isinstance(start, OpenFace) else self.open_face(start, recipe.face)
        codes = path_codes(opened.z, self.move(opened, recipe), path_times(frames, ease))  # (F, D)
        return [Image.fromarray(self._compose(opened, x_hat, recipe.detail)) for x_hat in self._decode_path(codes)]

    # Opened faces

    def open_face(self, photo, face: int | Face = 0) -> OpenFace:
        """Align, crop and encode a face of the photo, and refine its code: by number, or one of `find_faces`."""
        photo = open_photo(photo)
        face = face if isinstance(face, Face) else choose_face(self.find_faces(photo), face)
        opened = self.open_aligned(face.image, cut_frame(photo, face.matrix, frame_scale(face, PREVIEW_SCALE)))
        return replace(opened, face=face, psnr=compare(face, opened.reconstruction), cut=cut_share(face, photo.size))

    def open_aligned(self, image: Image.Image, frame: np.ndarray | None = None) -> OpenFace:
        """Encode an aligned face, 178 x 218 in RGB, and refine its code; frame: the same face to edit, larger."""
        x = crop_face(image, self.bundle.config.image_size)  # (S, S, 3)
        frame = np.asarray(image) if frame is None else frame
        with self._slow_slots:
            z = self.bundle.refine(x[None], self.bundle.encode(x[None]))  # (1, D)
            matte = head_matte(frame, FACE_BOX)
        return replace(self.open_latent(z), frame=frame, matte=matte)

    def open_faces(self, photo, recipes: Iterable[Recipe]) -> list[tuple[OpenFace, Recipe]]:
        """The face of each recipe beside it, in the order of the faces; the photo is searched once."""
        photo, recipes = open_photo(photo), sorted(recipes, key=lambda recipe: recipe.face)
        for recipe in recipes:
            self.check(recipe)
        faces = self.find_faces(photo)
        return [(self.open_face(photo, choose_face(faces, recipe.face)), recipe) for recipe in recipes]

    def open_latent(self, z: np.ndarray) -> OpenFace:
        """A face that no photo shows: a code (1, D) or (D,)."""
        z = np.asarray(z, np.float32).reshape(1, self.bundle.config.latent_dim)
        x_hat = self._decode(z)
        with self._slots:
            return OpenFace(z, x_hat[0], logits=self.bundle.classify_logits(x_hat)[0])

    def open_drawn(self, recipe: Recipe) -> OpenFace:
        """The drawn face of the recipe's seed and temperature; RecipeError without a seed."""
        if recipe.seed is None:
            raise RecipeError("This recipe has no seed, so it needs a photo to start from.")
        return self.open_latent(self.sample_latents(1, recipe.seed, recipe.temperature))

    def preview(self, opened: OpenFace, recipe: Recipe) -> np.ndarray:
        """The edited face frame, (H, W, 3) uint8 like `opened.frame`; of a drawn face the decoded square (S, S, 3)."""
        return self._compose(opened, self._edited(opened, recipe), recipe.detail)

    def apply(self, photo, opened: OpenFace, recipe: Recipe) -> Image.Image:
        """The photo at its own size with the opened face edited; of a drawn face the decoded square.

        Other edits that the photo already carries stay. Nothing moved: the photo as it is, pixel for pixel.
        """
        if opened.face is None:
            return Image.fromarray(self.preview(opened, recipe))
        photo, x_hat = open_photo(photo), self._edited(opened, recipe)
        if recipe.moves_nothing:
            return photo
        matrix, scale = opened.face.matrix, frame_scale(opened.face, RESULT_SCALE)
        before = cut_frame(photo, matrix, scale)
        after = self._compose(opened, x_hat, recipe.detail, before)
        return paste_back(photo, before, after, matrix, scale)

    def apply_faces(self, photo, opened: Iterable[tuple[OpenFace, Recipe]]) -> Image.Image:
        """`apply` for one face after the other."""
        for face, recipe in opened:
            photo = self.apply(photo, face, recipe)
        return photo

    def move(self, opened: OpenFace, recipe: Recipe) -> np.ndarray:
        """The code (1, D) that an edit decodes; the light on the face stays, unless LIGHT is moved."""
        self.check(recipe)
        # A photo that keeps its detail moves further.
        gain = 1 if opened.frame is None else 1 + recipe.detail * (PHOTO_GAIN - 1)
        strengths = within_reach(self.bundle.latents, opened, recipe.set, gain)
        return self.bundle.latents.edit(opened.z, strengths, keep=recipe.held, hold_light=LIGHT not in strengths)

    def readings(self, opened: OpenFace, recipe: Recipe) -> dict[str, float]:
        """Linear readings, free: attribute -> 0 like the mean face without it, 1 like the mean face with it."""
        meter = self.bundle.latents.meter(self.move(opened, recipe.replace(detail=0)))[0]  # (K,)
        return dict(zip(self.names, meter.tolist(), strict=True))

    def receipt(self, opened: OpenFace, recipe: Recipe) -> Receipt:
        """What the edit did by the classifier, on the composed face: the slower, sterner judge."""
        after = self.preview(opened, recipe)
        before = opened.frame if opened.frame is not None else to_uint8(opened.reconstruction)
        size = self.bundle.config.image_size
        x = np.stack([judged_square(opened, picture, size) for picture in (before, after)])  # (2, S, S, 3)
        with self._slots:
            logits = self.bundle.classify_logits(x)  # (2, K)
        return write_receipt(self.bundle, recipe.set, logits, self.warnings(opened, recipe))

    def warnings(self, opened: OpenFace, recipe: Recipe) -> list[str]:
        """Sentences on why this edit may not come out as hoped; empty when all is well."""
        return edit_warnings(self.bundle, opened, self.check(recipe))

    def sample_latents(self, n: int, seed: int = 0, temperature: float = 1.0) -> np.ndarray:
        """(n, D) codes from the fitted prior, the i-th drawn by seed + i alone."""
        check_count(n, 1, MOST_SAMPLES, "faces")
        recipe = Recipe(seed=seed, temperature=temperature)  # checks both
        seeds = [(recipe.seed + i) % (SEED_LIMIT + 1) for i in range(n)]
        return np.concatenate([self.bundle.sample(1, seed=s, temperature=recipe.temperature) for s in seeds])

    def morph_opened(self, *opened: OpenFace, frames: int = 30, detail: float = 1.0,
                     ease: bool = False) -> list[Image.Image]:
        """Morph opened faces in a row.

        Args:
            opened: two or more faces, photos' or drawn.
            frames: how many from one face to the next, both ends counted.
            ease: start and stop gently at each face instead of moving evenly.
        Returns:
            (len(opened) - 1) * (frames - 1) + 1 pictures of one size: face frames, the first and the last exactly
            the photos' own; with a drawn face among them, the squares that the model sees.
        """
        if len(opened) < 2:
            raise ValueError("A morph needs two faces or more.")
        check_count(frames, 2, MOST_FRAMES, "frames")
        detail = Recipe(detail=detail).detail
        height = max(face.frame.shape[0] if face.frame is not None else 0 for face in opened) or FRAME_SIZE[1]
        pictures = [full_frame(face, height) for face in opened]  # each (H, W, 3) uint8
        drawn = any(face.frame is None for face in opened)
        result, times = [], path_times(frames, ease)
        # Decoded hair of two faces passes into each other; that of photos would show through.
        around = times if all(face.frame is None for face in opened) else time_around(times)
        moments, at = np.unique([times, around], return_inverse=True)
        inner, outer = at.reshape(2, frames)
        for (a, picture_a), (b, picture_b) in pairwise(zip(opened, pictures, strict=True)):
            path = self._decode_path(path_codes(a.z, b.z, moments))  # (M, S, S, 3)
            ends = (picture_a, picture_b, a.reconstruction, b.reconstruction)
            drawing = [(*ends, path[inner[i]], float(times[i]), FACE_BOX, detail, (path[outer[i]], float(around[i])))
                       for i in range(1 if result else 0, frames)]
            with ThreadPoolExecutor(MORPH_THREADS) as pool:  # OpenCV and NumPy let go of Python's lock
                result += [Image.fromarray(face_square(frame) if drawn else frame)
                           for frame in pool.map(lambda given: morph_frame(*given), drawing)]
        return result

    def check(self, recipe: Recipe) -> Recipe:
        """The recipe, if this model has all its attributes; else RecipeError with the nearest name."""
        return recipe.check(self.names)

    def _decode(self, z: np.ndarray, slow: bool = False) -> np.ndarray:
        with self._slow_slots if slow else self._slots:
            return self.bundle.decode(z)  # (B, S, S, 3)

    def _decode_path(self, codes: np.ndarray) -> np.ndarray:
        """(F, S, S, 3), chunk after chunk, so that others who wait for a slot come in between."""
        return in_chunks(lambda part: self._decode(part, slow=True), codes, CHUNK)

    def _edited(self, opened: OpenFace, recipe: Recipe) -> np.ndarray:
        z = self.move(opened, recipe)
        return self._decode(z)[0] if recipe.set else opened.reconstruction  # (S, S, 3)

    def _compose(self, opened: OpenFace, x_hat: np.ndarray, detail: float,
                 frame: np.ndarray | None = None) -> np.ndarray:
        if opened.frame is None:
            return to_uint8(x_hat)
        frame = opened.frame if frame is None else frame
        return edit_frame(frame, opened.reconstruction, x_hat, FACE_BOX, opened.matte, detail, original=opened.original)
