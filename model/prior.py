"""Where to draw z from: N(0, I), or a flow that carries N(0, I) to the codes of the training faces.

N(0, I) has holes between the faces that the encoder really makes: whitened codes have its mean and covariance, but not
its independence. The flow follows them (trained in model/flow.py), and one turn through the VAE mends what it misses.
"""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType

import numpy as np

FREQUENCIES = 16  # of the sines and cosines by which the flow knows how far it is
TURNS = np.geomspace(1, 60, FREQUENCIES, dtype=np.float32)  # radians that each of them turns for one of the angle
# Arrays that come after the flow, not into its velocity; the last two after encoding again.
MOMENTS = ("scale", "shift", "seen_scale", "seen_shift")
GROUPS = 16  # of neighbouring dimensions, whose mean square the flow is told
BLOCKS = 3  # of 512 features for 512 dimensions 6 MB, beside the directions in attributes.npz
STEPS = 10  # a quarter turn in so many, each of the second order; twice as many change a face by less than can be seen

STEP = np.pi / 2 / STEPS


def _noise(n: int, seed: int, latent_dim: int) -> np.ndarray:
    """Normal numbers (n, D); row i depends on seed and i alone, not on n."""
    if n < 0 or seed < 0:
        raise ValueError(f"n and seed must not be negative; they are {n} and {seed}")
    normal = np.empty((n, latent_dim), np.float32)
    for i in range(n):
        normal[i] = np.random.default_rng((seed, i)).normal(size=latent_dim)
    return normal


def _check_temperature(temperature: float) -> float:
    if not 0 <= temperature < np.inf:
        raise ValueError(f"temperature is {temperature!r}; it must be 0 or more")
    return float(temperature)


@dataclass(frozen=True)
class NormalPrior:
    """N(0, I), what the KL term pulls all codes together to."""

    latent_dim: int

    def sample(self, n: int, seed: int = 0, temperature: float = 1.0) -> np.ndarray:
        """(n, D) float32; `temperature` scales the distance from 0, the prior's mean."""
        return (_check_temperature(temperature) * _noise(n, seed, self.latent_dim)).astype(np.float32)


@dataclass(frozen=True, eq=False)
class FlowPrior:
    """A density of z: what a flow makes of N(0, I) (Lipman et al. 2023, "Flow matching for generative modeling").

    Attributes:
        arrays: float arrays of the shapes that `flow_shapes` names. A scale and a shift give each dimension the
            deviation and the mean that it has in faces' codes.
    Raises:
        ValueError: an array that is missing, of the wrong shape or not finite, or a flow that leads out of all bounds.
    """

    arrays: Mapping[str, np.ndarray]

    def __post_init__(self):
        given = {name: np.asarray(array) for name, array in self.arrays.items()}
        sizes = (given[name].size if name in given else 1 for name in ("out_bias", "in_bias"))
        arrays = {}
        for name, shape in flow_shapes(*sizes, _blocks(given)).items():
            if name not in given:
                raise ValueError(f"the prior has no array {name}")
            array = given[name]
            if array.shape != shape:
                raise ValueError(f"{name} of the prior has shape {array.shape}; beside its others {shape} is needed")
            if array.dtype.kind != "f" or not np.isfinite(array).all():
                raise ValueError(f"{name} of the prior holds values that are not finite numbers")
            arrays[name] = array.astype(np.float32)
        object.__setattr__(self, "arrays", arrays)
        with np.errstate(all="ignore"):
            if not np.isfinite(self.sample(1)).all():
                raise ValueError("the arrays of the prior lead to codes that are not finite numbers")

    @property
    def latent_dim(self) -> int:
        """D."""
        return len(self.arrays["out_bias"])

    def sample(self, n: int, seed: int = 0, temperature: float = 1.0,
               reencode: Callable[[np.ndarray], np.ndarray] | None = None) -> np.ndarray:
        """Draw n codes.

        Args:
            n: how many; the first faces of a larger n are the same.
            seed: 0 or more.
            reencode: codes (n, D) -> the encoder's mean codes (n, D) of the faces that the decoder makes of them. It
                sees a person where the flow stopped beside one, so this is a step towards the faces (Bengio et al.
                2013, "Generalized denoising auto-encoders as generative models"). None leaves the flow's codes.
            temperature: scales the distance of each code from 0, the mean of all faces' codes, so that at 0 every face
                is the average one, at 1 the density is the fitted one, and the same seed keeps its face in between.
        Returns:
            (n, D) float32.
        Raises:
            ValueError: a negative number, or a temperature that is not finite.
        """
        temperature = _check_temperature(temperature)
        z = _noise(n, seed, self.latent_dim)
        for step in range(STEPS):  # Heun's method: the mean of the velocities at both ends
            angle, later = (np.full((n, 1), at * STEP, np.float32) for at in (step, step + 1))
            before = velocity(self.arrays, z, angle)
            z = z + (before + velocity(self.arrays, z + before * STEP, later)) * STEP / 2
        z = (z * self.arrays["scale"] + self.arrays["shift"]).astype(np.float32)
        if reencode is not None:
            z = reencode(z) * self.arrays["seen_scale"] + self.arrays["seen_shift"]
        return (temperature * z).astype(np.float32)

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Plain arrays by name; kernels, of which float16 is enough, in half size."""
        return {name: array.astype(np.float16) if "kernel" in name else array for name, array in self.arrays.items()}


def flow_shapes(latent_dim: int, width: int, blocks: int = BLOCKS) -> dict[str, tuple[int, ...]]:
    """Shapes of a flow's arrays by name: what `FlowPrior` holds and `velocity` reads."""
    shapes = {
        "state_kernel": (2 * FREQUENCIES + GROUPS, width), "state_bias": (width,),
        "in_kernel": (latent_dim, width), "in_bias": (width,),
        "out_kernel": (width, latent_dim), "out_bias": (latent_dim,),
        "gain_kernel": (width, latent_dim),
        **dict.fromkeys(MOMENTS, (latent_dim,)),
    }  # fmt: skip
    for k in range(blocks):
        for part in ("gate", "value", "back"):
            shapes |= {f"{part}_kernel_{k}": (width, width), f"{part}_bias_{k}": (width,)}
    return shapes


def _blocks(arrays: Mapping) -> int:
    return sum(name.startswith("gate_bias_") for name in arrays)


def velocity(arrays: Mapping, z, angle, ops: ModuleType = np, matmul=None):
    """dz/da (B, D) at z (B, D) and angles a (B, 1) in [0, pi / 2]; with `keras.ops` for ops it can be trained.

    On the way cos(a) z0 + sin(a) z1 from N(0, I) to the codes (Albergo and Vanden-Eijnden 2023) N(0, I) would stand
    still. What moves it is a residual network of gated blocks (Shazeer 2020). Faces differ most in how long their codes
    are, by five times what chance would do; the network normalises that away, so it is told, and may scale z by it.
    """
    matmul = matmul or ops.matmul
    phases = ops.multiply(angle, TURNS)  # (B, FREQUENCIES)
    spread = ops.log(ops.matmul(z**2, _groups(z.shape[-1])) + 1e-3)  # (B, GROUPS)
    state = ops.concatenate([ops.sin(phases), ops.cos(phases), spread], axis=-1)
    state = _silu(ops.matmul(state, arrays["state_kernel"]) + arrays["state_bias"], ops)  # (B, W)
    h = matmul(z, arrays["in_kernel"]) + arrays["in_bias"]
    for k in range(_blocks(arrays)):
        u = _normalised(h, ops) + state
        gate = _silu(matmul(u, arrays[f"gate_kernel_{k}"]) + arrays[f"gate_bias_{k}"], ops)
        value = matmul(u, arrays[f"value_kernel_{k}"]) + arrays[f"value_bias_{k}"]
        h = h + matmul(gate * value, arrays[f"back_kernel_{k}"]) + arrays[f"back_bias_{k}"]
    added = matmul(_normalised(h, ops), arrays["out_kernel"]) + arrays["out_bias"]
    return added + matmul(state, arrays["gain_kernel"]) * z


@functools.cache
def _groups(latent_dim: int) -> np.ndarray:
    """(D, GROUPS): squares @ this are their means over groups of neighbours, which whitening put in order."""
    group = np.arange(latent_dim) * GROUPS // latent_dim
    member = (group[:, None] == np.arange(GROUPS)).astype(np.float32)
    return member / np.maximum(member.sum(axis=0), 1)


def _silu(x, ops):
    return x * 0.5 * (1 + ops.tanh(0.5 * x))  # x sigmoid(x), without overflow


def _normalised(x, ops):
    x = x - ops.mean(x, axis=-1, keepdims=True)
    return x / ops.sqrt(ops.mean(x**2, axis=-1, keepdims=True) + 1e-3)
