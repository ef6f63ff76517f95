"""The variational autoencoder (Kingma and Welling 2013) as a Keras model that `fit` trains on any backend."""

import keras
from keras import ops

from model import losses
from model.adversarial import Critic, adversarial_errors
from model.config import ModelConfig, TrainConfig
from model.networks import build_decoder, build_encoder
from model.preprocessing import resizing, triangle

POOLING = 4  # pixels of a cell of VGG16's block 3
# Of the critics' own loss in the sum: Adam divides it out again, but the clipped norm of the gradient is everyone's.
CRITIC_SHARE = 0.1
HALF_SIZE = 89  # side of the face square in half-size CelebA pictures, pixels; `soften` blurs to that


class Sampling(keras.layers.Layer):
    """z = z_mean + exp(z_log_var / 2) * eps, eps ~ N(0, I): the reparameterisation trick."""

    def __init__(self, seed: int = 0, **kwargs):
        super().__init__(dtype="float32", **kwargs)
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, inputs):
        """[z_mean, z_log_var], both (B, D) -> z (B, D)."""
        z_mean, z_log_var = inputs
        eps = keras.random.normal(ops.shape(z_mean), seed=self.seed_generator)
        return z_mean + ops.exp(0.5 * z_log_var) * eps


def blurred(x):
    """(B, S, S, 3), S over HALF_SIZE, at the half-size pictures' resolution but its own size."""
    size = x.shape[1]
    # Resizing is linear, and as a matrix product takes a fifth of the time.
    blur = resizing(HALF_SIZE, size, triangle) @ resizing(size, HALF_SIZE, triangle)
    return ops.einsum("ij,bjkc,lk->bilc", blur, x, blur)


class VAE(keras.Model):
    """Encoder, sampling, decoder and the objective alpha * reconstruction + beta * KL + adversarial * generator.

    `alpha`, `beta`, `adversarial` and `perceptual_on` are weights, not Python numbers: a number is frozen into the
    traced training step, and a callback that changed it would change nothing.

    Args:
        model: sizes of the two networks.
        train: the objective's terms and their weights.
        perceptual: a PerceptualDistance, or None where `train.perceptual_weight` is 0.
        devices: that share each batch; the loss of each share is that part of the whole batch's.
    """

    def __init__(self, model: ModelConfig, train: TrainConfig, perceptual=None, devices: int = 1):
        super().__init__(name="vae")
        self.encoder = build_encoder(model)
        self.decoder = build_decoder(model)
        self.sampling = Sampling(train.seed)
        self.config, self.train_config, self.devices = model, train, devices
        if bool(train.perceptual_weight) != (perceptual is not None):
            raise ValueError("perceptual_weight above 0 and a perceptual distance go together")
        # Through a tuple, so that Keras does not track VGG16 as a part of this model and save it with each checkpoint.
        self._perceptual = (perceptual,)
        self.seed_generator = keras.random.SeedGenerator(train.seed + 1)
        self.alpha = self._constant("alpha", train.alpha)
        self.beta = self._constant("beta", train.beta)
        self.perceptual_on = self._constant("perceptual_on", 1.0)  # 0 skips VGG16, which is most of a step's work
        self.adversarial = self._constant("adversarial", train.adversarial_weight)
        # One for crops at full size and one for whole faces at half: detail differs between them.
        self.critics = []
        if train.adversarial_weight:
            self.critics = [Critic(name=name) for name in ("critic_crops", "critic_whole")]
            for critic in self.critics:
                critic.build([v.shape for v in perceptual.features.outputs])
        self.reconstruction_tracker = keras.metrics.Mean(name="reconstruction_loss")
        self.kl_tracker = keras.metrics.Mean(name="kl_loss")
        self.beta_tracker = keras.metrics.Mean(name="beta")
        self.critic_tracker = keras.metrics.Mean(name="critic_loss") if train.adversarial_weight else None

    def _constant(self, name: str, value: float):
        return self.add_weight(shape=(), name=name, trainable=False, dtype="float32",
                               initializer=keras.initializers.Constant(value))

    def build(self, input_shape=None):
        """Nothing is left to build: encoder and decoder are built with their configuration."""
        self.built = True

    def get_networks(self) -> list:
        """The arrays of the encoder's and then the decoder's weights: what a bundle ships."""
        return self.encoder.get_weights() + self.decoder.get_weights()

    def set_networks(self, arrays: list) -> None:
        """The inverse of `get_networks`."""
        count = len(self.encoder.weights)
        self.encoder.set_weights(arrays[:count])
        self.decoder.set_weights(arrays[count:])

    def call(self, inputs, training=False):
        """{"x": (B, S, S, 3), ...} -> {"x_hat": (B, S, S, 3), "z_mean": (B, D), "z_log_var": (B, D)}.

        Decodes a sample of z while training and z_mean otherwise.
        """
        x = self._soften(inputs["x"], inputs["sharp"]) if training else inputs["x"]
        z_mean, z_log_var = self.encoder(x, training=training)
        z = self.sampling([z_mean, z_log_var]) if training else z_mean
        return {"x_hat": self.decoder(z, training=training), "z_mean": z_mean, "z_log_var": z_log_var}

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """The objective, for training and validation alike; also feeds the reported means."""
        reconstruction = ops.mean(self._pixel_error(x["x"], y_pred["x_hat"], x["sharp"]))
        generator = critic = 0.0
        if self._perceptual[0] is not None:
            # Drawn out here: what is drawn under `cond` leaves no next state of the seed behind in JAX.
            side = self.config.image_size // 2
            corner = keras.random.randint((2,), 0, side + 1, seed=self.seed_generator)
            shift = keras.random.randint((2,), 0, POOLING, seed=self.seed_generator)
            # Validation always counts it, so that epochs before and after its start compare.
            pictures, judged = (x["x"], y_pred["x_hat"], x["sharp"]), training and bool(self.critics)
            errors = lambda: self._feature_errors(*pictures, corner, shift, judged)  # noqa: E731
            errors = ops.cond(self.perceptual_on > 0, errors, lambda: 3 * (ops.zeros(()),)) if training else errors()
            error, generator, critic = errors
            reconstruction = reconstruction + self.train_config.perceptual_weight * error
        kl = ops.mean(losses.kl_divergence(y_pred["z_mean"], y_pred["z_log_var"]))
        self.reconstruction_tracker.update_state(reconstruction)
        self.kl_tracker.update_state(kl)
        self.beta_tracker.update_state(self.beta)
        if self.critic_tracker is not None:
            self.critic_tracker.update_state(critic)
        adversarial = self.adversarial * generator + CRITIC_SHARE * critic
        return (self.alpha * reconstruction + self.beta * kl + adversarial) / self.devices

    def _pixel_error(self, x, x_hat, sharp):
        plain = self.train_config.reconstruction == "mse"
        error = losses.squared_error(x, x_hat) if plain else losses.multiscale_error(x, x_hat, sharp)
        if self.train_config.texture_weight:
            error = error + self.train_config.texture_weight * losses.texture_error(x, x_hat, sharp)
        if self.train_config.lattice_weight:
            error = error + self.train_config.lattice_weight * losses.lattice_error(x, x_hat)
        return error

    def _feature_errors(self, x, x_hat, sharp, corner, shift, judged: bool):
        """The perceptual error, the generator's and the critics': of whole faces at half size plus of crops of the same
        side at full size.

        VGG16 costs more than the VAE, so a quarter of the batch pays for each: the crops from its first rows, which
        are sharp (batches come so), the whole faces from every fourth row.

        Args:
            corner: (2,) of the crops, row and column, each 0 to S/2.
            shift: (2,) of the whole faces on the grid of VGG16's pooling, each below POOLING: anew each time, or that
                grid would print through as a weave.
            judged: by critics too; otherwise the last two errors are 0. Not in validation: critics of different epochs
                do not compare.
        """
        side = self.config.image_size // 2
        rows, inner = (ops.shape(x)[0] + 3) // 4, side - POOLING + 1
        crops = [ops.slice(v, (0, corner[0], corner[1], 0), (rows, side, side, 3)) for v in (x, x_hat)]
        whole = [ops.slice(losses.shrink(v[::4], 2), (0, shift[0], shift[1], 0), (rows, inner, inner, 3))
                 for v in (x, x_hat)]
        critics = self.critics if judged else (None, None)
        parts = (self._compared(*crops, sharp[:rows], critics[0]), self._compared(*whole, 1.0, critics[1]))
        return tuple(a + b for a, b in zip(*parts, strict=True))

    def _compared(self, x, x_hat, weight, critic):
        """The three errors of pictures of one kind; `weight` of each, a number or (B,)."""
        perceptual = self._perceptual[0]
        photo, drawn = perceptual.features(ops.stop_gradient(x)), perceptual.features(x_hat)
        judgement = adversarial_errors(critic, photo, drawn) if critic else 2 * (ops.zeros(()),)
        return tuple(ops.mean(weight * error) for error in (perceptual.compare(photo, drawn), *judgement))

    def _soften(self, x, sharp):
        """Blur some sharp pictures to the half-size pictures' resolution, so that the encoder reads both alike."""
        if not self.train_config.soften or self.config.image_size <= HALF_SIZE:
            return x
        chosen = keras.random.uniform(ops.shape(sharp), seed=self.seed_generator) < self.train_config.soften
        chosen = ops.logical_and(chosen, sharp > 0)[:, None, None, None]
        return ops.where(chosen, blurred(x), x)
