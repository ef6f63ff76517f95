"""`python -m app`: the page, and every tool behind it on the command line.

What can be checked without the model (arguments, paths, names, the photo itself) is checked before TensorFlow loads.
"""

import argparse
import os
import sys
from pathlib import Path
from typing import NoReturn

from app.limits import MOST_FRAMES, MOST_SAMPLES
from app.photo.animation import MAX_FPS, MAX_HOLD
from app.recipe import FACE_LIMIT, Recipe, parse_setting, recipes_from_json
from model.data import ATTRIBUTES
from model.folder import CONFIG, standing

DEFAULT_BUNDLE = "checkpoints/default"
PICTURES = (".png", ".jpg", ".jpeg", ".webp")
ANIMATIONS = (".gif", ".webp", ".mp4")
EXAMPLES = """examples:
  python -m app                                                    open the page on http://localhost:7860
  python -m app edit me.jpg --set Smiling=1 --keep Young -o out.png
  python -m app edit --seed 3 --set Eyeglasses=1 -o drawn.png      start from a drawn face
  python -m app sample --count 8 --seed 1 -o faces.png
  python -m app morph me.jpg you.jpg -o morph.gif
  python -m app animate me.jpg --set Smiling=1.5 -o smile.mp4

attributes: """ + ", ".join(ATTRIBUTES)


class Parser(argparse.ArgumentParser):
    """argparse whose mistakes are one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"facet: {message} (see: {self.prog} --help)\n")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit status: 0, 1 for a mistake in what was given, 2 for a mistake in the arguments."""
    parser = build_parser()
    options = parser.parse_args(arguments)
    # TensorFlow's log noise is no answer to anything that a person asked; its errors still come as exceptions.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        prepare(options)
        return options.run(options)
    except (ValueError, OSError) as error:
        print(f"facet: {_one_line(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def build_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    from app import commands  # its own imports of the model are inside its functions

    parser = Parser(prog="python -m app", description="Facet: edit, draw and morph faces.", epilog=EXAMPLES,
                    formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.set_defaults(run=commands.serve, command="serve", bundle=DEFAULT_BUNDLE, host=None, port=None)
    _add_server(parser)
    tasks = parser.add_subparsers(title="commands", metavar="COMMAND", parser_class=Parser)

    def task(name: str, text: str, run) -> argparse.ArgumentParser:
        sub = tasks.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        sub.set_defaults(run=run, command=name)
        return sub

    _add_server(task("serve", "open the page (what happens without a command)", commands.serve))

    sub = task("reconstruct", "show what the model itself sees of a face", commands.reconstruct)
    _add_photo(sub)
    _add_face(sub)
    _add_common(sub, PICTURES)

    sub = task("edit", "edit the face of a photo, or a drawn face", commands.edit)
    _add_photo(sub, optional=True)
    _add_recipe(sub)
    sub.add_argument("--receipt", action="store_true", help="print what was asked and what changed, as JSON")
    _add_common(sub, PICTURES)

    sub = task("sample", "draw random faces, in one picture", commands.sample)
    sub.add_argument("--count", type=_whole(1, MOST_SAMPLES), default=8, metavar="N",
                     help=f"how many, 1 to {MOST_SAMPLES} (default 8)")
    sub.add_argument("--seed", type=int, default=0, metavar="N", help="the first face's seed (default 0); the next "
                     "face has the next seed")
    sub.add_argument("--temperature", type=float, default=1.0, metavar="T", help="0 the mean face, 1 as people are "
                     "(default), 2 strange")
    _add_common(sub, PICTURES)

    sub = task("morph", "turn one face into the next", commands.morph)
    sub.add_argument("photos", nargs="+", metavar="PHOTO", help="two photos or more; seed:N is a drawn face")
    sub.add_argument("--detail", type=float, default=1.0, metavar="D", help="1 the photos' own pixels (default), "
                     "0 the plain decoder")
    _add_animation(sub)
    _add_common(sub, ANIMATIONS)

    sub = task("animate", "grow an edit from nothing to its full strength and back", commands.animate)
    _add_photo(sub, optional=True)
    _add_recipe(sub)
    _add_animation(sub)
    _add_common(sub, ANIMATIONS)

    sub = task("faces", "print the faces of a photo as JSON, largest first", commands.faces)
    _add_photo(sub)
    _add_common(sub, (".json",), required=False)
    return parser


def prepare(options: argparse.Namespace) -> None:
    """Check what can be checked without the model; the recipes come into `options.recipes`."""
    local = options.command != "faces" and not options.bundle.startswith("hf://")
    if local and not (standing(options.bundle) / CONFIG).is_file():
        raise ValueError(f"There is no model in {options.bundle}; give --bundle DIR or hf://OWNER/NAME, or train one "
                         "with train.py.")
    if getattr(options, "output", None) is not None:
        check_output(options.output, options.suffixes)
    if options.command in ("edit", "animate"):
        options.recipes = read_recipes(options)
    elif options.command == "sample":
        Recipe(seed=options.seed, temperature=options.temperature)
    elif options.command == "morph":
        Recipe(detail=options.detail)
        if len(options.photos) < 2:
            raise ValueError("A morph needs two photos or more; seed:N is a drawn face.")


def check_output(path: Path, suffixes: tuple[str, ...]) -> None:
    """ValueError if no file of one of these kinds can be written there."""
    if path.suffix.lower() not in suffixes:
        raise ValueError(f"Cannot tell the format of {path} from its name; end it with {' or '.join(suffixes)}.")
    if path.is_dir():
        raise ValueError(f"{path} is a folder; give the name of a file.")
    if not path.parent.is_dir():
        raise ValueError(f"There is no folder {path.parent} to write {path.name} into.")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise ValueError(f"{path} cannot be written; choose another place with -o.")


def read_recipes(options: argparse.Namespace) -> tuple[Recipe, ...]:
    """The recipes of --recipe with the other options laid over; ValueError for what does not fit together."""
    given = {name: getattr(options, name) for name in ("detail", "seed", "temperature", "face")
             if getattr(options, name) is not None}
    recipes = (Recipe(),)
    if options.recipe:
        text = sys.stdin.buffer.read() if options.recipe == "-" else Path(options.recipe).read_bytes()
        recipes = recipes_from_json(text)
    if len(recipes) > 1 and (given or options.set or options.keep):
        raise ValueError(f"{options.recipe} edits {len(recipes)} faces, so the other options are ambiguous; "
                         "write them into its recipes.")
    if options.set or options.keep or given:
        strengths = {**recipes[0].set, **dict(parse_setting(text) for text in options.set)}
        recipes = (recipes[0].replace(set=strengths, keep=(*recipes[0].keep, *options.keep), **given),)
    for recipe in recipes:
        recipe.check(ATTRIBUTES)
    if options.photo is None and (len(recipes) > 1 or recipes[0].seed is None):
        raise ValueError("Give a photo, or --seed N to start from a drawn face.")
    if options.photo is not None and options.seed is not None:
        raise ValueError("Give a photo or --seed, not both: a seed starts from a drawn face.")
    if options.command == "animate" and not (len(recipes) == 1 and recipes[0].set):
        raise ValueError("An animation needs one recipe that moves something; give --set NAME=STRENGTH.")
    return recipes


def _add_server(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--bundle", default=argparse.SUPPRESS, metavar="DIR|hf://…",
                        help=f"the model (default {DEFAULT_BUNDLE})")
    parser.add_argument("--host", default=argparse.SUPPRESS, metavar="ADDRESS",
                        help="address to serve on (default GRADIO_SERVER_NAME, or this computer only)")
    parser.add_argument("--port", type=_whole(0, 65535), default=argparse.SUPPRESS, metavar="N",
                        help="port to serve on (default GRADIO_SERVER_PORT, or 7860)")


def _add_common(parser: argparse.ArgumentParser, suffixes: tuple[str, ...], required: bool = True) -> None:
    parser.set_defaults(suffixes=suffixes)
    parser.add_argument("--bundle", default=argparse.SUPPRESS, metavar="DIR|hf://…",
                        help=f"the model (default {DEFAULT_BUNDLE})")
    parser.add_argument("-o", "--output", type=Path, required=required, metavar="OUT",
                        help=f"file to write ({' '.join(suffixes)})" + ("" if required else "; else standard output"))


def _add_photo(parser: argparse.ArgumentParser, optional: bool = False) -> None:
    parser.add_argument("photo", nargs="?" if optional else None, metavar="PHOTO",
                        help="any photo" + ("; leave it out with --seed" if optional else ""))


def _add_face(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--face", type=_whole(0, FACE_LIMIT), metavar="N",
                        help="which face of the photo (default 0, the largest)")


def _add_recipe(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--set", action="append", default=[], metavar="NAME=STRENGTH",
                        help="move an attribute, -2 to 2; may be repeated")
    parser.add_argument("--keep", action="append", default=[], metavar="NAME",
                        help="hold an attribute; may be repeated")
    parser.add_argument("--detail", type=float, metavar="D", help="1 the photo's own pixels (default), 0 the plain "
                        "decoder")
    _add_face(parser)
    parser.add_argument("--seed", type=int, metavar="N", help="start from the drawn face of this seed")
    parser.add_argument("--temperature", type=float, metavar="T", help="how far the drawn face strays, 0 to 2 "
                        "(default 1)")
    parser.add_argument("--recipe", metavar="FILE", help="a recipe as the page copies it (JSON), or a list with one "
                        "for each face; - is standard input; the options above go over it")


def _add_animation(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--frames", type=_whole(2, MOST_FRAMES), default=30, metavar="N",
                        help="frames from one face to the next (default 30)")
    parser.add_argument("--fps", type=_whole(1, MAX_FPS), default=20, metavar="N",
                        help=f"frames a second, 1 to {MAX_FPS} (default 20)")
    parser.add_argument("--boomerang", action=argparse.BooleanOptionalAction, default=True,
                        help="there and back (default)")
    parser.add_argument("--ease", action="store_true", help="start and stop gently")
    parser.add_argument("--hold", type=_seconds, default=0.0, metavar="SECONDS",
                        help=f"how long the ends stay, 0 to {MAX_HOLD:g}")
    parser.add_argument("--max-side", type=_whole(16, 4000), metavar="PIXELS", help="shrink the longer side to this")


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= MAX_HOLD:
        raise argparse.ArgumentTypeError(f"must be from 0 to {MAX_HOLD:g} seconds, not {text[:40]!r}")
    return seconds


def _whole(least: int, most: int):
    def whole(text: str) -> int:
        if not text.isascii() or not text.isdecimal() or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"must be a whole number from {least} to {most}, not {text[:40]!r}")
        return int(text)

    return whole


def _one_line(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        error = f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return " ".join(str(error).split())


if __name__ == "__main__":
    sys.exit(main())
