"""Each term against what it should be."""

import h5py
import keras
import numpy as np
import pytest

from model import losses


def test_kl_against_a_sampled_estimate():
    rng = np.random.default_rng(0)
    mean, log_var = rng.normal(size=(1, 3)), rng.normal(size=(1, 3))
    z = mean + np.exp(log_var / 2) * rng.normal(size=(200_000, 3))
    log_q = (-0.5 * (log_var + (z - mean) ** 2 / np.exp(log_var))).sum(axis=1)
    sampled = (log_q + 0.5 * (z**2).sum(axis=1)).mean()
    assert float(losses.kl_divergence(mean, log_var)[0]) == pytest.approx(sampled, rel=0.02)
    assert float(losses.kl_divergence(np.zeros((1, 3)), np.zeros((1, 3)))[0]) == 0


def test_multiscale_error_asks_no_fine_detail_of_enlarged_pictures():
    x = np.full((2, 16, 16, 3), 0.5, "float32")
    x_hat = x.copy()
    x_hat[:, ::2, ::2] += 0.2  # a grid that averages out at half size, but for its mean
    x_hat[:, 1::2, 1::2] -= 0.2
    sharp, soft = np.asarray(losses.multiscale_error(x, x_hat, np.array([1.0, 0.0], "float32")))
    assert sharp == pytest.approx(0.1, rel=1e-4) and soft == pytest.approx(0, abs=1e-6)


def test_texture_error_counts_detail_wherever_it_lies():
    strands = 0.5 + 0.2 * np.sin(np.arange(128) * 2.0)[None, None, :, None]  # three pixels apart
    strands = np.tile(strands, (1, 128, 1, 3)).astype("float32")
    elsewhere, blurred = np.roll(strands, 1, axis=2), np.full_like(strands, 0.5)
    across = strands.swapaxes(1, 2)
    one = np.ones(1, "float32")

    def error(x_hat, sharp=one):
        return float(losses.texture_error(strands, x_hat, sharp)[0])

    assert error(strands) == 0
    assert error(elsewhere) < 0.2 * error(blurred)  # pixel by pixel the blur is the nearer one:
    assert np.abs(strands - elsewhere).mean() > np.abs(strands - blurred).mean()
    assert error(across) > 5 * error(elsewhere)  # as much detail, but the hair falls the other way
    assert 0 < error(blurred, 0 * one) < error(blurred)  # enlarged pictures have no detail at full size to teach
    assert error(strands + 0.1) == pytest.approx(0, abs=1e-6)  # light is not detail
    # A network that may not know the hair drew its detail as the finest grid, which pays it nothing any more.
    grid = (0.05 * (-1.0) ** np.arange(128)).astype("float32")
    for drawn in (blurred + grid[:, None, None], blurred + (grid[:, None] * grid)[:, :, None]):
        assert error(drawn) == pytest.approx(error(blurred), rel=1e-3)


def lattice(fine):
    """The power in grey pictures of (B, 64, 64)."""
    cells, faces = losses.lattice_power(np.repeat(fine[..., None].astype("float32"), 3, axis=-1))
    return np.asarray(cells + faces)


def test_lattice_power_is_of_what_repeats():
    rng = np.random.default_rng(0)
    noise = 0.1 * rng.normal(size=(16, 64, 64))
    strokes = np.tile(0.1 * rng.normal(size=(8, 8)), (8, 8))  # each cell the same
    power = 0.01
    assert lattice(np.stack([strokes, -strokes])).mean() == pytest.approx(0, abs=0.5 * power)  # + in cells, - in faces
    assert lattice(strokes[None])[0] == pytest.approx(power, rel=0.35)
    assert lattice(np.stack([strokes] * 3)) == pytest.approx(2 * lattice(strokes[None])[0], rel=0.01)
    # The same on every face, though no cell repeats; and neither.
    assert lattice(np.stack([noise[0]] * 4)) == pytest.approx(power, rel=0.35)
    assert abs(lattice(noise).mean()) < 0.03 * power
    assert lattice(noise + strokes).mean() == pytest.approx(lattice(np.stack([strokes] * 2)).mean(), rel=0.2)
    assert lattice(np.full((2, 64, 64), 0.3)) == pytest.approx(0, abs=1e-3 * power)  # light is no detail


@pytest.mark.parametrize("size", [16, 40, 96])
def test_lattice_power_takes_every_size(size):
    rng = np.random.default_rng(0)
    strokes = np.tile(0.1 * rng.normal(size=(8, 8)), (size // 8, size // 8))
    assert lattice(strokes[None])[0] > 0.002


def test_lattice_power_of_pictures_of_one_cell_is_between_faces_alone():
    strokes = 0.1 * np.random.default_rng(0).normal(size=(8, 8))
    assert lattice(strokes[None]) == [0]
    assert (lattice(np.stack([strokes] * 2)) > 0.002).all()


def test_lattice_error_has_no_reward_for_strokes_that_alternate():
    rng = np.random.default_rng(0)
    signs = np.kron(np.indices((8, 8)).sum(axis=0) % 2 * 2 - 1, np.ones((8, 8)))
    alternating = signs * np.tile(0.1 * rng.normal(size=(8, 8)), (8, 8))
    assert lattice(alternating[None])[0] < -1e-4
    x = np.full((2, 64, 64, 3), 0.5, "float32")
    wrong = np.repeat(np.stack([alternating, -alternating])[..., None].astype("float32"), 3, axis=-1)
    assert np.array_equal(losses.lattice_error(x, x + wrong), [0, 0])
    assert np.array_equal(losses.lattice_error(x, x), [0, 0])


def test_perceptual_distance(vgg16_file):
    distance, rng = losses.PerceptualDistance(vgg16_file), np.random.default_rng(0)
    x = rng.random((2, 32, 32, 3)).astype("float32")
    near, far = x + 0.02 * rng.normal(size=x.shape).astype("float32"), rng.random(x.shape).astype("float32")
    assert np.allclose(distance(x, x), 0, atol=1e-5)
    assert (np.asarray(distance(x, near)) < np.asarray(distance(x, far))).all()


def test_vgg16_reads_the_file_and_stays_frozen(vgg16_file):
    vgg16 = losses.build_vgg16(vgg16_file)
    assert vgg16.trainable_variables == []
    with h5py.File(vgg16_file) as file:
        first = file["block1/layers/conv2d/vars/0"][()]
    assert np.array_equal(vgg16.get_layer("block1_conv1").get_weights()[0], first)
    assert [o.shape[-1] for o in vgg16.outputs] == [64, 128, 256]


def test_vgg16_subtracts_imagenets_means(vgg16_file):
    vgg16 = losses.build_vgg16(vgg16_file, outputs=("block1_conv1", "block1_conv2"))
    kernel = vgg16.get_layer("block1_conv1").get_weights()[0]
    rgb = np.array([0.9, 0.3, 0.1], "float32")
    bgr = rgb[::-1] * 255 - np.array([103.939, 116.779, 123.68])
    expected = np.maximum(np.einsum("hwcf,c->f", kernel, bgr), 0)
    seen = keras.ops.convert_to_numpy(vgg16(np.broadcast_to(rgb, (1, 8, 8, 3)))[0])[0, 4, 4]
    assert np.allclose(seen, expected, rtol=1e-3, atol=1e-2)


def test_without_a_network_it_says_what_to_do(monkeypatch):
    def fail(**_):
        raise Exception("URL fetch failure on https://example.org/vgg16.h5: None -- no route")

    monkeypatch.setattr(keras.applications, "VGG16", fail)
    with pytest.raises(ValueError, match=r"cannot be downloaded.*no route.*--vgg16"):
        losses.build_vgg16("imagenet")


def test_a_vgg16_file_that_is_none_is_named(tmp_path):
    with pytest.raises(ValueError, match="there is no VGG16 weights file"):
        losses.build_vgg16(str(tmp_path / "none.h5"))
    (tmp_path / "bad.h5").write_text("x")
    with pytest.raises(ValueError, match="bad.h5 does not hold VGG16"):
        losses.build_vgg16(str(tmp_path / "bad.h5"))
    with h5py.File(tmp_path / "other.h5", "w") as file:
        for block, depth in (("block1", 2), ("block2", 2), ("block3", 3)):
            for i in range(depth):
                file[f"{block}/layers/conv2d{f'_{i}' if i else ''}/vars/0"] = np.zeros((3, 3, 3, 8), "float32")
                file[f"{block}/layers/conv2d{f'_{i}' if i else ''}/vars/1"] = np.zeros(8, "float32")
    with pytest.raises(ValueError, match="other.h5 holds another network than VGG16"):
        losses.build_vgg16(str(tmp_path / "other.h5"))
    damaged = bytearray((tmp_path / "other.h5").read_bytes())
    damaged[31] ^= 0x80  # the last byte of an address
    (tmp_path / "damaged.h5").write_bytes(damaged)
    with pytest.raises(ValueError, match="damaged.h5 does not hold VGG16"):
        losses.build_vgg16(str(tmp_path / "damaged.h5"))
