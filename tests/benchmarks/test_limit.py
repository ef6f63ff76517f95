"""Counted operations against counts by hand, and the bench's tables on the tiny model."""

import keras
import pytest
from keras import layers

from benchmarks import limit


def test_operations_are_counted_from_the_shapes():
    x = keras.Input((8, 8, 3))
    y = layers.Conv2D(5, 3, strides=2, padding="same")(x)  # (4, 4, 5): 16 positions of 3 * 3 * 3 * 5 weights
    y = layers.Conv2DTranspose(2, 3, strides=2, padding="same")(y)  # 16 positions of 3 * 3 * 5 * 2 weights
    y = layers.Dense(7)(layers.Flatten()(layers.Activation("relu")(y)))  # 8 * 8 * 2 * 7 weights
    assert limit.operations(keras.Model(x, y)) == 2 * (16 * 135 + 16 * 90 + 128 * 7)


def test_a_layer_that_it_cannot_count_is_named():
    x = keras.Input((8, 3))
    with pytest.raises(ValueError, match="Conv1D"):
        limit.operations(keras.Model(x, layers.Conv1D(2, 3)(x)))


def test_the_steps_of_a_tick_are_those_of_the_page(tmp_path, capsys):
    from app.editor import FaceEditor
    from tests.faces import tiny_bundle

    editor = FaceEditor.load(tiny_bundle(tmp_path / "bundle"))
    limit.print_networks(editor.bundle, rate=1e12, repeats=1)
    limit.print_tick(editor, repeats=1)
    shown = capsys.readouterr().out
    for part in ("| encoder | 1 |", "| decoder | 32 |", "| decode |", "| compose |", "| JPEG |", "| all of it |"):
        assert part in shown
