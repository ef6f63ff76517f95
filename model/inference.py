"""Networks as functions of arrays: traced once, and given a few faces at a time, so that memory stays flat."""

import contextlib
import time
from collections.abc import Callable, Iterator

import keras
import numpy as np
from keras import ops

CHUNK = 64  # faces in one call of a network, unless said otherwise


@contextlib.contextmanager
def without_gradients():
    """Have PyTorch keep nothing for gradients that nobody asks for; the other backends keep nothing anyway."""
    if keras.backend.backend() != "torch":
        yield
        return
    import torch

    with torch.no_grad():
        yield


def compiled(function: Callable, shape: tuple[int, ...]) -> Callable[[np.ndarray], np.ndarray]:
    """A function of arrays (B, *shape): traced once for every batch size on TensorFlow, for each on JAX.

    JAX keeps the weights of its first call.
    """
    if keras.backend.backend() == "jax":
        import jax

        function = jax.jit(function)
    if keras.backend.backend() != "tensorflow":
        return lambda x: ops.convert_to_numpy(function(ops.convert_to_tensor(x)))
    import tensorflow as tf

    signature = [tf.TensorSpec((None, *shape), tf.float32)]
    traced = tf.function(function, input_signature=signature, autograph=False).get_concrete_function()
    return lambda x: traced(tf.constant(x)).numpy()


def chunks(x: np.ndarray, size: int = CHUNK) -> Iterator[np.ndarray]:
    """x (N, ...) in parts of at most `size`, in order."""
    return (x[start : start + size] for start in range(0, len(x), size))


@without_gradients()
def in_chunks(run: Callable, x: np.ndarray, size: int = CHUNK) -> np.ndarray:
    """run(part) for all parts of x (N, ...), as one array; at least one row. `run` may return a backend's tensors."""
    return np.concatenate([ops.convert_to_numpy(run(part)) for part in chunks(x, size)])


def reencoder(encoder: keras.Model, decoder: keras.Model) -> Callable[[np.ndarray], np.ndarray]:
    """Codes (B, D) -> the mean codes (B, D) of the faces that they decode to."""
    return lambda z: in_chunks(lambda part: encoder(decoder(part, training=False), training=False)[0], z)


def milliseconds(run: Callable[[], object], times: int, warm_up: int = 1) -> list[float]:
    """How long each of so many calls takes, after some that are not counted."""
    for _ in range(warm_up):
        run()
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        taken.append(1000 * (time.perf_counter() - start))
    return taken
