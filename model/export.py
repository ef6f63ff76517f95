"""Write encoder and decoder in a format that runs without this project: ONNX, LiteRT (TensorFlow Lite), SavedModel.

    python -m model.export --bundle checkpoints/default --format onnx|litert|saved_model --out DIR

Prints the lines of Python that run each file elsewhere. Inputs and outputs keep their names: `x` (B, S, S, 3) float32
in [0, 1] gives `z_mean` and `z_log_var` (B, D); `z` (B, D) gives `x_hat` (B, S, S, 3) in [0, 1]. Any batch size B runs.
"""

import argparse
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np

from model.bundle import Bundle, load_bundle

# What follows the network's name in the file's, by format; a SavedModel is a folder.
SUFFIXES = {"onnx": ".onnx", "litert": ".tflite", "saved_model": ""}
OUTPUTS = {"encoder": ("z_mean", "z_log_var"), "decoder": ("x_hat",)}
# The packages that run an exported file, and the lines that do; {file}, {input}, {shape} and {outputs} are filled in.
RUNTIMES = {
    "onnx": (
        "numpy onnxruntime",
        "import numpy as np, onnxruntime\n"
        "network = onnxruntime.InferenceSession({file!r})\n"
        "{input} = np.zeros({shape}, np.float32)\n"
        "{outputs} = network.run({names!r}, {{{input!r}: {input}}})",
    ),
    "litert": (
        "numpy ai-edge-litert",
        "import numpy as np\n"
        "from ai_edge_litert.interpreter import Interpreter\n"
        "network = Interpreter({file!r}).get_signature_runner()\n"
        "{input} = np.zeros({shape}, np.float32)\n"
        "{outputs} = map(network({input}={input}).get, {names!r})",
    ),
    "saved_model": (
        "numpy tensorflow",
        "import numpy as np, tensorflow as tf\n"
        "network = tf.saved_model.load({file!r})\n"
        "{input} = np.zeros({shape}, np.float32)\n"
        "{outputs} = map(network.serve({input}).get, {names!r})",
    ),
}


def export_network(network: keras.Model, outputs: tuple[str, ...], path: str | os.PathLike, form: str) -> None:
    """Write one network, in place of what is at `path`.

    Args:
        network: one input; its outputs are named `outputs` in the file.
        path: the file (ONNX, LiteRT) or folder (SavedModel) to write.
        form: a key of SUFFIXES.
    Raises:
        ValueError: an unknown format, or one that this Keras backend cannot write.
        OSError: the place cannot be written.
    """
    if form not in SUFFIXES:
        raise ValueError(f"format is {form!r}; it must be one of {', '.join(SUFFIXES)}")
    if keras.backend.backend() != "tensorflow":
        raise ValueError(f"files are exported on the tensorflow backend, not {keras.backend.backend()}: "
                         "set KERAS_BACKEND=tensorflow")  # fmt: skip
    named = keras.Model(network.input, dict(zip(outputs, network.outputs, strict=True)), name=network.name)
    named(np.zeros((1, *network.input_shape[1:]), np.float32))  # Keras exports to ONNX only what has run once
    try:
        named.export(str(path), format="tf_saved_model" if form == "saved_model" else form, verbose=False)
        if form == "onnx":
            _tidy_onnx(path, outputs)
    except ImportError as error:
        raise ValueError(f"the {form} format needs a package that is not installed ({error}); "
                         "install requirements-dev.txt") from error  # fmt: skip


def _tidy_onnx(path: str | os.PathLike, outputs: tuple[str, ...]) -> None:
    """Name an ONNX file's outputs and batch, which tf2onnx calls Identity, in alphabetical order, and unk__1."""
    import onnx

    model = onnx.load(path)
    names = dict(zip((output.name for output in model.graph.output), sorted(outputs), strict=True))
    for node in model.graph.node:
        for names_of in (node.input, node.output):
            names_of[:] = [names.get(name, name) for name in names_of]
    for output in model.graph.output:
        output.name = names[output.name]
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "batch"
    onnx.checker.check_model(model)
    onnx.save(model, path)


def export_bundle(bundle: Bundle, out: str | os.PathLike, form: str) -> dict[str, Path]:
    """Write encoder and decoder into the folder `out`, which is made: what was written, by network. Raises as above."""
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    written = {}
    for name, outputs in OUTPUTS.items():
        written[name] = out / (name + SUFFIXES.get(form, ""))
        export_network(getattr(bundle, name), outputs, written[name], form)
    return written


def running_lines(bundle: Bundle, name: str, path: Path, form: str) -> str:
    """Lines of Python that run an exported network on one face of zeros where this project is not installed."""
    size = bundle.config.image_size
    shapes = {"encoder": (1, size, size, 3), "decoder": (1, bundle.config.latent_dim)}
    outputs = OUTPUTS[name]
    return RUNTIMES[form][1].format(
        file=str(path), input={"encoder": "x", "decoder": "z"}[name], shape=shapes[name], names=list(outputs),
        outputs=", ".join(outputs) + ("," if len(outputs) == 1 else ""),
    )  # fmt: skip


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m model.export", description=__doc__.splitlines()[0])
    parser.add_argument("--bundle", required=True, help="the bundle to export: a folder, or hf://owner/name")
    parser.add_argument("--format", choices=tuple(SUFFIXES), required=True)
    parser.add_argument("--out", required=True, help="the folder to write into")
    options = parser.parse_args(argv)
    try:
        bundle = load_bundle(options.bundle)
        written = export_bundle(bundle, options.out, options.format)
    except (ValueError, OSError) as error:
        print(f"model.export: {error}", file=sys.stderr)
        return 1
    print(f"# pip install {RUNTIMES[options.format][0]}")
    for name, path in written.items():
        print(f"\n# {name}: {path}\n{running_lines(bundle, name, path, options.format)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
