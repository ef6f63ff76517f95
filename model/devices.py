"""Where a run trains, on one device or each batch shared among several, and what a bundle says of that."""

import contextlib
import importlib.metadata
import os
import platform

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


def hardware() -> str:
    """The processor, its cores and the GPUs that Keras's backend sees, for the bundle's record."""
    parts = [platform.processor() or platform.machine(), f"{os.cpu_count()} cores"]
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        details = map(tf.config.experimental.get_device_details, tf.config.list_physical_devices("GPU"))
        parts += [detail.get("device_name", "GPU") for detail in details]
    elif keras.backend.backend() == "jax":
        import jax

        parts += [device.device_kind for device in jax.devices() if device.platform == "gpu"]
    elif keras.backend.backend() == "torch":
        import torch

        parts += [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    return ", ".join(parts)


def versions() -> dict[str, str]:
    """Of Python and of the packages that a bundle's weights depend on, by name."""
    packages = ("keras", "numpy", keras.backend.backend())
    found = {name: importlib.metadata.version(name) for name in packages if name != "tensorflow"}
    if keras.backend.backend() == "tensorflow":  # installed under several names: tensorflow, tensorflow-cpu, ...
        import tensorflow as tf

        found["tensorflow"] = tf.__version__
    return {"python": platform.python_version(), **found}
