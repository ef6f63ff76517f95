import numpy as np
import pytest

from app.photo.guide import Guide, smooth_line, to_picture, to_planes
from app.photo.pixels import blurred, luminance


def picture(seed: int, side: int = 48) -> np.ndarray:
    return np.clip(blurred(np.random.default_rng(seed).random((side, side, 3), np.float32), 1.5) * 4 - 1.5, 0, 1)


def test_what_is_linear_in_the_guide_is_explained_by_its_line():
    guide = picture(0)
    mix = np.array([(0.5, 0.1, 0.0), (-0.3, 0.2, 0.1), (0.0, 0.4, -0.6)], np.float32)
    target = guide @ mix + 0.2
    slope, offset, explained = Guide.of(guide, 4.0, 1e-3).explain(to_planes(target), 1e-3)
    assert slope.shape == (3, 3, 48, 48) and offset.shape == (3, 48, 48)
    assert explained == pytest.approx(1, abs=1e-2)
    again = to_picture(np.einsum("ghw,gthw->thw", to_planes(guide), slope) + offset)
    assert again == pytest.approx(target, abs=1e-2)


def test_the_line_is_least_squares_with_noise_in_each_window():
    guide, target = picture(1), picture(2)
    sigma, noise = 2.0, 0.1
    slope = Guide.of(guide, sigma, noise).explain(to_planes(target), 0.02)[0]
    mean_guide, mean = blurred(guide, sigma), blurred(target, sigma)

    def covariance(a, mean_a, b, mean_b):
        return np.stack([np.stack([blurred(a[:, :, i] * b[:, :, j], sigma) - mean_a[:, :, i] * mean_b[:, :, j]
                                   for j in range(3)], axis=-1) for i in range(3)], axis=-2)

    wanted = np.linalg.solve(covariance(guide, mean_guide, guide, mean_guide) + noise**2 * np.eye(3),
                             covariance(guide, mean_guide, target, mean))
    wanted = blurred(wanted.reshape(48, 48, 9).astype(np.float32), sigma).reshape(48, 48, 3, 3)
    assert slope.transpose(2, 3, 0, 1) == pytest.approx(wanted, abs=1e-4)


def test_a_target_that_the_guide_knows_nothing_of_is_not_explained():
    flat = np.full((48, 48, 3), 0.5, np.float32)
    slope, offset, explained = Guide.of(flat, 3.0, 0.06).explain(to_planes(picture(3)), 0.02)
    assert np.abs(slope).max() < 1e-3 and explained.max() < 1e-3
    assert offset == pytest.approx(to_planes(blurred(blurred(picture(3), 3.0), 3.0)), abs=1e-3)


def test_the_smooth_line_keeps_outlines_and_drops_strands():
    strands = np.where(np.arange(96) % 4 < 2, 0.03, -0.03)[None, :, None]
    hair = np.full((96, 96, 3), 0.2) + strands
    hair[:, 48:] += 0.7  # a wall
    hair = hair.astype(np.float32)
    slope, offset = smooth_line(hair, 2.0, 0.2)
    smooth = slope * luminance(hair)[:, :, None] + offset
    assert smooth[20:70, 10:36].std() < 0.2 * hair[20:70, 10:36].std()
    assert smooth[40, 52, 0] - smooth[40, 43, 0] > 0.5
