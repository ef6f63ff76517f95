"""The classifier learns what is drawn in synthetic faces, and its logits are calibrated."""

import keras
import numpy as np
import pytest

from model.classifier import (
    FEATURES,
    LabelledFaces,
    build_classifier,
    masked_cross_entropy,
    platt_scaling,
    predict_logits,
    soften,
    train_classifier,
)
from model.config import TrainConfig
from model.preprocessing import crop_image
from tests.faces import draw_face

SIZE, NETWORK = 16, {"widths": (8, 16), "depths": (1, 0)}


@pytest.fixture(scope="module")
def drawn():
    """(N, 16, 16, 3) uint8 and labels (N, 2): Blond_Hair, Male."""
    rng = np.random.default_rng(0)
    images, labels = [], []
    for _ in range(200):
        frame, drawn = draw_face(rng)
        images.append(np.asarray(crop_image(frame, SIZE)))
        labels.append([1 if drawn[name] else -1 for name in ("Blond_Hair", "Male")])
    return np.stack(images), np.array(labels)


@pytest.fixture(scope="module")
def trained(drawn):
    rates = []

    class Spy(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            rates.append(float(self.model.optimizer.learning_rate))

    # Labels of the second half of the faces are mostly hidden: masking is part of the job.
    labels = drawn[1].copy()
    labels[120:, 1] = 0
    options = {"epochs": 40, "batch_size": 20, "learning_rate": 1e-2}
    return train_classifier(drawn[0], labels, network=NETWORK, callbacks=[Spy()], **options), rates


def test_default_size_and_shapes():
    network = build_classifier()
    assert network.input_shape == (None, 64, 64, 3) and network.output_shape == (None, 40)
    assert network.get_layer(FEATURES).output.shape == (None, 192)
    assert 2 * network.count_params() < 4e6  # bytes in float16


def test_a_network_that_cannot_be_is_refused():
    with pytest.raises(ValueError, match="30 pixels"):
        build_classifier(image_size=30)
    with pytest.raises(ValueError, match="depths"):
        build_classifier(widths=(8, 8), depths=(1,))


def test_it_is_only_the_network(trained, tmp_path):
    network = trained[0]
    network.save_weights(tmp_path / "trained.weights.h5")
    fresh = build_classifier(image_size=SIZE, attributes=2, **NETWORK)
    fresh.save_weights(tmp_path / "fresh.weights.h5")
    size = [(tmp_path / f"{name}.weights.h5").stat().st_size for name in ("trained", "fresh")]
    assert size[0] == size[1]  # no optimiser in it
    fresh.load_weights(tmp_path / "trained.weights.h5")
    assert np.array_equal(fresh.get_layer("logits").get_weights()[0], network.get_layer("logits").get_weights()[0])


def test_it_learns(trained, drawn):
    logits = predict_logits(trained[0], drawn[0], np.arange(200))
    assert ((logits > 0) == (drawn[1] > 0)).mean() > 0.9


def test_the_learning_rate_rises_and_falls_to_nothing(trained):
    rates = trained[1]
    peak = int(np.argmax(rates))
    assert 0 < peak < len(rates) - 1 and rates[0] < rates[peak] / 10 and rates[-1] < rates[peak] / 50


def test_same_seed_same_weights(drawn):
    def run(seed):
        network = train_classifier(drawn[0][:30], drawn[1][:30], network={"widths": (8,), "depths": (0,)}, epochs=1,
                                   batch_size=10, seed=seed)  # fmt: skip
        return network.get_layer("logits").get_weights()[0]

    first = run(3)
    assert np.array_equal(first, run(3))
    assert not np.array_equal(first, run(4))


def test_minutes_end_training(drawn):
    epochs = []
    count = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: epochs.append(epoch))
    train_classifier(*drawn, network=NETWORK, epochs=1000, minutes=0.01, callbacks=[count])
    assert 1 <= len(epochs) < 1000


def test_nobody_is_on_both_sides_of_the_calibration(drawn, monkeypatch):
    images, labels = drawn
    people = np.arange(200) // 10
    seen = {}

    def predict(_classifier, _images, rows):
        seen["calibrated"] = rows
        return np.zeros((len(rows), 2))

    class Recorded(LabelledFaces):
        def __init__(self, images, labels, rows, config):
            super().__init__(images, labels, rows, config)
            seen["trained"] = rows

    monkeypatch.setattr("model.classifier.predict_logits", predict)
    monkeypatch.setattr("model.classifier.LabelledFaces", Recorded)
    labels = labels.copy()
    labels[50:60] = 0
    train_classifier(images, labels, people, network=NETWORK, epochs=1)
    assert not set(people[seen["trained"]]) & set(people[seen["calibrated"]])
    assert set(seen["trained"]) | set(seen["calibrated"]) == set(range(200)) - set(range(50, 60))


@pytest.mark.parametrize("labels", [np.zeros((200, 2)), np.ones((3, 2)), np.ones(200)])
def test_labels_that_do_not_do(drawn, labels):
    with pytest.raises(ValueError, match="labels|labelled"):
        train_classifier(drawn[0], labels)


def test_cross_entropy_of_masked_and_soft_labels():
    logits = np.array([[0.0, 50.0, 3.0], [2.0, 2.0, 2.0]], np.float32)
    loss = keras.ops.convert_to_numpy(masked_cross_entropy(np.array([[1, 0, 0], [1, -1, 0]]), logits))
    assert loss[0] == pytest.approx(np.log(2))
    assert loss[1] == pytest.approx((np.log1p(np.exp(-2)) + np.log1p(np.exp(2))) / 2, rel=1e-5)
    soft = keras.ops.convert_to_numpy(masked_cross_entropy(np.array([[0.5, -1.0, 0]]), logits[1:]))
    assert soft[0] == pytest.approx((0.5 * np.log1p(np.exp(-2)) + np.log1p(np.exp(2))) / 1.5, rel=1e-5)
    nothing = keras.ops.convert_to_numpy(masked_cross_entropy(np.zeros((1, 3)), logits[:1]))
    assert nothing[0] == 0


def test_platt_scaling_undoes_overconfidence():
    rng = np.random.default_rng(0)
    true = rng.normal(0, 2, (4000, 2))
    labels = np.where(rng.random(true.shape) < 1 / (1 + np.exp(-true)), 1, -1)
    labels[20:, 1] = 0  # the second has hardly any labels, and stays nearly as it is
    scale, shift = platt_scaling(np.stack([3 * true[:, 0] - 1, true[:, 1]], axis=1), labels)
    assert scale[0] == pytest.approx(1 / 3, rel=0.15) and shift[0] == pytest.approx(1 / 3, abs=0.15)
    assert scale[1] == pytest.approx(1, abs=0.4) and shift[1] == pytest.approx(0, abs=0.5)


def test_soften_blurs_many_faces_and_sharpens_none(drawn):
    rng = np.random.default_rng(0)
    face = drawn[0][0]

    def detail(image):
        return np.abs(np.diff(image.astype(float), axis=0)).mean()

    softer = [soften(face, rng) for _ in range(60)]
    assert all(image.shape == face.shape and image.dtype == np.uint8 for image in softer)
    assert 15 < sum(np.array_equal(image, face) for image in softer) < 45  # 40 % are left alone, and tiny blurs
    assert np.mean([detail(image) for image in softer]) < 0.95 * detail(face)


def test_batches_change_with_the_epoch_and_cover_everybody(drawn):
    batches = LabelledFaces(*drawn, np.arange(200), TrainConfig(batch_size=50))
    first, labels = batches[0]
    assert first.shape == (50, SIZE, SIZE, 3) and first.dtype == np.float32 and labels.shape == (50, 2)
    assert np.array_equal(first, batches[0][0])
    totals = sum(batches[i][1].sum(axis=0) for i in range(len(batches)))
    assert np.array_equal(totals, drawn[1].sum(axis=0))
    batches.on_epoch_end()
    assert not np.array_equal(first, batches[0][0])
