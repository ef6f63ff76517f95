"""The editor on the linear fake model, and a photo whose faces are where they were drawn."""

import pytest

import app.editor
from app.editor import FaceEditor
from tests.app.fakes import FakeBundle, faces_at, photo_of_faces


@pytest.fixture
def photo(monkeypatch):
    photo, matrices = photo_of_faces()
    monkeypatch.setattr(app.editor, "find_faces", lambda photo: faces_at(photo, matrices))
    return photo


@pytest.fixture
def editor():
    return FaceEditor(FakeBundle())
