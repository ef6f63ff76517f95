import cv2
import numpy as np
import pytest

from app.photo.residual import Original, carry_out, draw_lines, ghosts, residual_lines, structure_gone, structure_kept

SIZE = 128
HAIR = slice(0, 70)  # rows of a photo of 356 that are hair above a wall, outside the inner face
STRANDS = np.where(np.arange(356) % 4 < 2, 0.04, -0.04).astype(np.float32)[None, :, None]


def soft(y: np.ndarray) -> np.ndarray:
    return cv2.GaussianBlur(y.astype(np.float32), (0, 0), 3)


def lighter_hair(by: float = 0.4) -> np.ndarray:
    """A residual (S, S, 3) that makes the hair lighter, with a decoder's outline."""
    return soft(np.where(np.arange(SIZE)[:, None, None] < 70 / 356 * SIZE, by, 0.0) * np.ones((SIZE, SIZE, 3)))


def added(residual: np.ndarray, square: np.ndarray) -> np.ndarray:
    y0 = soft(cv2.resize(square, (SIZE, SIZE), interpolation=cv2.INTER_AREA))
    return draw_lines(*residual_lines(residual, Original.of(square, y0)), square)


def contrast(picture: np.ndarray, rows: slice) -> float:
    """Of the strands in those rows."""
    return float(picture[rows, 20:60].std(axis=1).mean())


def test_structure_that_is_gone_takes_its_ghost_along():
    y0 = np.full((SIZE, SIZE, 3), 0.6, np.float32)
    y1 = y0.copy()
    y0[80:92, 50:78] = 0.9  # teeth
    y0[85:87, 50:78] = 0.3
    kept = structure_kept(y0, y1, 1.0)
    assert kept[86, 64] < 0.1 and kept[30, 30] == 1
    assert np.allclose(structure_kept(y0, y0, 1.0), 1) and np.allclose(structure_kept(y0, y0 * 0.8, 1.0), 1)
    square = cv2.resize(y0, (356, 356), interpolation=cv2.INTER_NEAREST)
    square[222:260:4, 140:216] = 0.1  # finer than the decoder shows
    shown = y0 + Original.of(square, y0).missed
    (rows, columns), ghost = ghosts(square, shown, structure_gone(y0, y1))
    assert ghost.shape == square[rows, columns].shape
    assert 150 < rows.start < 222 < 256 < rows.stop < 300 and columns.start < 150 < 206 < columns.stop
    assert np.abs(ghost[222 - rows.start : 256 - rows.start, 150 - columns.start : 206 - columns.start]).max() > 0.3
    assert ghosts(square, shown, structure_gone(y0, y0)) is None


def test_the_residual_follows_the_photos_outlines_and_leaves_drift_out():
    square = np.full((356, 356, 3), 0.9, np.float32)
    square[HAIR] = 0.1
    residual = lighter_hair()
    plain = cv2.resize(residual, (356, 356))
    followed = added(residual, square)
    wall = (slice(72, 82), slice(20, 60))
    assert np.abs(followed[wall]).mean() < 0.7 * np.abs(plain[wall]).mean()
    assert followed[40:60, 20:60].mean() == pytest.approx(0.4, abs=0.08)
    drift = np.full((SIZE, SIZE, 3), 0.008, np.float32)
    assert np.abs(added(drift, square)[:40, :40]).max() < 1e-6
    assert added(drift, square)[190, 178] == pytest.approx([0.008] * 3, abs=1e-3)  # meant, in the face


def test_strands_of_hair_that_changes_its_colour_stay():
    square = np.full((356, 356, 3), 0.9, np.float32)
    square[HAIR] = 0.15 + STRANDS
    near = slice(50, 66)  # where the line to the wall is steep
    edited = square + added(lighter_hair(), square)
    assert contrast(edited, near) > 0.95 * contrast(square, near)


def test_strands_that_the_decoder_invents_are_not_added_to_the_photos():
    square = np.full((356, 356, 3), 0.4, np.float32)
    invented = np.tile(np.float32([0.1, 0.1, -0.1, -0.1])[None, :, None], (SIZE, SIZE // 4, 3))
    change = added(lighter_hair(0.2) + invented, square)
    assert contrast(change, HAIR) < 0.4 * invented.std()
    assert change[20, 20:60].mean() == pytest.approx(0.2, abs=0.05)
    assert change[220, 160:196].std() > 0.6 * invented.std()  # in the face what is fine may be meant: lashes, wrinkles


def test_hair_stays_so_far_from_white_and_black_that_its_strands_show_and_keeps_its_hue():
    square = np.full((356, 356, 3), (0.8, 0.6, 0.5), np.float32) + STRANDS
    lighter = np.full((SIZE, SIZE, 3), (0.4, 0.2, 0.1), np.float32)
    hair, face = (slice(20, 50), slice(20, 60)), (190, 178)
    for residual in (lighter, -2 * lighter):
        change = added(residual, square)
        edited = square + change
        assert edited[hair].min() > -0.01 and edited[hair].max() < 1.03
        assert contrast(edited, hair[0]) > 0.97 * contrast(square, hair[0])
        red, green, blue = change[hair].mean(axis=(0, 1))
        assert red == pytest.approx(2 * green, rel=0.05) and red == pytest.approx(4 * blue, rel=0.1)
        assert change[face] == pytest.approx(residual[60, 60], abs=1e-2)  # a face may shine


def test_strands_gain_contrast_with_light_and_lose_none_in_the_dark():
    square = np.full((356, 356, 3), 0.5, np.float32) + STRANDS
    hair = slice(20, 50)
    for by, least, most in ((0.2, 1.03, 1.2), (0.4, 1.1, 1.4), (-0.2, 0.97, 1.01)):
        edited = square + added(np.full((SIZE, SIZE, 3), by, np.float32), square)
        assert least < contrast(edited, hair) / contrast(square, hair) < most
        face = slice(180, 210)
        inner = (edited - square)[face, 160:190]
        assert inner == pytest.approx(by, abs=1e-3)  # skin keeps its grain as it is


def test_the_rim_of_the_head_changes_as_what_is_just_inside_it():
    rows = np.arange(SIZE)[:, None]
    head = np.repeat(rows >= 20, SIZE, axis=1).astype(np.float32)
    change = np.where(rows < 22, -0.3, 0.2)  # at the rim the decoded outline has moved: a shadow
    lines = np.repeat(change, SIZE, axis=1).astype(np.float32)[..., None].repeat(3, axis=2)
    carried = carry_out(lines, head)
    assert carried[20:24].min() > 0.12 and carried[22:26] == pytest.approx(0.2, abs=0.02)
    assert carried[40:] == pytest.approx(lines[40:], abs=1e-3)
    assert np.allclose(carry_out(lines, np.zeros_like(head))[:10], lines[:10], atol=0.02)  # nothing to take it from


def test_lines_go_on_beside_their_square():
    slope, offset = np.zeros((2, SIZE, SIZE, 3), np.float32)
    offset[:] = np.linspace(0, 1, SIZE, dtype=np.float32)[:, None, None]
    added = draw_lines(slope, offset, np.full((200, 160, 3), 0.5, np.float32), (slice(30, 190), slice(0, 160)))
    assert added.shape == (200, 160, 3)
    assert (added[:30] == added[30]).all() and (added[190:] == added[189]).all()
