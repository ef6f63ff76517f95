"""Runs of train.py for tests: their options, their history, and the fit alone."""

import csv

import train
from model.data import CelebA


def options(celeba, out, *more):
    return ["--data", str(celeba), "--out", str(out), "--cache", str(celeba / "cache"), "--preset", "tiny",
            "--classifier-minutes", "0.02", "--prior-minutes", "0", *more]  # fmt: skip


def history(out, column="loss"):
    with open(f"{out}.training/history.csv") as file:
        return [float(row[column]) for row in csv.DictReader(file)]


def fit_only(parsed, model_config, train_config):
    import keras

    keras.utils.set_random_seed(train_config.seed)
    data, folder = CelebA(parsed.data, parsed.cache), train.Path(f"{parsed.out}.training")
    with train.locked(folder):
        return train.fit(data, data.images(model_config.image_size), model_config, train_config, parsed, folder)
