import tracemalloc

import cv2
import numpy as np
import pytest
from PIL import Image, ImageChops

from app.photo.align import cut_frame, native_scale
from app.photo.compose import edit_frame, morph_frame, paste_back
from app.photo.motion import edit_motion, face_oval, morph_motion, scale_flow, warp
from app.photo.residual import Original
from model.preprocessing import FACE_BOX, crop_face
from tests.faces import draw_face

SIZE = 128


def face(seed: int, scale: float = 1.0) -> np.ndarray:
    picture, _ = draw_face(np.random.default_rng(seed), (round(178 * scale), round(218 * scale)))
    return np.asarray(picture)


def decoded(frame: np.ndarray, blur: float = 1.5) -> np.ndarray:
    """What a decoder makes of a frame: the same, softer."""
    return cv2.GaussianBlur(crop_face(Image.fromarray(frame), SIZE), (0, 0), blur)


def moved_down(y: np.ndarray, pixels: float) -> np.ndarray:
    """The mouth's region of a face shifted down, smoothly."""
    flow = np.zeros((SIZE, SIZE, 2), np.float32)
    flow[75:100, 40:88, 1] = -pixels
    return warp(y, cv2.GaussianBlur(flow, (0, 0), 4))


def unlike(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.abs(a.astype(int) - b.astype(int))


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
    matte = np.repeat(np.arange(356)[None] < 178, 356, axis=0).astype(np.float32)
    edited = edit_frame(frame, y0, y0 + 0.2, FACE_BOX, matte)[64:420]
    assert edited[60:300, 40:170] == pytest.approx(128 + 51, abs=1)
    assert np.array_equal(edited[:, 186:], frame[64:420, 186:])


def test_a_warp_moves_each_pixel_from_where_the_flow_points():
    square = cut_square(face(5, 2.0)) / 255
    assert np.array_equal(warp(square, np.zeros((356, 356, 2), np.float32)), square)
    flow = np.zeros((356, 356, 2), np.float32)
    flow[100:200, 120:220] = (3, -2)
    moved = warp(square, flow)
    assert moved[100:200, 120:220] == pytest.approx(square[98:198, 123:223], abs=1e-5)
    flow[100:200, 120:220] = 0
    flow[300:, 300:] = 40  # beyond the border, which is repeated
    beyond = warp(square, flow)
    assert np.array_equal(beyond[:300], square[:300]) and beyond[355, 355] == pytest.approx(square[355, 355], abs=1e-5)


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


def cut_square(frame: np.ndarray) -> np.ndarray:
    return frame[64:420].astype(np.float32)


def test_motion_is_found_in_the_face_only_and_never_far():
    y0 = decoded(face(6))
    flow = edit_motion(y0, moved_down(y0, 3))
    assert flow[80:92, 55:75, 1].mean() < -1.5  # pixels come from above
    assert np.linalg.norm(flow, axis=2).max() <= 5
    assert not flow[face_oval(SIZE) == 0].any()
    assert np.abs(edit_motion(y0, np.clip(y0 * 0.7, 0, 1))).max() < 0.6  # a change of colour moves nothing
    assert not edit_motion(y0, y0).any()
    everything = warp(y0, np.full((SIZE, SIZE, 2), 20, np.float32))
    assert np.linalg.norm(edit_motion(y0, everything), axis=2).max() <= 5


def test_a_morph_may_move_hair_but_not_the_border():
    y0 = decoded(face(6))
    flow = morph_motion(y0, warp(y0, np.full((SIZE, SIZE, 2), 6, np.float32)))
    assert 5 < np.linalg.norm(flow, axis=2).max() <= 12 and flow[face_oval(SIZE) == 0].any()
    assert not np.concatenate([flow[0], flow[-1], flow[:, 0], flow[:, -1]]).any()


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


def photo_and_matrix(size=(900, 700), scale=1.3, degrees=12.0, shift=(-120.0, -60.0)):
    rng = np.random.default_rng(0)
    photo = Image.fromarray(rng.integers(0, 255, (*size[::-1], 3), dtype=np.uint8))
    a = np.radians(degrees)
    matrix = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0]]) / scale
    matrix[:, 2] = shift
    return photo, matrix


def test_pasting_back_nothing_is_the_same_photo():
    photo, matrix = photo_and_matrix()
    frame = cut_frame(photo, matrix, 1.3)
    assert paste_back(photo, frame, frame.copy(), matrix, 1.3) is photo


@pytest.mark.parametrize("shift", [(-120, -60), (60, 60), (-600, -450)], ids=["inside", "cut at the top", "and below"])
def test_pasting_back_touches_the_changed_pixels_only(shift):
    photo, matrix = photo_and_matrix(shift=shift)
    scale = native_scale(matrix)
    before = cut_frame(photo, matrix, scale)
    after = before.copy()
    after[100:160, 80:150] = 255 - after[100:160, 80:150]
    result = paste_back(photo, before, after, matrix, scale)
    assert result.size == photo.size and result is not photo
    x, y = np.meshgrid(np.arange(photo.width), np.arange(photo.height))
    at = np.stack([x, y], axis=-1) @ matrix[:, :2].T + matrix[:, 2]
    at = (at + 0.5) * scale - 0.5  # where each pixel of the photo lies in the frame
    near = (np.abs(at - (114.5, 129.5)) < (38, 33)).all(axis=2)
    changed = unlike(np.asarray(result), np.asarray(photo)).max(axis=2) > 0
    assert not changed[~near].any()
    assert changed[near].any() == near.any()


def test_pasting_back_a_smooth_change_is_exact():
    photo, matrix = photo_and_matrix()
    photo = Image.new("RGB", photo.size, (90, 90, 90))
    for scale in (1.0, 1.3, 2.0):
        before = cut_frame(photo, matrix, scale)
        result = np.asarray(paste_back(photo, before, before + np.uint8(40), matrix, scale))
        middle = np.rint(np.linalg.solve(matrix[:, :2], np.array([89, 109]) - matrix[:, 2])).astype(int)
        assert (result[middle[1] - 30 : middle[1] + 30, middle[0] - 30 : middle[0] + 30] == 130).all()


def test_a_photos_colour_profile_outlives_an_edit():
    photo, matrix = photo_and_matrix()
    photo.info["icc_profile"] = b"profile"
    frame = cut_frame(photo, matrix, 1.0)
    assert paste_back(photo, frame, 255 - frame, matrix, 1.0).info == {"icc_profile": b"profile"}


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


def test_a_face_that_fills_25_megapixels_is_put_back_in_little_memory():
    """Besides the new photo, which Pillow holds and tracemalloc does not see."""
    photo = Image.fromarray(face(11)).resize((4500, 5500), Image.Resampling.BILINEAR)
    matrix = np.array([[178 / 4500, 0, 0], [0, 218 / 5500, 0]])
    before = cut_frame(photo, matrix, 2.0)
    after = before.copy()
    after[200:230, 170:180] ^= 64
    tracemalloc.start()
    result = paste_back(photo, before, after, matrix, 2.0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100e6
    changed = ImageChops.difference(result, photo).getbbox()
    left, top, right, bottom = (round(pixel * 4500 / 356) for pixel in (170, 200, 180, 230))
    assert changed[0] >= left - 40 and changed[1] >= top - 40 and changed[2] <= right + 40 and changed[3] <= bottom + 40
    assert changed[3] - changed[1] > 256  # over more than one band
