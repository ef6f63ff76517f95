"""Exported networks against Keras, run by the very lines that the command prints."""

import os
from pathlib import Path

import keras
import numpy as np
import pytest

from model import export as command
from model.config import ModelConfig
from model.export import OUTPUTS, SUFFIXES, export_network
from model.networks import build_decoder

FACES = 3  # not the one face of the printed lines: any batch runs
TOLERANCE = 1e-4
Z = np.random.default_rng(0).normal(size=(FACES, 4)).astype(np.float32)


def run_lines(lines: str, name: str, value: np.ndarray) -> dict[str, np.ndarray]:
    """Run printed lines with `value` in the place of their zeros; what they give, by name."""
    scope = {"given": value}
    kept = [f"{name} = given" if line.startswith(f"{name} = np.zeros") else line for line in lines.splitlines()]
    assert f"{name} = given" in kept
    exec("\n".join(kept), scope)  # noqa: S102  (what the command prints is what is tested)
    return {key: np.asarray(item) for key, item in scope.items() if key in sum(OUTPUTS.values(), ())}


@pytest.mark.parametrize("form", SUFFIXES)
def test_the_printed_lines_give_what_keras_gives(form, path, bundle, tmp_path, capfd):
    for package in {"onnx": ("tf2onnx", "onnxruntime"), "litert": ("ai_edge_litert",)}.get(form, ()):
        pytest.importorskip(package, reason=f"{package} of requirements-dev.txt is not installed")
    assert command.main(["--bundle", path, "--format", form, "--out", str(tmp_path / "out")]) == 0
    install, encoder_lines, decoder_lines = capfd.readouterr().out.split("\n\n")
    assert install.startswith("# pip install numpy")
    x = np.random.default_rng(0).random((FACES, 16, 16, 3), np.float32)
    z_mean, z_log_var = bundle.encoder(x, training=False)
    encoded = run_lines(encoder_lines, "x", x)
    assert encoded["z_mean"] == pytest.approx(keras.ops.convert_to_numpy(z_mean), abs=TOLERANCE)
    assert encoded["z_log_var"] == pytest.approx(keras.ops.convert_to_numpy(z_log_var), abs=TOLERANCE)
    decoded = run_lines(decoder_lines, "z", Z)
    assert decoded["x_hat"] == pytest.approx(bundle.decode(Z), abs=TOLERANCE)
    assert np.ptp(decoded["x_hat"]) > 100 * TOLERANCE  # not equal for being flat


def test_the_seed_network_is_exported_too(tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime of requirements-dev.txt is not installed")
    decoder = build_decoder(ModelConfig("seed", image_size=16, latent_dim=4, widths=(8, 8), depths=()))
    export_network(decoder, ("x_hat",), tmp_path / "decoder.onnx", "onnx")
    (x_hat,) = onnxruntime.InferenceSession(tmp_path / "decoder.onnx").run(["x_hat"], {"z": Z})
    assert x_hat == pytest.approx(keras.ops.convert_to_numpy(decoder(Z, training=False)), abs=TOLERANCE)


def test_onnx_enlarges_by_a_rule_that_lasts(bundle, tmp_path):
    onnx = pytest.importorskip("onnx", reason="onnx of requirements-dev.txt is not installed")
    pytest.importorskip("tf2onnx", reason="tf2onnx of requirements-dev.txt is not installed")
    export_network(bundle.decoder, ("x_hat",), tmp_path / "decoder.onnx", "onnx")
    graph = onnx.load(tmp_path / "decoder.onnx").graph
    rules = {(a.name, a.s) for node in graph.node if node.op_type == "Resize" for a in node.attribute}
    assert {("coordinate_transformation_mode", b"half_pixel"), ("mode", b"linear")} <= rules
    assert ("coordinate_transformation_mode", b"tf_half_pixel_for_nn") not in rules  # deprecated
    dimensions = graph.input[0].type.tensor_type.shape.dim
    assert graph.input[0].name == "z" and [d.dim_param or d.dim_value for d in dimensions] == ["batch", 4]


def test_many_levels_leave_nothing_to_tensorflow(tmp_path):
    """LiteRT alone runs a decoder that enlarges four times, as the default one does."""
    interpreter = pytest.importorskip("ai_edge_litert.interpreter", reason="ai-edge-litert is not installed")
    levels = {"widths": (4, 4, 4, 4), "depths": (1, 1, 1, 1), "stem_stride": 4, "head_width": 4, "bottleneck_width": 4}
    decoder = build_decoder(ModelConfig(image_size=32, latent_dim=4, **levels))
    export_network(decoder, ("x_hat",), tmp_path / "decoder.tflite", "litert")
    x_hat = interpreter.Interpreter(str(tmp_path / "decoder.tflite")).get_signature_runner()(z=Z)["x_hat"]
    assert x_hat == pytest.approx(keras.ops.convert_to_numpy(decoder(Z, training=False)), abs=TOLERANCE)


def test_mistakes_are_one_line(path, tmp_path, capsys):
    taken = tmp_path / "taken"
    taken.write_text("a file, where a folder is wanted")
    for bundle_path, out, word in ((str(tmp_path / "none"), "out", "none"), (path, str(taken), "taken")):
        assert command.main(["--bundle", bundle_path, "--format", "saved_model", "--out", out]) == 1
        error = capsys.readouterr().err.strip()
        assert word in error and "\n" not in error
    assert not Path("out").exists()


def test_an_unknown_format_is_refused_before_anything_is_written(bundle, tmp_path):
    with pytest.raises(ValueError, match="onnx, litert, saved_model"):
        export_network(bundle.decoder, ("x_hat",), tmp_path / "decoder.pt", "torch")
    assert os.listdir(tmp_path) == []
