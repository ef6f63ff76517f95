"""What somebody made up or damaged is refused before it is used, with the file's name."""

import io
import json
import pickle
import random
import shutil
import zipfile
from collections.abc import Iterator

import h5py
import keras
import numpy as np
import pytest

from model.bundle import BundleError, load_bundle
from model.folder import CONFIG, read_folder, write_folder
from model.weights import load_weights

S, D, K = 16, 4, 40


def rewritten(path, **files):
    """A whole bundle with valid hashes around files that somebody made up."""
    document, contents, _ = read_folder(path)
    rest = {key: document[key] for key in ("model", "classifier", "about")}
    for part in ("model", "classifier"):
        rest[part] = {**rest[part], **files.pop(part, {})}
    write_folder(path, {**contents, **{name.replace("__", "."): content for name, content in files.items()}}, rest)
    return path


@pytest.mark.parametrize("name", ["config.json", "attributes.npz", "classifier.weights.h5", "README.md"])
def test_damage_is_refused_before_use(copy, name):
    content = (copy / name).read_bytes()
    (copy / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(BundleError, match=name):
        load_bundle(copy)


def test_what_was_verified_is_what_is_loaded(bundle, copy, monkeypatch):
    def read_then_lose(path):
        verified = read_folder(path)
        for file in path.iterdir():
            file.write_bytes(b"replaced meanwhile")
        return verified

    monkeypatch.setattr("model.bundle.read_folder", read_then_lose)
    assert all(map(np.array_equal, load_bundle(copy).decoder.get_weights(), bundle.decoder.get_weights()))


def test_a_pickle_is_never_loaded(copy):
    class Bomb:
        def __reduce__(self):
            return (pytest.fail, ("the pickle ran",))

    packed = io.BytesIO()
    np.savez(packed, names=np.array([Bomb()], dtype=object))
    for content in (packed.getvalue(), pickle.dumps({"names": 1})):
        with pytest.raises(BundleError, match="attributes.npz.*(pickle|not an npz)"):
            load_bundle(rewritten(copy, attributes__npz=content))


def test_arrays_that_unpack_to_too_much_are_refused(copy):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("names.npy", "w") as member:
        for _ in range(201):
            member.write(bytes(1_000_000))
    with pytest.raises(BundleError, match="attributes.npz.*unpacks to 201 MB"):
        load_bundle(rewritten(copy, attributes__npz=packed.getvalue()))


def test_arrays_of_another_shape(bundle, copy):
    arrays = {**bundle.latents.to_arrays(), **{f"prior_{k}": v for k, v in bundle.prior.to_arrays().items()}}
    for name, value, words in [
        ("covariance", np.eye(D - 1), "covariance has shape"),
        ("mean", np.full(D, np.nan), "mean"),
        ("prior_out_bias", np.zeros(D - 1, np.float32), "prior"),
        ("prior_in_kernel", None, "prior has no array in_kernel"),
        ("calibration", None, "no array calibration"),
    ]:
        changed = {key: array for key, array in {**arrays, name: value}.items() if array is not None}
        packed = io.BytesIO()
        np.savez(packed, **changed)
        with pytest.raises(BundleError, match=f"attributes.npz cannot be used: .*{words}"):
            load_bundle(rewritten(copy, attributes__npz=packed.getvalue()))


def test_weights_that_are_none(bundle, copy):
    def h5(**datasets):
        packed = io.BytesIO()
        with h5py.File(packed, "w") as file:
            for name, options in datasets.items():
                file.create_dataset(name, **options)
        return packed.getvalue()

    _, files, _ = read_folder(copy)
    with h5py.File(io.BytesIO(files["decoder.weights.h5"])) as whole, h5py.File(nan := io.BytesIO(), "w") as changed:
        for name in whole:
            whole.copy(name, changed)
        changed["layers/dense/vars/1"][0] = np.nan
    for content, words in [
        (nan.getvalue(), "not finite"),
        (b"PK not HDF5", "not an HDF5 file"),
        (files["encoder.weights.h5"][:3000], "not an HDF5 file"),
        (files["encoder.weights.h5"], "another network"),
        (h5(), "another network"),
        (h5(a={"shape": (60_000_000,), "dtype": "f4", "chunks": (1000,), "compression": "gzip"}), "a in it is packed"),
        (h5(a={"data": [b"text"]}), "not an array of numbers"),
    ]:
        with pytest.raises(BundleError, match=f"decoder.weights.h5 cannot be used: .*{words}"):
            load_bundle(rewritten(copy, decoder__weights__h5=content))


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ({"latent_dimm": 4}, "latent_dimm.*latent_dim"),
        ({"latent_dim": 8}, "latent_dim of 8"),
        ({"image_size": "large"}, "config.json"),
        ({"architecture": "os.system"}, "architecture"),
        ({"widths": [8, 16]}, "encoder.weights.h5.*another network"),
        ({"widths": [8, 1_000_000]}, "config.json.*million weights"),  # before it takes the memory of that
    ],
)
def test_a_config_that_does_not_fit(copy, model, words):
    with pytest.raises(BundleError, match=words):
        load_bundle(rewritten(copy, model=model))


def test_a_classifier_that_does_not_fit(copy):
    for settings, words in [({"widthss": [8]}, "config.json.*widthss"), ({"image_size": 17}, "config.json.*17 pixels"),
                            ({"attributes": 39}, "config.json.*40 attributes"),
                            ({"widths": [8, 9]}, "classifier.weights.h5.*another network")]:  # fmt: skip
        with pytest.raises(BundleError, match=words):
            load_bundle(rewritten(shutil.copytree(copy, copy.with_name(str(len(words)))), classifier=settings))


@pytest.mark.parametrize("content", [b"{", b"\xff", b"[" * 100_000, b"[]", b"null"])
def test_metrics_that_are_not_json(copy, content):
    with pytest.raises(BundleError, match="metrics.json"):
        load_bundle(rewritten(copy, metrics__json=content))


@pytest.fixture
def load_parts(path, bundle, monkeypatch, little_memory):
    """`load_bundle` of parts that no hash guards; networks are built once, run never, and get only damaged weights."""
    document, files, short_hash = read_folder(path)
    for name in ("encoder", "decoder", "classifier"):
        network = keras.models.clone_model(getattr(bundle, name))
        monkeypatch.setattr(f"model.bundle.build_{name}", lambda *_, network=network, **__: network)
    monkeypatch.setattr("model.bundle.compiled", lambda function, shape: function)
    monkeypatch.setattr("model.bundle.Bundle.warm_up", lambda self: None)
    whole = set(files.values())
    monkeypatch.setattr("model.bundle.load_weights", lambda n, content: content in whole or load_weights(n, content))

    def load(name: str, content: bytes) -> None:
        parts = (json.loads(content), files) if name == CONFIG else (document, {**files, name: content})
        monkeypatch.setattr("model.bundle.read_folder", lambda _: (*parts, short_hash))
        load_bundle(path)

    return load


def damaged(content: bytes) -> Iterator[bytes]:
    """Cut at some places, and with one bit flipped, where sizes and offsets are and elsewhere."""
    rng, size = random.Random(0), len(content)
    yield from (content[: rng.randrange(size)] for _ in range(5))
    head = min(size, 128)
    # The first and last bytes of numbers of eight, and any.
    for position in [*range(1, head, 8), *range(7, head, 8), *rng.choices(range(size), k=40)]:
        bit = 0x80 if position < head else 1 << rng.randrange(8)
        yield content[:position] + bytes([content[position] ^ bit]) + content[position + 1 :]


@pytest.mark.parametrize("name", ["encoder.weights.h5", "attributes.npz", "metrics.json", "config.json"])
def test_damage_under_a_right_hash_is_named(path, load_parts, name):
    """The parsers themselves: whoever damages a file may write its hash anew."""
    document, files, _ = read_folder(path)
    refused = 0
    for content in damaged(files.get(name) or json.dumps(document).encode()):
        if name == CONFIG:
            try:
                json.loads(content)
            except ValueError:
                continue  # `read_folder` refuses it
        try:
            load_parts(name, content)
        except BundleError as error:
            assert name in str(error) or name == CONFIG
            refused += 1
    assert refused or name == CONFIG


@pytest.mark.parametrize("name", ["names", "covariance", "prior_in_kernel"])
def test_an_array_damaged_under_right_checksums(load_parts, bundle, name):
    """A zip has a checksum of each array."""
    arrays = {**bundle.latents.to_arrays(), **{f"prior_{k}": v for k, v in bundle.prior.to_arrays().items()}}
    member, refused = io.BytesIO(), 0
    np.save(member, arrays.pop(name))
    for content in damaged(member.getvalue()):
        packed = io.BytesIO()
        np.savez(packed, **arrays)
        with zipfile.ZipFile(packed, "a") as archive:
            archive.writestr(f"{name}.npy", content)
        try:
            load_parts("attributes.npz", packed.getvalue())
        except BundleError as error:
            assert "attributes.npz" in str(error)
            refused += 1
    assert refused
