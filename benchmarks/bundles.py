"""The bundle that a bench runs: its option, and its editor."""

import argparse
import sys


def bundle_parser(name: str, description: str) -> argparse.ArgumentParser:
    """A bench's command line, `python -m benchmarks.<name>`, with `--bundle`; the description is its docstring."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}", description=description.splitlines()[0])
    parser.add_argument("--bundle", default="checkpoints/default", help="the model (default %(default)s)")
    return parser


def load_editor(name: str, source: str):
    """The FaceEditor of a bundle; a wrong bundle ends the bench with a sentence and status 1."""
    from app.editor import FaceEditor  # loads TensorFlow, which --help need not wait for

    try:
        return FaceEditor.load(source)
    except ValueError as error:
        sys.exit(f"benchmarks.{name}: {error}")
