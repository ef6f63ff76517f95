"""Where a run trains: on one device, or each batch shared among several."""

import contextlib

import keras


def shared_devices() -> tuple[contextlib.AbstractContextManager, int]:
    """The scope in which a model that `fit` trains is built, and among how many devices it then shares each batch.

    All GPUs, where TensorFlow sees several (`tf.distribute`), or logical CPUs, where somebody made several. Keras adds
    up the gradients of the devices' shares.
    """
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
        if len(devices) > 1:
            return tf.distribute.MirroredStrategy([device.name for device in devices]).scope(), len(devices)
    return contextlib.nullcontext(), 1
