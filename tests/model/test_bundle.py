"""A bundle saved and loaded is the same model; one that is not right is refused with a sentence."""

import threading

import h5py
import keras
import numpy as np
import pytest
from huggingface_hub import ModelCard
from PIL import Image

from model.bundle import CHUNK, BundleError, load_bundle, save_bundle
from model.classifier import build_classifier
from model.config import preset
from model.data import ATTRIBUTES
from model.prior import NormalPrior
from tests.faces import tiny_bundle

S, D, K = 16, 4, 40


def faces(n: int) -> np.ndarray:
    return np.random.default_rng(0).random((n, S, S, 3), dtype=np.float32)


CLASSIFIER = {"image_size": S, "widths": [8, 8], "depths": [0, 0]}


def again(bundle, target, **changes):
    """Save a loaded bundle anew, with changes."""
    changes = {"classifier_config": CLASSIFIER, **changes}
    parts = {name: getattr(bundle, name) for name in
             ("config", "encoder", "decoder", "classifier", "latents", "prior", "metrics", "about")}  # fmt: skip
    save_bundle(target, **{**parts, **changes})
    return load_bundle(target)


def test_its_parts(bundle):
    assert bundle.config == preset("tiny")[0]
    assert bundle.latents.names == tuple(ATTRIBUTES)
    assert bundle.metrics == {"psnr": 12.0}
    assert bundle.about["seed"] == 0 and bundle.about["versions"]["keras"] == keras.__version__
    assert len(bundle.hash) == 12


def test_shapes_and_ranges(bundle):
    z = bundle.encode(faces(3))
    x = bundle.decode(z)
    assert z.shape == (3, D) and z.dtype == np.float32
    assert x.shape == (3, S, S, 3) and x.dtype == np.float32 and x.min() >= 0 and x.max() <= 1
    p = bundle.classify(x)
    assert p.shape == (3, K) and (p > 0).all() and (p < 1).all()
    np.testing.assert_allclose(p, 1 / (1 + np.exp(-bundle.classify_logits(x))), atol=1e-6)
    assert bundle.encode(faces(0)).shape == (0, D) and bundle.decode(np.zeros((0, D))).shape == (0, S, S, 3)


def test_a_round_trip_keeps_the_model(bundle, tmp_path):
    saved = again(bundle, tmp_path / "tiny")
    z = bundle.sample(5, seed=1)
    # half precision was reached by the first save, so the second changes nothing
    np.testing.assert_array_equal(saved.decode(z), bundle.decode(z))
    np.testing.assert_array_equal(saved.encode(faces(2)), bundle.encode(faces(2)))
    np.testing.assert_array_equal(saved.classify(faces(2)), bundle.classify(faces(2)))
    np.testing.assert_array_equal(saved.latents.edit(z, {"Male": 1.0}), bundle.latents.edit(z, {"Male": 1.0}))
    np.testing.assert_array_equal(saved.sample(5, seed=1), z)
    assert again(saved, tmp_path / "elsewhere" / "tiny").hash == saved.hash


def test_half_precision_is_close_enough(bundle, tmp_path):
    rng = np.random.default_rng(0)
    decoder = keras.models.clone_model(bundle.decoder)
    decoder.set_weights([w * rng.uniform(0.999, 1.001, w.shape) for w in bundle.decoder.get_weights()])
    saved = again(bundle, tmp_path / "again", decoder=decoder)
    z = bundle.sample(8)
    exact = keras.ops.convert_to_numpy(decoder(z, training=False))
    assert 0 < np.abs(saved.decode(z) - exact).max() < 2 / 255
    assert all(w.dtype == "float32" for w in saved.decoder.weights)
    with h5py.File(tmp_path / "again" / "decoder.weights.h5") as file:
        kinds = set()
        file.visititems(lambda _, item: kinds.add((item.dtype, item.ndim > 1)) if hasattr(item, "dtype") else None)
    assert kinds == {(np.dtype(np.float16), True), (np.dtype(np.float32), False)}


def test_keras_itself_reads_the_weights(bundle, path):
    decoder = keras.models.clone_model(bundle.decoder)
    decoder.load_weights(f"{path}/decoder.weights.h5")
    z = bundle.sample(2)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(decoder(z, training=False)), bundle.decode(z), atol=1e-5)


def test_many_faces_go_in_chunks_and_come_in_order(bundle):
    n = 2 * CHUNK + 3
    z = bundle.sample(n, seed=2)
    one_by_one = np.concatenate([bundle.decode(z[i : i + 1]) for i in range(n)])
    np.testing.assert_allclose(bundle.decode(z), one_by_one, atol=1e-5)
    np.testing.assert_allclose(bundle.encode(one_by_one)[-1:], bundle.encode(one_by_one[-1:]), atol=1e-4)


def test_threads_get_their_own_faces(bundle):
    codes = [bundle.sample(3, seed=i) for i in range(8)]
    expected, got = [bundle.decode(z) for z in codes], [None] * 8

    def work(i):
        for _ in range(5):
            got[i] = bundle.decode(codes[i])

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    for one, other in zip(got, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_a_drawn_code_is_that_of_the_face_it_draws(bundle):
    start, arrays = bundle.prior.sample(3, seed=2), bundle.prior.arrays
    seen = bundle.encode(bundle.decode(start))
    expected = seen * arrays["seen_scale"] + arrays["seen_shift"]
    np.testing.assert_allclose(bundle.sample(3, seed=2), expected, atol=1e-4)
    assert np.abs(seen - start).max() > 0.1


def test_sampling(bundle):
    normal = bundle.sample(2000, seed=1, temperature=0.5, prior="normal")
    np.testing.assert_allclose(normal, 0.5 * NormalPrior(4).sample(2000, seed=1), atol=1e-6)
    with pytest.raises(ValueError, match="prior is 'uniform'.*fitted, normal"):
        bundle.sample(1, prior="uniform")


@pytest.mark.parametrize(
    "images", [np.zeros((2, S, S, 3), np.uint8), np.zeros((S, S, 3)), np.zeros((1, 2 * S, S, 3)), np.float32(1)]
)
def test_wrong_images(bundle, images):
    for call in (bundle.encode, bundle.classify):
        with pytest.raises(ValueError, match=r"\(B, 16, 16, 3\) are needed"):
            call(images)


def test_wrong_codes(bundle):
    with pytest.raises(ValueError, match=r"\(B, 4\) are needed"):
        bundle.decode(np.zeros((1, 5), np.float32))


def test_the_sample_grid_shows_its_samples(bundle, path):
    grid = np.asarray(Image.open(f"{path}/samples.png")).astype(int)
    assert grid.shape == (3 * S, 8 * S, 3)
    first = np.rint(bundle.decode(bundle.sample(1)) * 255).astype(int)[0]
    assert np.abs(grid[:S, :S] - first).max() <= 2


def test_the_card_is_one_that_the_hub_renders(bundle, path, tmp_path):
    by_attribute = {"classifier_accuracy": {"Smiling": 0.91, "Bald": None}}
    metrics = {"psnr_64": 25.125, "edit_success": None, "other": 3, "by_attribute": by_attribute}
    again(bundle, tmp_path / "named", metrics=metrics, about={"minutes": 120, "hardware": "2 cores"})
    card = ModelCard.load(tmp_path / "named" / "README.md")
    assert card.data.license == "other" and card.data.library_name == "keras" and "face-editing" in card.data.tags
    marked = "`Smiling`" if not bundle.latents.reliable.all() else "direction: none"
    for text in ("# Facet: named", "| PSNR at 64 px, full-size faces | 25.12 dB |", "| other | 3 |",
                 "| Smiling | 0.910 |", "| Bald | - |", "minutes: 120", "2 cores", "non-commercial",
                 "## Limits and bias", marked):  # fmt: skip
        assert text in card.text, text


def test_a_classifier_of_another_size_sees_the_whole_face_smaller(bundle, tmp_path):
    small = {**CLASSIFIER, "image_size": S // 2}
    saved = again(bundle, tmp_path / "small", classifier=build_classifier(**small), classifier_config=small)
    x = faces(3)
    halved = x.reshape(3, S // 2, 2, S // 2, 2, 3).mean(axis=(2, 4))  # what antialiasing at least does
    expected = keras.ops.convert_to_numpy(saved.classifier(halved, training=False))
    got, nearest = saved.classify_logits(x), keras.ops.convert_to_numpy(saved.classifier(x[:, ::2, ::2]))
    assert np.abs(got - expected).mean() < 0.6 * np.abs(nearest - expected).mean()


def test_weights_that_diverged_are_not_saved(bundle, copy):
    decoder = keras.models.clone_model(bundle.decoder)
    for value in (np.nan, np.inf):
        decoder.set_weights([np.full_like(w, value) for w in bundle.decoder.get_weights()])
        with pytest.raises(BundleError, match="decoder.weights.h5 cannot be saved.*diverged"):
            again(bundle, copy, decoder=decoder)
    assert load_bundle(copy).hash == bundle.hash


def test_large_weights_are_kept(bundle, tmp_path):
    decoder = keras.models.clone_model(bundle.decoder)
    scale = [1e6 if w.ndim == 2 else 1 for w in bundle.decoder.get_weights()]  # beyond float16
    decoder.set_weights([w * s for w, s in zip(bundle.decoder.get_weights(), scale, strict=True)])
    saved = again(bundle, tmp_path / "large", decoder=decoder)
    for one, other in zip(saved.decoder.get_weights(), decoder.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3)


def test_measures_that_are_not_numbers_do_not_lose_a_run(bundle, tmp_path):
    by_attribute = {"edit": {"Bald": np.inf, "Male": np.int64(1)}}
    metrics = {"psnr": np.float32(3.5), "kl": float("nan"), "by_attribute": by_attribute}
    saved = again(bundle, tmp_path / "nan", metrics=metrics, about={"sizes": (1, np.arange(2))})
    assert saved.metrics == {"psnr": 3.5, "kl": None, "by_attribute": {"edit": {"Bald": None, "Male": 1}}}
    assert saved.about["sizes"] == [1, [0, 1]]


def test_two_seeds_are_two_bundles(path, tmp_path):
    other = load_bundle(tiny_bundle(tmp_path / "other", seed=1))
    assert other.hash != load_bundle(path).hash
    assert not np.allclose(other.decode(np.zeros((1, D))), load_bundle(path).decode(np.zeros((1, D))))
