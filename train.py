"""The offline run: CelebA in, a bundle out. Read it from `main` downwards: data, fit, latents, measures, bundle."""

import argparse
import dataclasses
import fcntl
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from model.config import PRESETS, ModelConfig, TrainConfig, preset  # noqa: E402  (light; Keras comes after parsing)

PICTURES = 10  # faces that ImageGenerator shows each epoch


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    options, model_config, train_config = parse(argv)
    try:
        run(options, model_config, train_config)
    except (ValueError, OSError, FloatingPointError) as error:
        print(f"train.py: {error}", file=sys.stderr)
        return 1
    return 0


def run(options: argparse.Namespace, model_config: ModelConfig, train_config: TrainConfig) -> None:
    """The whole story."""
    import keras

    from model.data import CelebA

    keras.utils.set_random_seed(train_config.seed)
    data = CelebA(options.data, cache=options.cache)
    print(f"{len(data):,} faces in {options.data}; decoding those that the cache does not hold", flush=True)
    images = data.images(model_config.image_size)

    state_folder = Path(f"{options.out}.training")
    with locked(state_folder):
        vae, seconds = fit(data, images, model_config, train_config, options, state_folder)
        from model.finish import write_bundle

        write_bundle(options.out, vae, data, images, train_config, seconds, judge=options.judge)


def fit(data, images, model_config, train_config, options, folder: Path):
    """Train; returns the VAE with its best weights and the seconds that training took."""
    import keras

    from model.batches import FaceBatches
    from model.bundle import load_bundle
    from model.callbacks import BestWeights, BetaScheduler, Clock, ImageGenerator, TrainingState, load_state
    from model.losses import PerceptualDistance
    from model.preprocessing import to_float
    from model.vae import VAE

    identity = {"model": model_config.to_dict(), "train": train_config.to_dict(), "faces": len(data)}
    state = load_state(folder, identity) if options.resume else None
    if state is None and (folder / "state.json").exists() and not options.resume:
        raise ValueError(f"{folder} holds an unfinished run; add --resume to go on with it, or delete it")
    start = state["epoch"] if state else 0

    keras.mixed_precision.set_dtype_policy(train_config.precision)
    perceptual = PerceptualDistance(options.vgg16) if train_config.perceptual_weight else None
    vae = VAE(model_config, train_config, perceptual)
    keras.mixed_precision.set_dtype_policy("float32")
    # XLA's convolutions are several times slower than oneDNN's on a CPU.
    vae.compile(optimizer=optimizer(train_config), jit_compile=False)
    vae.optimizer.build(vae.trainable_variables)
    vae.build()

    if options.init and not state:
        source = load_bundle(options.init)
        if source.config != model_config:
            raise ValueError(f"--init {options.init} is another network: {source.config}, not {model_config}")
        vae.encoder.set_weights(source.encoder.get_weights())
        vae.decoder.set_weights(source.decoder.get_weights())
    if state:
        vae.load_weights(folder / state["weights"])
        print(f"going on after epoch {start}, {state['elapsed'] / 60:.1f} minutes in", flush=True)

    training = FaceBatches(images, data.rows("train"), data.sharp, train_config, training=True, epoch=start)
    validation = FaceBatches(images, data.rows("valid"), data.sharp, train_config, training=False)
    clock = Clock(train_config, len(training), options.minutes, state["elapsed"] if state else 0.0)
    best = BestWeights(folder, state["best"] if state else float("inf"))
    shown = data.rows("valid")[:: max(1, len(data.rows("valid")) // PICTURES)][:PICTURES]
    logs = folder / "tensorboard"
    callbacks = [
        clock,
        BetaScheduler(train_config.beta, train_config.beta_warmup_epochs, len(training)),
        TrainingState(folder, clock, best, identity),  # the raw weights, before their average is swapped in
        *([keras.callbacks.SwapEMAWeights(swap_on_epoch=True)] if train_config.ema_momentum else []),
        best,
        ImageGenerator(folder / "images", to_float(images[shown]), logs, train_config.seed),
        keras.callbacks.TensorBoard(logs, write_graph=False),
        keras.callbacks.CSVLogger(folder / "history.csv", append=True),
        keras.callbacks.TerminateOnNaN(),
    ]
    if start < train_config.epochs and not (options.minutes and clock.elapsed >= 60 * options.minutes):
        vae.fit(training, validation_data=validation, initial_epoch=start, epochs=train_config.epochs,
                callbacks=callbacks, verbose=1 if sys.stdout.isatty() else 2)
    for part in ("encoder", "decoder"):
        getattr(vae, part).load_weights(folder / f"best.{part}.weights.h5")
    return vae, clock.elapsed


def optimizer(config: TrainConfig):
    """Adam (Kingma and Ba 2014), with the average of the weights where the configuration asks for it."""
    import keras

    return keras.optimizers.Adam(
        config.learning_rate,
        global_clipnorm=config.clip_norm or None,
        use_ema=bool(config.ema_momentum),
        ema_momentum=config.ema_momentum or 0.99,
        ema_overwrite_frequency=None,
    )


class locked:
    """One run at a time in a folder: a second one gets a sentence, not a mixture."""

    def __init__(self, folder: Path):
        self.folder = folder

    def __enter__(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        self.file = open(self.folder / "lock", "w")
        try:
            fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ValueError(f"another run is using {self.folder}; wait for it, or choose another --out") from None

    def __exit__(self, *_):
        self.file.close()


def parse(argv: list[str] | None) -> tuple[argparse.Namespace, ModelConfig, TrainConfig]:
    """Options and the two records; every field of ModelConfig and TrainConfig is an option."""
    parser = argparse.ArgumentParser(prog="train.py", description="Train a VAE on CelebA and write a bundle.")
    parser.add_argument("--data", required=True, help="CelebA's folder")
    parser.add_argument("--out", required=True, help="the bundle to write, say checkpoints/mine")
    parser.add_argument("--preset", choices=PRESETS, default="default")
    parser.add_argument("--minutes", type=float, help="stop training after this long; the schedule fits itself to it")
    parser.add_argument("--resume", action="store_true", help="go on with a run that was interrupted")
    parser.add_argument("--init", help="start from the weights of this bundle")
    parser.add_argument("--judge", help="take the attribute classifier of this bundle instead of training one")
    parser.add_argument("--vgg16", default="imagenet", help="VGG16 weights file; downloaded unless given")
    parser.add_argument("--cache", help="folder for decoded faces (default ~/.cache/facet)")
    for record in (ModelConfig, TrainConfig):
        group = parser.add_argument_group(f"{record.__name__} (the preset's values unless given)")
        for field in dataclasses.fields(record):
            kind = {"int": int, "float": float, "bool": _flag, "str": str}.get(field.type, _numbers)
            group.add_argument("--" + field.name.replace("_", "-"), type=kind, metavar=field.type.split("[")[0].upper())
    options = parser.parse_args(argv)
    records = []
    for record in preset(options.preset):
        given = {f.name: getattr(options, f.name) for f in dataclasses.fields(record)}
        try:
            records.append(record.replace(**{k: v for k, v in given.items() if v is not None}))
        except ValueError as error:
            parser.error(str(error))
    if options.minutes is not None and options.minutes <= 0:
        parser.error("--minutes must be above 0")
    return options, *records


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise argparse.ArgumentTypeError("true or false")
    return text == "true"


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(n) for n in text.split(","))


if __name__ == "__main__":
    started = time.monotonic()
    status = main()
    print(f"{(time.monotonic() - started) / 60:.1f} minutes in all", file=sys.stderr)
    sys.exit(status)
