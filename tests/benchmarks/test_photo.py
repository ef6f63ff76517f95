"""The comparison of photo mode's ways, on drawn faces and the tiny model."""

import numpy as np
import pytest

from app.faces import OpenFace
from benchmarks import photo
from model.preprocessing import FACE_BOX
from tests.faces import draw_face, tiny_bundle


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return tiny_bundle(tmp_path_factory.mktemp("photo") / "bundle")


def test_each_mode_is_measured_and_the_plain_one_is_the_yardstick(bundle, folder, tmp_path, capsys):
    arguments = ["--bundle", bundle, "--data", str(folder), "--faces", "2"]
    assert photo.main(arguments) == 0
    shown = capsys.readouterr().out
    rows = [line.split(" | ") for line in shown.splitlines() if line.startswith("| ") and "logits" not in line]
    assert len(rows) == len(photo.EDITS) * len(photo.MODES)
    assert all(row[3] == "100%" for row in rows if row[1] == "plain decoder")
    assert "2 full-size validation faces" in shown
    assert "sharpness within 5% of the photo's for" in shown
    assert "a morph of 60 frames of 178 x 218" in shown


def test_the_plain_mode_shows_the_decoder_in_the_square_and_the_photo_around_it():
    frame = np.asarray(draw_face(np.random.default_rng(0))[0])
    y1 = np.full((16, 16, 3), 0.25, np.float32)
    shown = photo.plain(OpenFace(np.zeros((1, 4)), y1, frame), y1)
    left, top, right, bottom = FACE_BOX
    assert (shown[top:bottom, left:right] == 64).all()
    assert np.array_equal(shown[:top], frame[:top])
    assert np.array_equal(shown[bottom:], frame[bottom:])


@pytest.mark.parametrize("portraits", ["empty", "missing"])
def test_a_folder_without_faces_is_a_sentence(bundle, folder, tmp_path, capsys, portraits):
    (tmp_path / "empty").mkdir()
    arguments = ["--bundle", bundle, "--data", str(folder), "--portraits", str(tmp_path / portraits), "--faces", "1"]
    assert photo.main(arguments) == 1
    error = capsys.readouterr().err
    assert error.startswith("benchmarks.photo: ")
    assert portraits in error
