"""The offline run: CelebA in, a bundle out. Read it from `main` downwards: data, fit, latents, measures, bundle."""

import argparse
import contextlib
import dataclasses
import fcntl
import functools
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from model.config import ModelConfig, TrainConfig
from model.options import parse  # light, as all above: Keras comes after parsing

CLASSIFIER_SIZE, CLASSIFIER_STEP = 64, 16  # pixels, and what its four halvings need a multiple of
PICTURES = 10  # faces that ImageGenerator shows each epoch
CONTINUED = ("minutes", "epochs", "hardware", "continues")  # what the card says of the run that --init goes on from
BACKENDS = ("tensorflow", "jax", "torch")
USES = {"train": "find attributes in (split train)", "valid": "measure a slider unit on (split valid)"}


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    options, model_config, train_config = parse(argv)
    try:
        run(options, model_config, train_config)
    except (ValueError, OSError, FloatingPointError) as error:
        print(f"train.py: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("train.py: interrupted; --resume goes on after the last whole epoch", file=sys.stderr)
        return 130
    return 0


def run(options: argparse.Namespace, model_config: ModelConfig, train_config: TrainConfig) -> None:
    """The whole story."""
    keras = keras_that_trains()
    from model.bundle import Bundle, save_bundle
    from model.data import CelebA
    from model.evaluate import evaluate
    from model.flow import train_prior
    from model.report import measures_table

    keras.utils.set_random_seed(train_config.seed)
    data = CelebA(options.data, cache=options.cache)
    for split in ("train", "valid"):  # asked now, not after hours of training
        if len(data.rows(split, labelled=True)) == 0:
            raise ValueError(f"{options.data} has no labelled faces to {USES[split]}; CelebA's list_attr_celeba.txt "
                             "must name some of its pictures")
    print(f"{len(data):,} faces in {options.data}; decoding those that the cache does not hold", flush=True)
    images = data.images(model_config.image_size)

    state_folder = Path(f"{options.out}.training")
    with locked(state_folder):
        vae, training = fit(data, images, model_config, train_config, options, state_folder)
        classifier, classifier_config = attribute_classifier(data, options, model_config, train_config.seed)
        latents = latent_space(data, images, vae, classifier)
        print(f"training the prior for {options.prior_minutes:g} minutes at most", flush=True)
        prior, training["prior_minutes"] = train_prior(vae.encoder, vae.decoder, images, data.rows("train"),
                                                       options.prior_minutes, train_config.precision,
                                                       train_config.seed)  # fmt: skip
        bundle = Bundle(model_config, vae.encoder, vae.decoder, classifier, latents, prior, {}, training, "",
                        classifier_config)  # fmt: skip
        print("measuring on the validation faces", flush=True)
        metrics = evaluate(bundle, data)
        save_bundle(options.out, **{**bundle.parts, "metrics": metrics})
    print(f"{measures_table(metrics)}\n\nwrote {options.out}; the run's state is in {state_folder}", flush=True)


def keras_that_trains():
    """Import Keras; ValueError where its backend is not installed, or cannot train."""
    needed = f"set KERAS_BACKEND to one that is installed of {', '.join(BACKENDS)}"
    try:
        import keras
    except (ImportError, ValueError) as error:
        raise ValueError(f"Keras does not start: {error}; {needed}") from error
    if keras.backend.backend() not in BACKENDS:
        raise ValueError(f"Keras's {keras.backend.backend()} backend does not train; {needed}")
    return keras


def fit(data, images, model_config, train_config, options, folder: Path):
    """Train; returns the VAE with its best weights, and what the bundle says about the run."""
    import keras

    from model.batches import FaceBatches
    from model.bundle import bundle_hash, load_bundle
    from model.callbacks import AveragedWeights, BetaScheduler, Clock, ImageGenerator
    from model.devices import hardware, shared_devices
    from model.grow import start_from
    from model.losses import PerceptualDistance, vgg16_hash
    from model.preprocessing import to_float
    from model.progress import BEST, LAST, BestWeights, TrainingState, load_state, read_arrays, restore
    from model.size import check_files
    from model.vae import VAE

    identity = {"model": model_config.to_dict(), "train": train_config.to_dict(), "data": data.fingerprint(),
                "init": bundle_hash(options.init) if options.init else None,
                "judge": bundle_hash(options.judge) if options.judge else None,
                "vgg16": vgg16_hash(options.vgg16) if train_config.perceptual_weight else None}
    state = load_state(folder, identity) if options.resume else None
    if state is None and (folder / "state.json").exists() and not options.resume:
        raise ValueError(f"{folder} holds an earlier run; add --resume to go on with it, or delete it")
    start = state["epoch"] if state else 0

    scope, devices = shared_devices()
    with scope:
        keras.mixed_precision.set_dtype_policy(train_config.precision)
        perceptual = PerceptualDistance(options.vgg16) if train_config.perceptual_weight else None
        vae = VAE(model_config, train_config, perceptual, devices)
        keras.mixed_precision.set_dtype_policy("float32")
        # JAX runs one operation after the other unless compiled; TensorFlow's own convolutions are several times
        # faster than XLA's on a CPU.
        vae.compile(optimizer=optimizer(train_config, devices), jit_compile=keras.backend.backend() == "jax")
        vae.optimizer.build(vae.trainable_variables)
    vae.build()
    check_files(vae.encoder, vae.decoder)

    source = load_bundle(options.init) if options.init else None
    if state:
        restore(vae, folder / state["weights"], state.get("random", ()))
        print(f"going on after epoch {start}, {state['elapsed'] / 60:.1f} minutes in", flush=True)
    elif source and (lost := start_from(source, vae)):
        print(f"no place in this network for {', '.join(lost)} of {options.init}", flush=True)

    batches = functools.partial(FaceBatches, images, sharp=data.sharp, config=train_config, devices=devices)
    training = batches(data.rows("train"), training=True, epoch=start)
    validation = batches(data.rows("valid"), training=False)
    clock = Clock(train_config, len(training), options.minutes, state["elapsed"] if state else 0.0)
    best = BestWeights(folder, state["best"] if state else float("inf"))
    average = None
    if train_config.ema_momentum:
        saved = (read_arrays(folder / state["average"]), state["average_updates"]) if state else ()
        average = AveragedWeights(train_config.ema_momentum, *saved)
    shown = data.rows("valid")[:: max(1, len(data.rows("valid")) // PICTURES)][:PICTURES]
    # Keras's and ours both write TensorBoard's files with TensorFlow.
    logs = folder / "tensorboard" if keras.backend.backend() == "tensorflow" else None
    callbacks = [
        clock,
        BetaScheduler(train_config.beta, train_config.beta_warmup_epochs, len(training)),
        *([average] if average else []),
        best,
        TrainingState(folder, identity, clock, best, average),
        ImageGenerator(folder / "images", to_float(images[shown]), logs, train_config.seed),
        *([keras.callbacks.TensorBoard(logs, write_graph=False)] if logs else []),
        keras.callbacks.CSVLogger(folder / "history.csv", append=True),
        keras.callbacks.TerminateOnNaN(),
    ]
    if start < train_config.epochs and not (options.minutes and clock.elapsed >= 60 * options.minutes):
        # `training` shuffles by epoch; Keras would shuffle by what this process drew before.
        vae.fit(training, validation_data=validation, initial_epoch=start, epochs=train_config.epochs, shuffle=False,
                callbacks=callbacks, verbose=1 if sys.stdout.isatty() else 2)
    # What ships is measured as it will run: in float32, whatever precision it was trained in. Validation cannot see
    # what the critics ask for: with them the last average ships.
    vae = VAE(model_config, train_config.replace(perceptual_weight=0.0, adversarial_weight=0.0))
    vae.set_networks(read_arrays(folder / (LAST if train_config.adversarial_weight else BEST)))
    sharp = int(data.sharp[training.rows].sum())
    return vae, {
        "data": f"CelebA, {len(training.rows):,} training faces ({sharp:,} at full size)",
        "minutes": round(clock.elapsed / 60, 1),
        "epochs": round(max(start, clock.step / len(training)), 1),
        "hardware": hardware(),
        **({"continues": {key: source.about[key] for key in CONTINUED if key in source.about}} if source else {}),
        "train_config": train_config.to_dict(),
    }


def attribute_classifier(data, options, model_config, seed: int):
    """The classifier of `--judge`, or one trained on the labelled training faces; and its configuration."""
    from model.bundle import load_bundle
    from model.classifier import train_classifier

    if options.judge:
        judge = load_bundle(options.judge)
        return judge.classifier, judge.classifier_config
    size = min(CLASSIFIER_SIZE, model_config.image_size - model_config.image_size % CLASSIFIER_STEP)
    faces, rows = data.images(size), data.rows("train", labelled=True)
    print(f"training the attribute classifier on {len(rows):,} labelled faces", flush=True)
    classifier = train_classifier(
        faces[rows], data.labels[rows], data.identity[rows], minutes=options.classifier_minutes, seed=seed
    )
    return classifier, {"image_size": size}


def latent_space(data, images, vae, classifier):
    """Encode every face, and turn the codes so that all together are N(0, I); then centroids and directions from the
    training faces, and calibration on the others."""
    import keras
    import numpy as np

    from model.calibration import calibrate
    from model.data import ATTRIBUTES
    from model.directions import guided_directions, guides
    from model.evaluate import Judge
    from model.inference import in_chunks
    from model.latents import fit_latents
    from model.preprocessing import face_light, to_float
    from model.whiten import find_whitening

    def read(rows):
        """z_mean (n, D), z_log_var (n, D) and light (n, C), side by side: each picture is read once."""
        x = to_float(images[rows])
        return np.concatenate([*map(keras.ops.convert_to_numpy, vae.encoder(x, training=False)), face_light(x)], axis=1)

    def encode(rows):
        return in_chunks(lambda part: vae.encoder(to_float(images[part]), training=False)[0], rows)

    def decode(z):
        return in_chunks(lambda part: vae.decoder(part, training=False), z)

    print(f"encoding {len(data):,} faces", flush=True)
    train, valid = data.rows("train"), data.rows("valid", labelled=True)
    z_mean, z_log_var, light = np.split(in_chunks(read, train), np.multiply(vae.config.latent_dim, (1, 2)), axis=1)
    whitening = find_whitening(z_mean, z_log_var)
    whitening.apply(vae.encoder, vae.decoder)
    z_mean = whitening.codes(z_mean)
    latents = fit_latents(z_mean, data.labels[train], ATTRIBUTES, light)
    print("asking the classifier which way each attribute lies", flush=True)
    judge = Judge(classifier)
    sample = guides(z_mean)
    logits = in_chunks(lambda part: judge.logits(decode(part)), sample)
    latents = dataclasses.replace(latents, guided=guided_directions(latents, sample, logits))
    print("measuring how far one slider unit goes", flush=True)
    return calibrate(latents, encode(valid), data.labels[valid], decode, judge.logits)


def optimizer(config: TrainConfig, devices: int = 1):
    """Adam (Kingma and Ba 2014). Each device clips its share of the gradient, before the shares are added up."""
    import keras

    return keras.optimizers.Adam(config.learning_rate, global_clipnorm=config.clip_norm / devices or None)


@contextlib.contextmanager
def locked(folder: Path):
    """One run at a time in a folder: a second one gets a sentence, not a mixture."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ValueError(f"another run is using {folder}; wait for it, or choose another --out") from None
        yield


if __name__ == "__main__":
    started = time.monotonic()
    status = main()
    print(f"{(time.monotonic() - started) / 60:.1f} minutes in all", file=sys.stderr)
    sys.exit(status)
