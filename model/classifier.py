"""The 40-attribute classifier: what calibration, receipts and the measures ask about a decoded face.

It has to judge photographs and softer decoded faces alike, so it learns from faces blurred in many ways. Its logits are
calibrated: a probability of 0.8 is right about eight times in ten on people whom it never saw.
"""

from collections.abc import Mapping, Sequence

import keras
import numpy as np
from keras import layers, ops
from PIL import Image, ImageFilter

from model.batches import augment
from model.callbacks import FallingRate
from model.config import TrainConfig
from model.inference import in_chunks
from model.preprocessing import to_float

FEATURES = "features"  # the layer whose output the Fréchet distance compares
CALIBRATION_SHARE = 0.08  # of the people, kept out of training to calibrate the logits
# Weight of "leave the logits alone" against the calibration faces, in faces: an attribute with a handful of them
# must not be stretched to fit these few.
CALIBRATION_PRIOR = 5.0
SOFTEN_SHARE = 0.6  # of the training pictures are blurred; the others stay as sharp as they are
SMALLEST_SIDE = 0.35  # of the image size, to which a picture is shrunk and enlarged again: as soft as `seed` decodes
LARGEST_BLUR = 0.025  # of the image size: standard deviation of the Gaussian blur


def build_classifier(
    image_size: int = 64,
    widths: Sequence[int] = (24, 48, 96, 192),
    depths: Sequence[int] = (0, 1, 1, 1),
    dropout: float = 0.3,
    attributes: int = 40,
) -> keras.Model:
    """Images (B, S, S, 3) float in [0, 1] -> logits (B, K) float32; the caller resizes to S, with antialiasing.

    A small residual network (He et al. 2015): 1.1 M weights and 45 M multiplications a face as it stands.

    Args:
        image_size: S, a multiple of 2 ** len(widths).
        widths, depths: channels and residual blocks of each level; each halves the side.
        dropout: share of the pooled features dropped in training.
        attributes: K.
    """
    if len(widths) != len(depths) or image_size % 2 ** len(widths):
        raise ValueError(f"a classifier of {image_size} pixels cannot have widths {widths} and depths {depths}")
    x = keras.Input((image_size, image_size, 3), name="images")
    y = x - 0.5
    for level, (width, depth) in enumerate(zip(widths, depths, strict=True)):
        y = layers.Conv2D(width, 3 if level else 5, strides=2, padding="same", use_bias=False)(y)
        y = layers.Activation("silu")(layers.BatchNormalization()(y))  # (B, s/2, s/2, width)
        for _ in range(depth):
            y = _residual_block(y, width)
    y = layers.GlobalAveragePooling2D(name=FEATURES)(y)  # (B, widths[-1])
    y = layers.Dropout(dropout)(y)
    return keras.Model(x, layers.Dense(attributes, name="logits")(y), name="classifier")


def _residual_block(x, width: int):
    y = layers.Conv2D(width, 3, padding="same", use_bias=False)(x)
    y = layers.Activation("silu")(layers.BatchNormalization()(y))
    y = layers.Conv2D(width, 3, padding="same", use_bias=False)(y)
    y = layers.BatchNormalization(gamma_initializer="zeros")(y)  # starts as the identity
    return layers.Activation("silu")(layers.Add()([x, y]))


def masked_cross_entropy(labels, logits):
    """Binary cross-entropy, averaged over the labelled attributes of each face: (B, K) twice -> (B,).

    labels: 1 has it, -1 lacks it, 0 not labelled; between them 2 p - 1 for a probability p, weighted by its size.
    """
    labels = ops.cast(labels, logits.dtype)
    weight = ops.abs(labels)
    # log(1 + exp(-margin)), where the margin is the logit on the label's side.
    loss = ops.softplus(-ops.sign(labels) * logits)
    return ops.sum(weight * loss, axis=-1) / ops.maximum(ops.sum(weight, axis=-1), 1.0)


class LabelledFaces(keras.utils.PyDataset):
    """Augmented batches: images (B, S, S, 3) float32 in [0, 1] and labels (B, K) float32, in a new order each epoch."""

    def __init__(self, images: np.ndarray, labels: np.ndarray, rows: np.ndarray, config: TrainConfig):
        super().__init__(workers=1, use_multiprocessing=False, max_queue_size=4)
        self.images, self.labels, self.rows, self.config, self.epoch = images, labels, rows, config, 0

    def __len__(self) -> int:
        return max(1, len(self.rows) // self.config.batch_size)

    def __getitem__(self, index: int):
        order = np.random.default_rng((self.config.seed, self.epoch)).permutation(self.rows)
        rows = order[index * self.config.batch_size : (index + 1) * self.config.batch_size]
        rng = np.random.default_rng((self.config.seed, self.epoch, index))
        x = np.stack([soften(augment(self.images[row], rng, self.config), rng) for row in rows])
        return to_float(x), self.labels[rows].astype(np.float32)

    def on_epoch_end(self) -> None:
        self.epoch += 1


def soften(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Make one (S, S, 3) uint8 face as soft as a half-size photo or a decoded face, by a random amount, or leave it."""
    if rng.random() >= SOFTEN_SHARE:
        return image
    picture, size = Image.fromarray(np.ascontiguousarray(image)), len(image)
    if rng.random() < 0.5:
        return np.asarray(picture.filter(ImageFilter.GaussianBlur(rng.uniform(0, LARGEST_BLUR) * size)))
    side = round(size * rng.uniform(SMALLEST_SIDE, 1))
    small = picture.resize((side, side), Image.Resampling.LANCZOS)
    return np.asarray(small.resize((size, size), rng.choice([Image.Resampling.BILINEAR, Image.Resampling.BICUBIC])))


def train_classifier(
    images: np.ndarray,
    labels: np.ndarray,
    groups: Sequence | None = None,
    *,
    network: Mapping | None = None,
    epochs: int = 40,
    minutes: float | None = 8.0,
    batch_size: int = 64,
    learning_rate: float = 2e-3,
    seed: int = 0,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> keras.Model:
    """Train on labelled faces and calibrate on some of the people among them, whom training never sees.

    The result is `build_classifier` of the images' size with trained weights, not compiled.
    About half a minute an epoch for 8,500 faces on two cores. The weights are the running average of the last steps.

    Args:
        images: (N, S, S, 3) uint8, memory-mapped or not.
        labels: (N, K): 1 has it, -1 lacks it, 0 not labelled; soft labels as in `masked_cross_entropy`. Faces without
            any label are left out.
        groups: (N,) who each face is, so that no person is on both sides; None treats each face as a person.
        network: arguments of `build_classifier`, besides the images' size and the number of attributes, which follow
            from the data.
        epochs, minutes: the learning rate falls to nothing over whichever ends first; None is no limit of minutes.
        seed: of order, augmentation, first weights and dropout (it seeds Keras).
        callbacks: for `fit`, besides the schedule.
    Raises:
        ValueError: shapes that do not fit, or too few labelled faces.
    """
    images, labels = np.asanyarray(images), np.asarray(labels)
    if labels.ndim != 2 or len(images) != len(labels) or images.shape[1:] != (images.shape[1], images.shape[1], 3):
        raise ValueError(f"images {images.shape} and labels {labels.shape} do not fit")
    keras.utils.set_random_seed(seed)
    network = {"image_size": images.shape[1], "attributes": labels.shape[1], **(network or {})}
    classifier = build_classifier(**network)
    training, held_out = _split(labels, groups, seed)
    # Three times a detector's jitter and a wide colour gain: there are few faces, and many epochs.
    config = TrainConfig(seed=seed, epochs=epochs, batch_size=batch_size, learning_rate=learning_rate,
                         jitter=3.0, colour=0.15)  # fmt: skip
    batches = LabelledFaces(images, labels, training, config)
    optimizer = keras.optimizers.AdamW(learning_rate, weight_decay=0.05, use_ema=True, ema_momentum=0.99)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    classifier.compile(optimizer, masked_cross_entropy)
    rate = FallingRate(learning_rate, epochs * len(batches), minutes)
    classifier.fit(batches, epochs=epochs, callbacks=[rate, *callbacks], verbose=2)
    logits = predict_logits(classifier, images, held_out)
    _fold(classifier, *platt_scaling(logits, labels[held_out]))
    result = build_classifier(**network)  # without the optimiser, which `save_weights` would save too
    result.set_weights(classifier.get_weights())
    return result


def _split(labels: np.ndarray, groups: Sequence | None, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows to train on and rows to calibrate on, of the labelled faces, without a person on both sides."""
    rows = np.flatnonzero((labels != 0).any(axis=1))
    people = rows if groups is None else np.asarray(groups)[rows]
    order = np.random.default_rng(seed).permutation(np.unique(people))
    chosen = np.isin(people, order[: max(1, round(CALIBRATION_SHARE * len(order)))])
    if len(order) < 2:
        raise ValueError(f"{len(rows)} labelled faces of {len(order)} people are too few to train a classifier")
    return rows[~chosen], rows[chosen]


def predict_logits(classifier: keras.Model, images: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Logits (n, K) of images[rows], uint8 at the classifier's own size."""
    return in_chunks(lambda part: classifier.predict_on_batch(to_float(images[part])), rows)


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """Logits -> probabilities, without overflow."""
    return 0.5 * (1 + np.tanh(0.5 * logits))


def platt_scaling(logits: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scale a and shift b (K,) that make sigmoid(a * logit + b) the observed frequencies: Platt 1999, drawn to (1, 0).

    logits (N, K) of faces that training did not see, labels (N, K) in [-1, 1], 0 not labelled.
    """
    from scipy.optimize import minimize  # only training needs it; the app is installed without SciPy

    scale, shift = np.ones(logits.shape[1]), np.zeros(logits.shape[1])
    for k in range(logits.shape[1]):
        x, y = logits[:, k].astype(np.float64), np.asarray(labels[:, k], np.float64)

        def cost(ab, x=x, y=y):
            margin = np.sign(y) * (ab[0] * x + ab[1])
            slope = -np.abs(y) * np.sign(y) * sigmoid(-margin)
            pull = CALIBRATION_PRIOR * (ab - (1, 0))
            value = (np.abs(y) * np.logaddexp(0, -margin)).sum() + 0.5 * pull @ (ab - (1, 0))
            return value, np.array([slope @ x, slope.sum()]) + pull

        scale[k], shift[k] = minimize(cost, (1.0, 0.0), jac=True, method="L-BFGS-B", bounds=[(0.1, 10), (None, None)]).x
    return scale, shift


def _fold(classifier: keras.Model, scale: np.ndarray, shift: np.ndarray) -> None:
    """Put the calibration into the last layer: a (W f + b) + c = (a W) f + (a b + c)."""
    head = classifier.get_layer("logits")
    kernel, bias = head.get_weights()
    head.set_weights([kernel * scale, bias * scale + shift])
