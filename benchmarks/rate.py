"""Training against its own step: `python -m benchmarks.rate [--preset default] [--vgg16 FILE] [--steps 40]`.

Trains a preset on pictures of noise as train.py does, with its batches, augmentation and callbacks, and runs the same
compiled step of the same network on one batch that stays where it is, in turns. Prints the images a second of both:
the difference is what feeding and watching the step costs.
"""

import argparse
import sys
import time

import numpy as np

from model.config import PRESETS, preset

ROUNDS = 5  # of each kind, in turns, so that whatever else the machine does falls on both
WARM = 5  # steps before the first round: tracing, and memory for the first time


def measure(name: str, steps: int, rounds: int = ROUNDS, vgg16: str | None = None) -> dict[str, list[float]]:
    """Images a second by kind of run, one number a round.

    Args:
        name: of the preset; its perceptual term counts only with `vgg16`.
        steps: of each round.
        vgg16: file of weights, as for train.py.
    Raises:
        ValueError: no such preset or file, or steps or rounds that are not above 0.
    """
    import keras
    import tensorflow as tf

    from model.batches import FaceBatches
    from model.callbacks import AveragedWeights, BetaScheduler, Clock
    from model.losses import PerceptualDistance
    from model.vae import VAE
    from train import optimizer

    if steps < 1 or rounds < 1:
        raise ValueError("steps and rounds must be 1 or more")
    model_config, config = preset(name)
    if vgg16:  # from the first step on: a run's first minutes are pixels alone, at twice the speed
        config = config.replace(perceptual_start=0.0, adversarial_start=0.0)
    else:
        config = config.replace(perceptual_weight=0.0, adversarial_weight=0.0)
    keras.utils.set_random_seed(config.seed)
    vae = VAE(model_config, config, PerceptualDistance(vgg16) if vgg16 else None)
    vae.compile(optimizer=optimizer(config), jit_compile=False)
    vae.optimizer.build(vae.trainable_variables)
    count, side = steps * config.batch_size, model_config.image_size
    faces = np.random.default_rng(0).integers(0, 256, (count, side, side, 3), np.uint8)
    batches = FaceBatches(faces, np.arange(count), np.ones(count, bool), config, training=True)
    callbacks = [Clock(config, steps), BetaScheduler(config.beta, config.beta_warmup_epochs, steps),
                 *([AveragedWeights(config.ema_momentum)] if config.ema_momentum else [])]  # fmt: skip
    one = {key: tf.constant(value) for key, value in batches[0][0].items()}

    @tf.function
    def step() -> None:
        with tf.GradientTape() as tape:
            loss = vae.compute_loss(x=one, y_pred=vae(one, training=True))
        vae.optimizer.apply(tape.gradient(loss, vae.trainable_variables), vae.trainable_variables)

    def bare() -> None:
        for _ in range(steps):
            step()
        vae.trainable_variables[-1].numpy()  # waits for the last step

    def fit() -> None:
        vae.fit(batches, epochs=1, callbacks=callbacks, verbose=0)

    for _ in range(WARM):
        step()
    vae.fit(batches, steps_per_epoch=min(WARM, steps), epochs=1, callbacks=callbacks, verbose=0)
    found = {"bare step": [], "train.py": []}
    for _ in range(rounds):
        for kind, run in zip(found, (bare, fit), strict=True):
            start = time.perf_counter()
            run()
            found[kind].append(count / (time.perf_counter() - start))
    return found


def main(argv: list[str] | None = None) -> int:
    """Print the table; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rate", description=__doc__.splitlines()[0])
    parser.add_argument("--preset", choices=PRESETS, default="default")
    parser.add_argument("--steps", type=int, default=40, help="of each round (default %(default)s)")
    parser.add_argument("--vgg16", help="VGG16 weights file, as for train.py; without it that term is left out")
    options = parser.parse_args(argv)
    try:
        found = measure(options.preset, options.steps, vgg16=options.vgg16)
    except (ValueError, OSError) as error:
        print(f"benchmarks.rate: {error}", file=sys.stderr)
        return 1
    with_vgg16 = "with" if options.vgg16 else "without"
    print(f"{options.preset}, {with_vgg16} VGG16, {ROUNDS} rounds of {options.steps} steps\n")
    print("| run | images a second, median | least | most |\n|---|---|---|---|")
    for kind, rates in found.items():
        print(f"| {kind} | {np.median(rates):.1f} | {min(rates):.1f} | {max(rates):.1f} |")
    share = np.median(found["train.py"]) / np.median(found["bare step"])
    print(f"\ntrain.py runs at {100 * share:.0f} % of the bare step's rate (goal: 90)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
