"""Edits and morphs made of the photo's own pixels."""

import cv2
import numpy as np
import pytest
from PIL import Image

from app.photo.compose import edit_frame, morph_frame, paste_back, time_around
from app.photo.motion import edit_motion, scale_flow, warp
from app.photo.residual import Original
from model.preprocessing import FACE_BOX
from tests.photo.fakes import SIZE, cut_square, decoded, face, moved_down, unlike


@pytest.mark.parametrize("scale", [0.5, 1.0, 2.3])
def test_nothing_moved_is_the_photo_pixel_for_pixel(scale):
    frame = face(1, scale)
    y0 = decoded(frame)
    result = edit_frame(frame, y0, y0.copy(), FACE_BOX)
    assert np.array_equal(result, frame) and result is not frame
    nearly = y0.copy()
    nearly[0, 0] += 1e-6  # all the arithmetic, and still nothing to see
    assert np.array_equal(edit_frame(frame, y0, nearly, FACE_BOX), frame)


@pytest.mark.parametrize("motion", [True, False])
def test_nothing_outside_the_square_changes_and_its_border_fades(motion):
    frame = face(2, 2.0)
    y0 = decoded(frame)
    result = edit_frame(frame, y0, 1 - y0, FACE_BOX, motion=motion)
    assert np.array_equal(result[:64], frame[:64]) and np.array_equal(result[420:], frame[420:])
    changed = unlike(result, frame)[64:420].max(axis=2)
    for line in (changed[0], changed[-1], changed[:, 0], changed[:, -1]):
        assert line.max() <= 1
    assert changed.max() > 60


def test_a_change_of_colour_keeps_the_photos_detail():
    rng = np.random.default_rng(0)
    frame = np.clip(face(3, 2.0) + rng.normal(0, 12, (436, 356, 3)), 0, 255).astype(np.uint8)  # skin, hair: fine grain
    y0 = decoded(frame)
    result = edit_frame(frame, y0, np.clip(y0 * 0.8, 0, 1), FACE_BOX)
    inside = (slice(180, 330), slice(110, 250))

    def sharpness(picture):
        return np.abs(cv2.Laplacian(picture[inside].astype(np.float32), cv2.CV_32F)).mean()

    assert sharpness(result) == pytest.approx(sharpness(frame), rel=0.05)
    assert result[inside].mean() == pytest.approx(0.8 * frame[inside].mean(), rel=0.05)


def test_detail_fades_to_the_plain_decoder():
    frame = face(4, 2.0)
    y0 = decoded(frame)
    y1 = moved_down(y0, 4)
    plain = edit_frame(frame, y0, y1, FACE_BOX, detail=0.0)
    square = cv2.resize(y1, (356, 356), interpolation=cv2.INTER_CUBIC) * 255
    inner = slice(40, -40)
    assert unlike(plain[64:420], np.clip(np.rint(square), 0, 255))[inner, inner].max() <= 1
    full, half = (edit_frame(frame, y0, y1, FACE_BOX, detail=detail) for detail in (1.0, 0.5))
    assert unlike(half, (full / 2 + plain / 2).round()).max() <= 1
    assert np.array_equal(edit_frame(frame, y0, y0, FACE_BOX, detail=0.0)[:64], frame[:64])


def test_what_was_found_of_the_photo_once_serves_every_edit():
    frame = face(4, 2.0)
    y0 = decoded(frame)
    found = Original.of(cut_square(frame) / 255, y0)
    for y1 in (moved_down(y0, 4), np.clip(y0 * 1.3, 0, 1)):
        anew = edit_frame(frame, y0, y1, FACE_BOX)
        assert np.array_equal(edit_frame(frame, y0, y1, FACE_BOX, original=found), anew)
    larger = face(4, 3.0)  # the same photo at another scale
    wanted = edit_frame(larger, y0, np.clip(y0 * 1.3, 0, 1), FACE_BOX)
    assert unlike(edit_frame(larger, y0, np.clip(y0 * 1.3, 0, 1), FACE_BOX, original=found), wanted).mean() < 1


def test_what_lies_behind_the_head_keeps_its_colours():
    frame = np.full((436, 356, 3), 128, np.uint8)
    y0 = np.full((SIZE, SIZE, 3), 0.5, np.float32)
    matte = np.repeat(np.arange(356)[None] < 178, 436, axis=0).astype(np.float32)
    edited = edit_frame(frame, y0, y0 + 0.2, FACE_BOX, matte)[64:420]
    assert edited[60:300, 40:170] == pytest.approx(128 + 51, abs=1)
    assert np.array_equal(edited[:, 186:], frame[64:420, 186:])


def test_hair_above_the_square_changes_with_the_rest_of_it():
    frame = np.full((436, 356, 3), 128, np.uint8)
    y0 = np.full((SIZE, SIZE, 3), 0.5, np.float32)
    matte = np.repeat(np.arange(436)[:, None] > 40, 356, axis=1).astype(np.float32)  # the square begins at 64
    for detail, wanted in ((1.0, 51), (0.5, 25.5)):
        edited = edit_frame(frame, y0, y0 + 0.2, FACE_BOX, matte, detail)
        assert edited[50:64, 60:300] == pytest.approx(128 + wanted, abs=2)
        assert np.array_equal(edited[:36], frame[:36])


def test_what_moves_is_the_photos_own_pixels():
    frame = face(5, 2.0)
    y0 = decoded(frame)
    y1 = moved_down(y0, 4)
    wanted = cut_square(frame)
    flow = np.zeros((SIZE, SIZE, 2), np.float32)
    flow[75:100, 40:88, 1] = -4
    wanted = warp(wanted, scale_flow(cv2.GaussianBlur(flow, (0, 0), 4), (356, 356)))  # the same motion, in the photo
    mouth = (slice(210, 290), slice(110, 246))
    errors = [np.abs(cut_square(edit_frame(frame, y0, y1, FACE_BOX, motion=motion)) - wanted)[mouth].mean()
              for motion in (True, False)]
    assert errors[0] < 0.7 * errors[1]


def test_tiny_pictures_have_no_motion_but_an_edit():
    y0 = np.full((16, 16, 3), 0.5, np.float32)
    frame = np.full((218, 178, 3), 128, np.uint8)
    assert edit_frame(frame, y0, y0 + 0.2, FACE_BOX)[120, 90, 0] == pytest.approx(128 + 51, abs=2)
    assert not edit_motion(y0[:8, :8], y0[:8, :8] + 0.1).any()


def test_wrong_shapes_are_said():
    frame, y = face(7), decoded(face(7))
    with pytest.raises(ValueError, match="squares of one size"):
        edit_frame(frame, y, y[:64], FACE_BOX)
    with pytest.raises(ValueError, match="one size"):
        morph_frame(frame, frame[:, :100], y, y, y, 0.5, FACE_BOX)
    with pytest.raises(ValueError, match="178 x 218"):
        paste_back(Image.fromarray(frame), frame[:100], 255 - frame[:100], np.eye(2, 3), 1.0)


def test_a_morph_has_exact_ends_and_starts_without_a_jump():
    a, b = face(8, 1.5), face(9, 1.5)
    y_a, y_b = decoded(a), decoded(b)
    for detail in (1.0, 0.3):
        assert np.array_equal(morph_frame(a, b, y_a, y_b, y_a, 0.0, FACE_BOX, detail), a)
        assert np.array_equal(morph_frame(a, b, y_a, y_b, y_b, 1.0, FACE_BOX, detail), b)
    t = 0.001
    assert unlike(morph_frame(a, b, y_a, y_b, (1 - t) * y_a + t * y_b, t, FACE_BOX), a).max() <= 2
    assert unlike(morph_frame(a, b, y_a, y_b, t * y_a + (1 - t) * y_b, 1 - t, FACE_BOX), b).max() <= 2


def test_a_morph_follows_the_decoded_path_and_fades_the_rest():
    a, b = face(8, 1.5), face(9, 1.5)
    y_a, y_b = decoded(a), decoded(b)
    y_t = np.clip(0.5 * (y_a + y_b) * (0.6, 1.0, 1.4), 0, 1).astype(np.float32)  # the path is not the mean
    middle = morph_frame(a, b, y_a, y_b, y_t, 0.5, FACE_BOX)
    assert np.abs(decoded(middle) - y_t)[30:110, 30:98].mean() < 0.03
    assert unlike(middle[:40], (a[:40] / 2 + b[:40] / 2)).max() <= 1


def test_hair_and_walls_of_a_morph_pass_in_its_middle():
    assert time_around([0, 0.2, 0.5, 0.8, 1]) == pytest.approx([0, 0, 0.5, 1, 1])
    a, b = face(8, 1.5), face(9, 1.5)
    y_a, y_b = decoded(a), decoded(b)
    y_t = (0.8 * y_a + 0.2 * y_b).astype(np.float32)
    early = morph_frame(a, b, y_a, y_b, y_t, 0.2, FACE_BOX, around=(y_a, 0.0))
    assert np.array_equal(early[:40], a[:40]) and unlike(early[:, :20], a[:, :20]).max() <= 1
    same = morph_frame(a, b, y_a, y_b, y_t, 0.2, FACE_BOX)
    middle = (slice(150, 190), slice(110, 160))
    assert unlike(early[middle], same[middle]).mean() < 0.5  # the inner face is on its way all the same
    assert unlike(early[middle], a[middle]).mean() > 1
