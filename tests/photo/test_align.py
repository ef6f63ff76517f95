import threading

import numpy as np
import pytest
import skimage.data
from PIL import Image

from app.photo import align
from app.photo.align import FRAME_POINTS, FRAME_SIZE, cut_frame, find_faces, frame_matrix, native_scale, similarity
from model.preprocessing import FRAME_SIZE as MODEL_FRAME_SIZE
from tests.faces import draw_face


@pytest.fixture(scope="module")
def astronaut():
    return Image.fromarray(skimage.data.astronaut())


def turned(scale: float, degrees: float, shift=(0.0, 0.0)) -> np.ndarray:
    a = np.radians(degrees)
    turn = scale * np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])
    return np.hstack([turn, np.array(shift)[:, None]])


def put(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    return points @ matrix[:, :2].T + matrix[:, 2]


def test_the_frame_is_the_models():
    assert FRAME_SIZE == MODEL_FRAME_SIZE


def test_similarity_finds_the_transform_and_its_inverse():
    matrix = turned(1.7, 25, (-30, 12))
    points = np.array([(0.0, 0.0), (10, 1), (4, 9)])
    assert np.allclose(similarity(points, put(matrix, points)), matrix)
    assert native_scale(matrix) == pytest.approx(1 / 1.7)


def test_similarity_is_least_squares_and_never_a_mirror():
    rng = np.random.default_rng(0)
    source, target = rng.normal(size=(3, 2)), rng.normal(size=(3, 2))
    best = similarity(source, target)
    error = ((put(best, source) - target) ** 2).sum()
    for _ in range(50):
        other = best + rng.normal(0, 0.05, (2, 3)) * [1, 0, 1]
        other[0, 1], other[1, 1] = -other[1, 0], other[0, 0]  # another similarity nearby
        assert ((put(other, source) - target) ** 2).sum() > error
    assert np.linalg.det(similarity(source, source * [-1, 1])[:, :2]) >= 0


@pytest.mark.parametrize("scale", [0.5, 1.0, 1.37, 3.0])
def test_a_frame_covers_the_same_place_at_every_scale(scale):
    matrix, size = frame_matrix(turned(0.8, 10, (5, -7)), scale)
    assert size == (round(178 * scale), round(218 * scale))
    corner = np.array([[-0.5, -0.5]])  # the outer corner of the first pixel, in every frame
    in_photo = np.linalg.solve(turned(0.8, 10)[:, :2], (corner - turned(0.8, 10, (5, -7))[:, 2]).T).T
    assert np.allclose(put(matrix, in_photo), corner)


def test_cutting_where_the_photo_is_the_frame_gives_it_back():
    frame, _ = draw_face(np.random.default_rng(3))
    assert np.array_equal(cut_frame(frame, turned(1, 0), 1.0), np.asarray(frame))


def test_cutting_undoes_turning_and_shrinks_without_aliasing():
    frame, _ = draw_face(np.random.default_rng(3))
    large = frame.resize((178 * 6, 218 * 6), Image.Resampling.BICUBIC)
    matrix = np.array([[1 / 6, 0, -2.5 / 6], [0, 1 / 6, -2.5 / 6]])
    assert np.abs(cut_frame(large, matrix, 1.0).astype(int) - np.asarray(frame)).mean() < 3
    stripes = Image.fromarray(np.tile(np.array([0, 255], np.uint8), (1200, 600))).convert("RGB")
    assert np.ptp(cut_frame(stripes, matrix, 1.0)[5:-5, 5:-5]) < 30  # grey, where skipping pixels would show bars


def test_borders_are_repeated():
    photo = Image.new("RGB", (50, 50), (10, 200, 30))
    assert (cut_frame(photo, turned(1, 30, (60, 80)), 1.0) == (10, 200, 30)).all()
    assert (cut_frame(photo, turned(1, 0, (900, 900)), 1.0) == (10, 200, 30)).all()  # all of it outside


def test_a_real_face_lands_on_celebas_points(astronaut):
    (face,) = find_faces(astronaut)
    eyes_and_mouth = np.stack([face.landmarks[0], face.landmarks[1], face.landmarks[3:].mean(axis=0)])
    assert np.abs(put(face.matrix, eyes_and_mouth) - FRAME_POINTS).max() < 3
    assert face.landmarks[0, 0] < face.landmarks[1, 0]  # left in the picture comes first
    assert face.image.size == FRAME_SIZE and face.score > 0.9 and face.matrix.shape == (2, 3)
    (again,) = find_faces(face.image)
    assert np.abs(again.matrix - turned(1, 0)).max() < 4 and native_scale(again.matrix) == pytest.approx(1, abs=0.05)


def test_faces_of_a_large_photo_are_in_its_own_pixels_and_largest_first(astronaut):
    (alone,) = find_faces(astronaut)
    photo = Image.new("RGB", (3000, 1600), "grey")
    photo.paste(astronaut, (100, 40))
    photo.paste(astronaut.resize((1024, 1024)), (1500, 300))
    large, small = find_faces(photo)
    assert np.abs(small.landmarks - (alone.landmarks + np.array([100, 40]))).max() < 6
    assert np.abs(large.landmarks - (2 * alone.landmarks + np.array([1500, 300]))).max() < 10
    assert native_scale(large.matrix) == pytest.approx(2 * native_scale(small.matrix), rel=0.15)


@pytest.mark.parametrize("size", [(1, 1), (640, 1), (1, 3000), (11, 13), (300, 200)])
def test_no_face_is_an_empty_list(size):
    assert find_faces(Image.new("RGB", size, "grey")) == []


def test_a_face_upside_down_is_no_upright_face(astronaut):
    assert find_faces(astronaut.rotate(180)) == []


def test_finds_that_make_no_sense_are_left_out(monkeypatch):
    face = np.array([(30.0, 30), (60, 30), (45, 45), (35, 60), (55, 60)])
    found = [(face, 0.99), (face + 2, 0.95), (face[:, ::-1], 0.99), (face * 0, 0.99), (face * np.nan, 0.99)]
    monkeypatch.setattr(align, "_detect", lambda image: found)
    (kept,) = find_faces(Image.new("RGB", (100, 100)))
    assert np.array_equal(kept.landmarks, face)  # not the double, nor the one on its side, nor a point, nor nowhere


def test_threads_share_one_detector(astronaut):
    results, threads = [], []
    for _ in range(4):
        threads.append(threading.Thread(target=lambda: results.append(find_faces(astronaut)[0].matrix)))
        threads[-1].start()
    for thread in threads:
        thread.join()
    assert len(results) == 4 and all(np.array_equal(results[0], other) for other in results)
