"""Synthetic faces for tests: drawn, so that no photograph is needed; and a tiny bundle of random weights."""

import os

import numpy as np
from PIL import Image, ImageDraw


def draw_face(rng: np.random.Generator, size: tuple[int, int] = (178, 218)) -> tuple[Image.Image, dict[str, bool]]:
    """Draw one cartoon face in the CelebA frame: eyes and mouth where aligned photographs have them.

    Args:
        rng: decides skin, hair, smile, glasses and background.
        size: width and height in pixels; the face scales with it.
    Returns:
        The RGB picture and what was drawn, by CelebA attribute name.
    """
    labels = {name: bool(rng.random() < 0.5) for name in ("Smiling", "Blond_Hair", "Eyeglasses", "Male")}
    skin = tuple(int(c) for c in np.array([225, 180, 150]) * rng.uniform(0.5, 1.05))
    hair = (225, 200, 110) if labels["Blond_Hair"] else (60, 40, 30)
    image = Image.new("RGB", (178, 218), tuple(int(c) for c in rng.integers(40, 220, 3)))
    draw = ImageDraw.Draw(image)
    draw.ellipse((33, 35, 144, 175 if labels["Male"] else 215), fill=hair)
    draw.ellipse((45, 60, 132, 185), fill=skin)
    for x in (69, 107):
        draw.ellipse((x - 8, 106, x + 8, 116), fill=(250, 250, 250))
        draw.ellipse((x - 4, 107, x + 4, 115), fill=(50, 70, 90))
        if labels["Eyeglasses"]:
            draw.ellipse((x - 15, 99, x + 15, 124), outline=(20, 20, 20), width=3)
    draw.line((88, 112, 86, 135, 92, 136), fill=(130, 90, 80), width=2)
    if labels["Smiling"]:
        draw.chord((68, 138, 108, 166), 10, 170, fill=(250, 245, 240), outline=(170, 50, 60), width=3)
    else:
        draw.line((72, 154, 104, 154), fill=(170, 60, 70), width=4)
    return image.resize(size, Image.Resampling.BICUBIC), labels


def tiny_bundle(path: str | os.PathLike, seed: int = 0) -> str:
    """Write a whole valid bundle of the `tiny` preset (16 pixels, D = 4) with random weights, in a second or two.

    Its faces are coloured patches that change with every latent dimension; its directions and its classifier are
    random too. Another seed makes another bundle. Returns the path.
    """
    from model.bundle import save_bundle
    from model.classifier import build_classifier
    from model.config import preset
    from model.data import ATTRIBUTES
    from model.inference import reencoder
    from model.latents import fit_latents
    from model.networks import build_decoder, build_encoder
    from model.prior import FlowPrior, flow_shapes

    config, _ = preset("tiny")
    classifier_config = {"image_size": config.image_size, "widths": [8, 8], "depths": [0, 0]}
    rng = np.random.default_rng(seed)
    networks = {
        "encoder": build_encoder(config),
        "decoder": build_decoder(config),
        "classifier": build_classifier(**classifier_config),
    }
    for network in networks.values():
        for weight in network.weights:
            if "variance" not in weight.name:  # of batch normalisation, which must stay positive
                inputs = np.prod(weight.shape[:-1])
                weight.assign(weight + rng.normal(0, 1 / np.sqrt(max(inputs, 9)), weight.shape).astype(np.float32))
    labels = np.where(rng.random((400, len(ATTRIBUTES))) < 0.5, 1, -1)
    z = rng.normal(size=(400, config.latent_dim)) + 0.3 * labels @ rng.normal(size=(len(ATTRIBUTES), config.latent_dim))
    shapes = flow_shapes(config.latent_dim, width=8, blocks=2)
    flow = {name: rng.normal(0, 0.1, shape).astype(np.float32) for name, shape in shapes.items()}
    flow |= {name: np.ones(config.latent_dim) for name in ("scale", "seen_scale")}
    seen = reencoder(networks["encoder"], networks["decoder"])(FlowPrior(flow).sample(100))
    flow |= {"seen_scale": 1 / seen.std(axis=0), "seen_shift": -seen.mean(axis=0) / seen.std(axis=0)}
    save_bundle(
        path,
        config=config,
        **networks,
        latents=fit_latents(z, labels, ATTRIBUTES),
        prior=FlowPrior(flow),
        metrics={"psnr": 12.0},
        about={"data": "random weights, for tests", "seed": seed},
        classifier_config=classifier_config,
    )
    return str(path)
