"""Encoder and decoder as functional Keras models; every size comes from the ModelConfig.

B batch, S image size, D latent dimensions.
"""

import keras
from keras import layers, ops

from model.config import COARSE, ModelConfig

# Adam moves all of a dense layer's hundreds of inputs by one rate: without this, each step shook the whole picture.
COARSE_SCALE = 0.1
LAST_CONV = "last_conv"  # of a residual block: ends its layer's name
PLACE_NOISE = 0.1  # deviation of what tells a feature map's places apart, before it is learned


def build_encoder(config: ModelConfig) -> keras.Model:
    """x (B, S, S, 3) in [0, 1] -> [z_mean, z_log_var], both (B, D) float32."""
    x = keras.Input((config.image_size, config.image_size, 3), name="x")
    if config.architecture == "seed":
        features = spread = layers.Flatten()(_seed_encoder(x, config))
    else:
        features = _residual_encoder(x, config)
        # The variance hardly depends on where things are: pooled features spare it a million weights.
        spread = layers.GlobalAveragePooling2D(dtype="float32")(features)
        features = layers.Conv2D(config.bottleneck_width, 1, activation="silu", name="bottleneck")(features)
        features = layers.Flatten()(features)
    # Both heads stay in float32: a KL of hundreds of nats needs more than bfloat16's eight bits.
    z_mean = layers.Dense(config.latent_dim, dtype="float32", name="z_mean")(features)
    if config.architecture == "residual":
        z_mean = layers.Add(dtype="float32")([z_mean, _coarse_code(x, config)])
    z_log_var = layers.Dense(config.latent_dim, dtype="float32", name="z_log_var")(spread)
    return keras.Model(x, [z_mean, z_log_var], name="encoder")


def build_decoder(config: ModelConfig) -> keras.Model:
    """z (B, D) -> x_hat (B, S, S, 3) float32 in [0, 1]."""
    z = keras.Input((config.latent_dim,), name="z")
    x_hat = (_seed_decoder if config.architecture == "seed" else _residual_decoder)(z, config)
    return keras.Model(z, x_hat, name="decoder")


def _seed_encoder(x, config):
    for level, width in enumerate(config.widths):
        x = layers.Conv2D(width, 3, strides=2, padding="same", name=f"halving_{level}")(x)  # (B, s/2, s/2, width)
        x = layers.LeakyReLU(negative_slope=0.2)(layers.BatchNormalization(name=f"norm_{level}")(x))
        x = layers.Dropout(config.dropout)(x)
    return x


def _seed_decoder(z, config):
    side = config.image_size // config.total_stride
    y = layers.Dense(side * side * config.widths[-1], name="bottleneck")(z)
    y = layers.LeakyReLU(negative_slope=0.2)(layers.BatchNormalization(name="bottleneck_norm")(y))
    y = layers.Reshape((side, side, config.widths[-1]))(y)
    for level, width in enumerate(reversed(config.widths)):
        # (B, 2s, 2s, width)
        y = layers.Conv2DTranspose(width, 3, strides=2, padding="same", name=f"doubling_{level}")(y)
        y = layers.LeakyReLU(negative_slope=0.2)(layers.BatchNormalization(name=f"norm_{level}")(y))
        y = layers.Dropout(config.dropout)(y)
    y = layers.Conv2DTranspose(3, 3, padding="same", name="colour")(y)
    return layers.Activation("sigmoid", dtype="float32", name="x_hat")(y)


def _residual_block(x, width: int, dropout: float, name: str):
    """Two normalised 3x3 convolutions and a clear way past them (He et al. 2016, "Identity mappings").

    Nothing stands on the way past: an activation there, however many times, shrinks what comes through to nothing.
    """
    y = layers.Conv2D(width, 3, padding="same", use_bias=False, name=f"{name}_conv")(_activated(x, f"{name}_norm"))
    y = layers.Dropout(dropout)(_activated(y, f"{name}_inner_norm"))
    y = layers.Conv2D(width, 3, padding="same", name=f"{name}_{LAST_CONV}")(y)
    return layers.Add()([x, y])


def _activated(x, name: str):
    return layers.Activation("silu")(layers.BatchNormalization(name=name)(x))


def _residual_encoder(x, config):
    y = layers.Conv2D(config.widths[0], 2 * config.stem_stride - 1, strides=config.stem_stride, padding="same",
                      name="stem")(x - 0.5)
    for level, (width, depth) in enumerate(zip(config.widths, config.encoder_depths or config.depths, strict=True)):
        if level:
            y = layers.Conv2D(width, 3, strides=2, padding="same", name=f"halving_{level}")(y)  # (B, s/2, s/2, width)
        for block in range(depth):
            y = _residual_block(y, width, config.dropout, f"block_{level}_{block}")
    return _activated(y, "last_norm")


def _residual_decoder(z, config):
    side = config.image_size // config.total_stride
    y = layers.Dense(side * side * config.bottleneck_width, name="bottleneck")(z)
    y = layers.Reshape((side, side, config.bottleneck_width))(y)
    doublings = (config.image_size // (2 * side)).bit_length() - 1
    head = (config.head_width, config.head_depth)
    levels = list(zip(config.widths, config.depths, strict=True))[::-1] + [head] * doublings
    for level, (width, depth) in enumerate([*levels[:doublings], head]):
        # (B, 2s, 2s, width)
        y = _doubled(y, width, f"doubling_{level}") if level else layers.Conv2D(width, 1, name="stem")(y)
        for block in range(depth):
            y = _residual_block(y, width, config.dropout, f"block_{level}_{block}")
    return _sub_pixel_head(_activated(y, "last_norm"), _coarse_picture(z, config), config.detail_width)


def _coarse_code(x, config):
    """x (B, S, S, 3) -> (B, D): what a linear autoencoder of the picture in little would add to z_mean.

    512 principal components alone reach the pixel error of a convolutional VAE that trained for hours: colour and light
    of large areas are linear, and this path leaves the convolutions to the rest. It starts at zero.
    """
    side = min(COARSE, config.image_size)
    y = layers.AveragePooling2D(config.image_size // side, dtype="float32")(x - 0.5)
    y = layers.Flatten(dtype="float32")(y)
    y = layers.Dense(config.latent_dim, use_bias=False, kernel_initializer="zeros", dtype="float32",
                     name="coarse_code")(y)
    return layers.Rescaling(COARSE_SCALE, dtype="float32")(y)


def _coarse_picture(z, config):
    """z (B, D) -> (B, S/2, S/2, 3): the inverse of `_coarse_code`, before the sigmoid."""
    side = min(COARSE, config.image_size // 2)
    y = layers.Dense(side * side * 3, kernel_initializer="zeros", dtype="float32", name="coarse_picture")(z)
    y = layers.Rescaling(COARSE_SCALE, dtype="float32")(y)
    y = layers.Reshape((side, side, 3), dtype="float32")(y)
    return layers.UpSampling2D(config.image_size // 2 // side, interpolation="bilinear", dtype="float32")(y)


@keras.saving.register_keras_serializable("facet")
class PlaceDetail(layers.Layer):
    """Adds a learned constant of each place, as strongly as the features there ask for: (B, s, s, C) -> the same.

    Hair and cloth need irregularity that no code can hold. A network without any of its own makes them of the one
    pattern that it has, the grid of its doublings, and hair becomes plaid. The constants are the noise of Karras et al.
    2019, always the same so that one code is one picture; there a style scales it, here a 1x1 convolution, which can
    tell hair from skin.
    """

    def build(self, input_shape):
        """One number for each place and channel, and a gain that starts at 1 everywhere."""
        width = input_shape[-1]
        self.pattern = self.add_weight(shape=input_shape[1:], name="pattern",
                                       initializer=keras.initializers.RandomNormal(stddev=PLACE_NOISE))
        self.kernel = self.add_weight(shape=(1, 1, width, width), name="kernel", initializer="zeros")
        self.gain = self.add_weight(shape=(width,), name="gain", initializer="ones")

    def call(self, x):
        """x (B, s, s, C)."""
        return x + self.pattern * (ops.conv(x, self.kernel) + self.gain)


def _doubled(x, width: int, name: str):
    """(B, s, s, C) -> (B, 2s, 2s, width), smooth: what is sharp must come from the convolutions after it.

    Repeated pixels leave steps, and the four places of a sub-pixel convolution unequal gains, for all that comes after.
    """
    y = layers.UpSampling2D(2, interpolation="bilinear")(layers.Conv2D(width, 1, name=name)(x))
    return PlaceDetail(name=f"{name}_detail")(y)


def _shuffled(x):
    """(B, s, s, 4 C) -> (B, 2s, 2s, C): each position's four groups of channels become its four pixels.

    A mean over 2 x 2 of them then takes away the pattern that the four groups' unequal gains print on flat ground
    (the zero-order hold of Sugawara et al. 2018); it passes everything else but the finest checkerboard.
    """
    side, width = x.shape[1], x.shape[-1] // 4
    x = layers.Reshape((side, side, 2, 2, width))(x)
    x = layers.Reshape((2 * side, 2 * side, width))(ops.transpose(x, (0, 1, 3, 2, 4, 5)))
    return layers.AveragePooling2D(2, strides=1, padding="same")(x)


def _sub_pixel_head(y, coarse, width: int):
    """(B, S/2, S/2, C) -> (B, S, S, 3): a smooth half-size picture enlarged, plus grey detail drawn at full size.

    coarse (B, S/2, S/2, 3) is added to the smooth picture. The detail comes from `width` sub-pixel features (Shi et al.
    2016) by a convolution of its own: what smooths the features' grid away would otherwise blur all that is drawn.

    The detail starts at zero, so that the head begins without the grid that a random sub-pixel layer draws.
    """
    colour = layers.Conv2D(3, 3, padding="same", dtype="float32", name="colour")(y)
    colour = layers.Add(dtype="float32")([colour, coarse])
    colour = layers.UpSampling2D(2, interpolation="bilinear", dtype="float32")(colour)
    fine = layers.Conv2D(4 * width, 3, padding="same", name="sub_pixels")(y)
    fine = layers.Activation("relu")(_shuffled(fine))
    detail = layers.Conv2D(1, 3, padding="same", kernel_initializer="zeros", dtype="float32", name="detail")(fine)
    y = layers.Add(dtype="float32")([colour, detail])  # of brightness alone: a JPEG has colour at half size
    return layers.Activation("sigmoid", dtype="float32", name="x_hat")(y)
