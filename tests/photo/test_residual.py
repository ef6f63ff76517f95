import cv2
import numpy as np
import pytest

from app.photo.residual import ghosts, photo_residual, structure_kept

SIZE = 128


def test_structure_that_is_gone_takes_its_ghost_along():
    y0 = np.full((SIZE, SIZE, 3), 0.6, np.float32)
    y1 = y0.copy()
    y0[80:92, 50:78] = 0.9  # teeth
    y0[85:87, 50:78] = 0.3
    kept = structure_kept(y0, y1)
    assert kept[86, 64] < 0.1 and kept[30, 30] == 1
    assert np.allclose(structure_kept(y0, y0), 1) and np.allclose(structure_kept(y0, y0 * 0.8), 1)
    square = cv2.resize(y0, (356, 356), interpolation=cv2.INTER_NEAREST)
    square[222:260:4, 140:216] = 0.1  # finer than the decoder shows
    ghost = ghosts(square, y0, y1)
    assert np.abs(ghost[222:256, 150:206]).max() > 0.3 and not ghost[:60].any()
    assert not ghosts(square, y0, y0).any()


def test_the_residual_follows_the_photos_outlines_and_leaves_drift_out():
    square = np.full((356, 356, 3), 0.9, np.float32)
    square[:70] = 0.1  # hair above a wall, outside the inner face
    residual = cv2.GaussianBlur(np.where(np.arange(SIZE)[:, None, None] < 70 / 356 * SIZE, 0.4, 0.0)
                                * np.ones((SIZE, SIZE, 3)), (0, 0), 3).astype(np.float32)
    plain = cv2.resize(residual, (356, 356))
    followed = photo_residual(residual, square)
    wall = (slice(72, 82), slice(20, 60))
    assert np.abs(followed[wall]).mean() < 0.6 * np.abs(plain[wall]).mean()
    assert followed[40:60, 20:60].mean() == pytest.approx(0.4, abs=0.08)
    drift = np.full((SIZE, SIZE, 3), 0.008, np.float32)
    assert not photo_residual(drift, square)[:40, :40].any()
    assert photo_residual(drift, square)[190, 178] == pytest.approx([0.008] * 3, abs=1e-3)  # meant, in the face


def test_strands_of_hair_that_changes_its_colour_stay():
    square = np.full((356, 356, 3), 0.9, np.float32)
    square[:70] = 0.15  # hair above a wall
    strands = np.where(np.arange(356) % 4 < 2, 0.04, -0.04).astype(np.float32)[None, :, None]
    square[:70] += strands
    residual = cv2.GaussianBlur(np.where(np.arange(SIZE)[:, None, None] < 70 / 356 * SIZE, 0.4, 0.0)
                                * np.ones((SIZE, SIZE, 3)), (0, 0), 3).astype(np.float32)
    edited = square + photo_residual(residual, square)
    near = (slice(50, 66), slice(20, 60))  # where the line to the wall is steep
    assert edited[near].std(axis=1).mean() > 0.9 * square[near].std(axis=1).mean()


def test_what_lies_behind_the_head_keeps_its_colours():
    square = np.full((356, 356, 3), 0.5, np.float32)
    matte = np.zeros((128, 128), np.float32)
    matte[:, :64] = 1
    added = photo_residual(np.full((SIZE, SIZE, 3), 0.2, np.float32), square, matte)
    assert added[:, :170] == pytest.approx(0.2, abs=1e-3) and not added[:, 186:].any()
