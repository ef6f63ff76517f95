"""Whose face is being edited: what the page's state remembers of it, and how the face itself is found again."""

import os
import secrets
from dataclasses import dataclass, field, replace

import numpy as np
from PIL import Image

from app.editor import FaceEditor
from app.faces import FaceError, OpenFace, choose_face
from app.photo.align import Face, cut_frame
from app.photo.open import open_photo
from app.recipe import Recipe
from app.ui.history import History
from app.ui.store import FaceStore

CROWD_FACES = 24  # of a crowd, the largest


@dataclass(frozen=True, eq=False)
class FacePlace:
    """A found face without its pixels: matrix (2, 3) photo -> CelebA frame, landmarks (5, 2), score."""

    matrix: np.ndarray
    landmarks: np.ndarray
    score: float

    def cut(self, photo: Image.Image) -> Face:
        """The face in its photo again."""
        return Face(Image.fromarray(cut_frame(photo, self.matrix, 1.0)), self.matrix, self.landmarks, self.score)


@dataclass(frozen=True)
class Subject:
    """What gr.State holds of the photo or the drawn face in hand: codes and numbers, no pixels.

    token: names the subject in the store of opened faces.
    bundle: the short hash of the model that opened it.
    path: the uploaded file; None for a drawn face.
    places: the faces found in it, largest first; empty for a drawn face.
    face: which of them is edited.
    size: width and height of the photo, None for a drawn face.
    seed, temperature: of the drawn face.
    histories: face number -> what was done to it. Changed in place and shared by every version of this subject, so
        that two handlers at work at once cannot lose each other's steps.
    shown: face number -> the edit that its picture shows, or is about to; changed in place as well.
    pending: a link's edit of a photo, waiting for that photo to be opened.
    """

    token: str
    bundle: str
    path: str | None = None
    places: tuple[FacePlace, ...] = ()
    face: int = 0
    size: tuple[int, int] | None = None
    seed: int | None = None
    temperature: float = 1.0
    histories: dict[int, History] = field(default_factory=dict)
    shown: dict[int, Recipe] = field(default_factory=dict)
    pending: Recipe | None = None

    @property
    def history(self) -> History:
        """Of the face in hand."""
        return self.histories.get(self.face) or History((self.complete(Recipe()),))

    def complete(self, recipe: Recipe) -> Recipe:
        """The recipe with this subject's model and face or seed in it."""
        recipe = recipe.replace(bundle=self.bundle)
        if self.path is None:
            return recipe.replace(seed=self.seed, temperature=self.temperature, face=0)
        return recipe.replace(seed=None, temperature=1.0, face=self.face)

    def remember(self, history: History) -> History:
        """Keep this as the history of the face in hand."""
        self.shown[self.face] = history.current
        self.histories[self.face] = history
        return history

    def settle(self, recipe: Recipe) -> History:
        """The history once a drag has come to rest at this edit.

        If something else shows by now, such as the step before because of a click on Undo, word of the rest came late:
        then it is no step of the history.
        """
        late = self.shown.get(self.face, recipe) != recipe
        return self.history if late else self.remember(self.history.push(recipe))

    def recipes(self) -> tuple[Recipe, ...]:
        """The edits of every face of the photo, in the order of the faces; at least that of the face in hand."""
        others = (history.current for face, history in self.histories.items() if face != self.face)
        edits = [recipe for recipe in others if not recipe.moves_nothing]
        return tuple(sorted((*edits, self.history.current), key=lambda recipe: recipe.face))

    def link(self, recipe: Recipe) -> str:
        """The query of an address that opens with this edit; empty for a photo as it is."""
        if self.pending is not None:  # still a photo's edit, although a drawn face shows it for now
            recipe = recipe.replace(seed=None, temperature=1.0)
        plain = recipe.moves_nothing and not recipe.keep and recipe.seed is None
        return "" if plain else recipe.to_query()

    def waiting(self, recipe: Recipe) -> "Subject":
        """With an edit that the next photo gets."""
        return replace(self, pending=recipe)

    def choose(self, face: int) -> "Subject":
        """With another face of the same photo in hand."""
        if not 0 <= face < max(len(self.places), 1):
            raise FaceError(f"There is no face number {face} in this photo.")
        return replace(self, face=face)


class Subjects:
    """Opens subjects, and their faces whenever they are needed."""

    def __init__(self, editor: FaceEditor, store: FaceStore):
        self.editor = editor
        self._store = store
        self._shared: set[str] = set()  # tokens
        # A plain function, not a method: Gradio deep-copies the page's configuration, callbacks included, for every
        # visitor, and a method would take the editor and its whole model along.
        self.forget = lambda subject: self._forget(subject)

    def from_photo(self, path: str, face: int = 0) -> Subject:
        """The faces of an uploaded photo, with the one of that number in hand, or else the largest.

        PhotoError or FaceError if there is none to edit.
        """
        photo = open_photo(path)
        found = self.editor.find_faces(photo)[:CROWD_FACES]
        face = face if face < len(found) else 0
        chosen = choose_face(found, face)
        places = tuple(FacePlace(np.asarray(one.matrix), np.asarray(one.landmarks), float(one.score)) for one in found)
        subject = Subject(secrets.token_hex(16), self.editor.bundle.hash, str(path), places, face,
                          photo.size)
        self._store.put((subject.token, subject.face), self.editor.open_face(photo, chosen))
        return subject

    def from_seed(self, seed: int, temperature: float = 1.0) -> Subject:
        """The drawn face of this seed; RecipeError for a seed or a temperature out of range."""
        recipe = Recipe(seed=seed, temperature=temperature)
        subject = Subject(secrets.token_hex(16), self.editor.bundle.hash, seed=recipe.seed,
                          temperature=recipe.temperature)
        self.opened(subject)
        return subject

    def shared(self, subject: Subject) -> Subject:
        """A subject that every visitor begins with, so that nobody's leaving takes its face from the others."""
        self._shared.add(subject.token)
        return subject

    def opened(self, subject: Subject, face: int | None = None) -> OpenFace:
        """The subject's face in hand (or another of its photo), from the store or opened again."""
        face = subject.face if face is None else face
        return self._store.get((subject.token, face), lambda: self._open(subject, face))

    def photo(self, subject: Subject) -> Image.Image:
        """The whole photo, read anew; FileNotFoundError once it was cleared away."""
        if subject.path is None:
            raise ValueError("A drawn face has no photo.")
        if not os.path.exists(subject.path):
            raise FileNotFoundError(subject.path)
        return open_photo(subject.path)

    def finished(self, subject: Subject) -> Image.Image:
        """The result at full size, with the edits of every face of the photo."""
        if subject.path is None:
            return self.editor.apply(None, self.opened(subject), subject.history.current)
        edits = [(self.opened(subject, face), history.current) for face, history in sorted(subject.histories.items())]
        return self.editor.apply_faces(self.photo(subject), edits)

    def thumbnails(self, subject: Subject) -> list[Image.Image]:
        """The faces of the photo, cut from it."""
        photo = self.photo(subject)
        return [place.cut(photo).image for place in subject.places]

    def hold(self, subject: Subject) -> None:
        """Say that the photo is still in use, so that the file outlives Gradio's clearing of old ones."""
        if subject.path is not None and os.path.exists(subject.path):
            os.utime(subject.path)

    def _forget(self, subject: Subject | None) -> None:
        """Drop what the store has of it."""
        if subject is not None and subject.token and subject.token not in self._shared:
            self._store.drop(subject.token)

    def _open(self, subject: Subject, face: int) -> OpenFace:
        if subject.path is None:
            return self.editor.open_drawn(Recipe(seed=subject.seed, temperature=subject.temperature))
        photo = self.photo(subject)
        return self.editor.open_face(photo, subject.places[face].cut(photo))
