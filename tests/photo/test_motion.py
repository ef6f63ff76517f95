"""What moved between two decoded faces, and a photo moved along."""

import numpy as np
import pytest

from app.photo.motion import edit_motion, face_oval, morph_motion, warp
from tests.photo.fakes import SIZE, cut_square, decoded, face, moved_down


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
