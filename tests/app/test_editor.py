"""The editor on a linear fake model, whose every answer is known."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

import app.editor
from app.editor import PHOTO_GAIN, FaceEditor
from app.faces import FaceError, describe_face
from app.recipe import Recipe, RecipeError
from tests.app.fakes import NAMES, SIZE, FakeBundle

SMILE = Recipe(set={"Smiling": 1.0})


def pixels(image) -> np.ndarray:
    return np.asarray(image, np.int16)


def test_nothing_moved_returns_the_photo_pixel_for_pixel(editor, photo):
    assert np.array_equal(pixels(editor.edit(photo)), pixels(photo))
    assert np.array_equal(pixels(editor.edit(photo, {"Smiling": 0}, keep=["Young"], face=1)), pixels(photo))


def test_an_edit_changes_its_face_and_nothing_else(editor, photo):
    edited = editor.edit(photo, {"Smiling": 1.0}, keep=("Young",))
    change = np.abs(pixels(edited) - pixels(photo)).max(axis=2)
    assert edited.size == photo.size
    assert change[124:480, 40:396].max() > 10  # the model's square of the largest face
    change[60:496, 40:396] = 0  # its whole frame
    assert change.max() == 0


def test_detail_shows_the_plain_decoder(editor, photo):
    opened = editor.open_face(photo)
    plain, full = editor.preview(opened, SMILE.replace(detail=0.0)), editor.preview(opened, SMILE)
    assert np.abs(pixels(plain) - pixels(full)).max() > 20
    assert np.array_equal(editor.preview(opened, Recipe()), opened.frame)


def test_the_same_recipe_gives_the_same_pixels_by_every_door(editor, photo, tmp_path):
    recipe = Recipe(set={"Smiling": 1.0, "Male": -0.5}, keep=("Young",), detail=0.8, face=1)
    photo.save(tmp_path / "photo.png")
    expected = editor.apply(photo, editor.open_face(photo, 1), Recipe.from_query(recipe.to_query()))
    assert np.array_equal(pixels(editor.edit(tmp_path / "photo.png", **_arguments(recipe))), pixels(expected))
    other = FaceEditor(FakeBundle())
    assert np.array_equal(pixels(other.edit_faces(photo, [Recipe.from_json(recipe.to_json())])), pixels(expected))


def _arguments(recipe):
    return {"set": recipe.set, "keep": recipe.keep, "detail": recipe.detail, "face": recipe.face}


def test_edits_of_one_face_stay_while_another_is_edited(editor, photo):
    first, second = SMILE, Recipe(set={"Male": 1.0}, face=1)
    both = pixels(editor.edit_faces(photo, [second, first]))
    assert np.array_equal(both, pixels(editor.edit_faces(photo, [first, second])))
    alone = [pixels(editor.edit_faces(photo, [recipe])) for recipe in (first, second)]
    assert np.array_equal(both[:, :500], alone[0][:, :500])
    assert np.array_equal(both[:, 500:], alone[1][:, 500:])
    assert not np.array_equal(both, alone[0])


def test_faces_that_are_not_there(editor, photo, monkeypatch):
    with pytest.raises(FaceError, match="no face number 2; this photo has 2 faces, numbered 0 to 1"):
        editor.edit(photo, {"Smiling": 1}, face=2)
    monkeypatch.setattr(app.editor, "find_faces", lambda photo: [])
    assert editor.find_faces(photo) == []
    for task in (editor.edit, editor.reconstruct, editor.open_face):
        with pytest.raises(FaceError, match="No face was found"):
            task(photo)


def test_a_face_as_json_lies_where_it_was_drawn(photo):
    described = describe_face(app.editor.find_faces(photo)[0], 0)
    assert described["box"] == [40, 124, 396, 480]
    assert np.allclose(described["landmarks"][0], (40 + 2 * 69.1, 60 + 2 * 111.4), atol=0.1)


@pytest.mark.parametrize("task", ["preview", "readings", "receipt", "warnings"])
def test_unknown_attributes_are_refused_everywhere(editor, photo, task):
    with pytest.raises(RecipeError, match="did you mean Smiling"):
        getattr(editor, task)(editor.open_face(photo), Recipe(set={"smiling": 1.0}))
    with pytest.raises(RecipeError, match="did you mean Young"):
        editor.edit(photo, keep=["Yung"])
    with pytest.raises(RecipeError, match="did you mean Male"):
        editor.animate(photo, Recipe(set={"male": 1}))


def test_a_drawn_face_comes_back_by_its_seed_alone(editor):
    row = editor.sample(4, seed=10)
    assert [picture.size for picture in row] == [(SIZE, SIZE)] * 4
    assert np.array_equal(pixels(editor.sample(1, seed=12)[0]), pixels(row[2]))
    assert not np.array_equal(pixels(row[0]), pixels(row[1]))
    opened = editor.open_drawn(Recipe(seed=12))
    assert np.array_equal(editor.preview(opened, Recipe()), pixels(row[2]))
    assert np.array_equal(pixels(editor.apply(None, opened, SMILE)), editor.preview(opened, SMILE))
    assert editor.sample_latents(2, seed=2**32 - 1).shape == (2, 4)  # the next seed after the last is the first
    assert np.allclose(editor.sample_latents(1, 5, temperature=0.5) * 2, editor.sample_latents(1, 5))
    for count, seed, temperature in ((0, 0, 1), (65, 0, 1), (1, -1, 1), (1, 0, 3)):
        with pytest.raises(ValueError, match="from"):
            editor.sample(count, seed, temperature)
    with pytest.raises(RecipeError, match="needs a photo"):
        editor.open_drawn(Recipe())


def test_reconstruct_is_the_models_own_picture(editor, photo):
    opened = editor.open_face(photo)
    picture = editor.reconstruct(photo)
    assert picture.size == (SIZE, SIZE)
    assert np.abs(pixels(picture) / 255 - opened.reconstruction).max() < 0.005
    assert 5 < opened.psnr < 60


def test_morphs_begin_and_end_as_the_photos_do(editor, photo):
    a, b = editor.open_face(photo, 0), editor.open_face(photo, 1)
    frames = editor.morph_opened(a, b, a, frames=5)
    assert len(frames) == 9 and len({frame.size for frame in frames}) == 1
    assert np.array_equal(pixels(frames[0]), a.frame)
    assert np.array_equal(pixels(frames[-1]), a.frame)
    resized = Image.fromarray(b.frame).resize(frames[0].size, Image.Resampling.LANCZOS)
    assert np.array_equal(pixels(frames[4]), pixels(resized))
    assert not np.array_equal(pixels(frames[2]), pixels(frames[0]))
    for faces, count in (((a,), 5), ((a, b), 1), ((a, b), 301)):
        with pytest.raises(ValueError, match="two faces|number of frames"):
            editor.morph_opened(*faces, frames=count)


def test_drawn_faces_morph_as_squares(editor, photo):
    drawn = editor.open_drawn(Recipe(seed=1))
    for other in (editor.open_drawn(Recipe(seed=2)), editor.open_face(photo)):
        width, height = editor.morph_opened(drawn, other, frames=3)[0].size
        assert width == height


def test_an_animation_grows_from_the_photo_to_the_edit(editor, photo):
    opened = editor.open_face(photo)
    frames = editor.animate(photo, SMILE, frames=6)
    assert len(frames) == 6
    assert np.abs(pixels(frames[0]) - pixels(opened.frame)).max() <= 1
    assert np.abs(pixels(frames[-1]) - pixels(editor.preview(opened, SMILE))).max() <= 1
    change = [np.abs(pixels(frame) - pixels(opened.frame)).mean() for frame in frames]
    assert change == sorted(change) and change[-1] > 1


def test_a_photo_that_keeps_its_detail_moves_the_code_further(editor, photo, monkeypatch):
    opened, drawn = editor.open_face(photo), editor.open_latent(editor.bundle.latents.mean)
    opened = replace(opened, z=drawn.z)  # the same room for both to move in
    decoded = []
    decode = editor.bundle.decode
    monkeypatch.setattr(editor.bundle, "decode", lambda z: decoded.append(z) or decode(z))
    for face, detail in ((opened, 1.0), (opened, 0.0), (drawn, 1.0)):
        editor.preview(face, Recipe(set={"Smiling": 1.0}, detail=detail))
    moved = [np.linalg.norm(z - face.z) for z, face in zip(decoded, (opened, opened, drawn), strict=True)]
    assert moved == pytest.approx([PHOTO_GAIN * moved[2], moved[2], moved[2]], rel=1e-4) and PHOTO_GAIN > 1


def test_an_edit_leaves_the_light_alone_unless_it_is_about_light(editor, monkeypatch):
    light = np.random.default_rng(1).normal(size=(4, 1))
    monkeypatch.setattr(editor.bundle, "latents", replace(editor.bundle.latents, light=light))
    monkeypatch.setattr("app.editor.LIGHT", "Bald")
    reader = np.linalg.solve(np.asarray(editor.bundle.latents.covariance, np.float64), light)
    face = editor.open_latent(editor.bundle.latents.mean)
    for name, stays in (("Smiling", True), ("Bald", False)):
        change = ((editor.move(face, Recipe(set={name: 1.0})) - face.z) @ reader).item()
        assert (abs(change) < 1e-4) is stays


def test_a_wall_behind_the_head_stays_as_it_was(editor, photo):
    opened = editor.open_face(photo)
    assert opened.matte.shape == opened.frame.shape[:2]
    height, width = opened.matte.shape
    assert opened.matte[height // 2 : 2 * height // 3, 2 * width // 5 : 3 * width // 5].min() > 0.99
    left = replace(opened, matte=np.repeat(np.arange(128)[None] < 64, 128, axis=0).astype(np.float32))
    changed = np.abs(pixels(editor.preview(left, Recipe(set={"Smiling": 2.0}))) - pixels(opened.frame)).max(axis=2)
    beside = changed.shape[1] // 5  # of the inner face, whose motion is not the matte's business
    assert changed[:, :beside].max() > 10
    assert not changed[:, -beside:].any()


def test_readings_move_as_asked_and_kept_ones_stay(editor, photo):
    opened = replace(editor.open_face(photo), z=editor.bundle.latents.centroid_negative[:1])
    rest = editor.readings(opened, Recipe())
    moved = editor.readings(opened, Recipe(set={"Smiling": 1.0}, keep=("Young",)))
    assert tuple(rest) == NAMES
    assert moved["Smiling"] - rest["Smiling"] == pytest.approx(1, abs=1e-4)  # uncalibrated: one centroid vector
    assert moved["Young"] == pytest.approx(rest["Young"], abs=1e-4)
    # A kept attribute that is also set goes where its slider says.
    assert editor.readings(opened, Recipe(set={"Smiling": 1.0}, keep=("Smiling",)))["Smiling"] != rest["Smiling"]


def test_easing_starts_gently_and_keeps_the_ends(editor):
    a, b = (editor.open_drawn(Recipe(seed=seed)) for seed in (1, 2))
    even, eased = (editor.morph_opened(a, b, frames=9, ease=ease) for ease in (False, True))
    for i in (0, 4, 8):
        assert np.array_equal(np.asarray(even[i]), np.asarray(eased[i]))
    step = [np.abs(np.asarray(frames[1], int) - np.asarray(frames[0], int)).sum() for frames in (even, eased)]
    assert step[1] < 0.7 * step[0]
