"""An edit as data: what the page copies, the address bar carries, `--recipe` reads and HTTP takes."""

import dataclasses
import difflib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlencode

from app.limits import as_whole
from model.strengths import parse_strength

STRENGTH_LIMIT = 2.0  # sliders run from -2 to +2 (design, section 2)
TEMPERATURE_LIMIT = 2.0  # beyond twice the prior's spread nothing the decoder draws is a face
SEED_LIMIT = 2**32 - 1
FACE_LIMIT = 999  # the highest number of a face in a photo
HASH = re.compile(r"[0-9a-f]{4,64}")
NAME = re.compile(r"[A-Za-z0-9_-]{1,60}")


class RecipeError(ValueError):
    """A recipe that cannot be read, or asks for what the model lacks; the message is one sentence for a person."""


@dataclass(frozen=True)
class Recipe:
    """One edit of one face. Equal edits are equal recipes: names are sorted, sliders at 0 dropped, repeats merged.

    bundle: the short hash of the model it was made with, or None for whichever is loaded.
    set: attribute -> strength in slider units, -2 to 2, which app/reach.py bends; 0 leaves the face as it is. Treat it
        as read-only.
    keep: attributes that must not move.
    detail: 1 shows the photo's own pixels, 0 the plain decoder output.
    seed: the drawn face to start from, or None for a photo's face.
    temperature: 0 to 2, how far the drawn face strays from the mean one.
    face: which face of the photo, 0 the largest.

    Raises RecipeError for a value outside these ranges. Names are checked against a model by `check`.
    """

    bundle: str | None = None
    set: Mapping[str, float] = field(default_factory=dict)
    keep: tuple[str, ...] = ()
    detail: float = 1.0
    seed: int | None = None
    temperature: float = 1.0
    face: int = 0

    def __post_init__(self):
        if self.bundle is not None and not _matches(HASH, self.bundle):
            raise RecipeError(f"A recipe's bundle must be the short hash of a model, not {_show(self.bundle)}.")
        if not isinstance(self.set, Mapping):
            raise RecipeError(f'A recipe\'s set must map attributes to strengths, like {{"Smiling": 1}}, '
                              f"not {_show(self.set)}.")
        if isinstance(self.keep, str | bytes | Mapping) or not isinstance(self.keep, Iterable):
            raise RecipeError(f'A recipe\'s keep must be a list of attributes, like ["Young"], not {_show(self.keep)}.')
        strengths = {_name(name): _number(strength, f"The strength of {name}", -STRENGTH_LIMIT, STRENGTH_LIMIT)
                     for name, strength in self.set.items()}
        object.__setattr__(self, "set", {name: strengths[name] for name in sorted(strengths) if strengths[name]})
        object.__setattr__(self, "keep", tuple(sorted({_name(name) for name in self.keep})))
        object.__setattr__(self, "detail", _number(self.detail, "Detail", 0.0, 1.0))
        object.__setattr__(self, "temperature", _number(self.temperature, "Temperature", 0.0, TEMPERATURE_LIMIT))
        object.__setattr__(self, "face", _whole(self.face, "The number of the face", FACE_LIMIT))
        if self.seed is not None:
            object.__setattr__(self, "seed", _whole(self.seed, "The seed", SEED_LIMIT))

    def __hash__(self):
        return hash(self.to_json())

    @property
    def moves_nothing(self) -> bool:
        """Whether a photo comes back as it went in: no slider moved, the photo's own pixels shown."""
        return not self.set and self.detail == 1.0

    @property
    def held(self) -> tuple[str, ...]:
        """The kept attributes that no slider moves: a moved one is already held at the value that was asked."""
        return tuple(name for name in self.keep if name not in self.set)

    def replace(self, **changes) -> "Recipe":
        """The same recipe with some fields changed (and checked again)."""
        return dataclasses.replace(self, **changes)

    def scaled(self, share: float) -> "Recipe":
        """The same edit at `share` (0 to 1) of its strength: one step of an animation."""
        return self.replace(set={name: strength * share for name, strength in self.set.items()})

    def check(self, names: Iterable[str]) -> "Recipe":
        """Itself, if every attribute is among `names`; else RecipeError with the nearest name."""
        known = [str(name) for name in names]
        for name in (*self.set, *self.keep):
            if name not in known:
                raise RecipeError(f"There is no attribute {_show(name)}{_suggest(name, known)}")
        return self

    def to_dict(self) -> dict:
        """Every field, as plain JSON values."""
        return {"bundle": self.bundle, "set": dict(self.set), "keep": list(self.keep), "detail": self.detail,
                "seed": self.seed, "temperature": self.temperature, "face": self.face}

    @classmethod
    def from_dict(cls, values: Mapping) -> "Recipe":
        """The recipe of a mapping; absent fields keep their defaults, an unknown one is a RecipeError."""
        if not isinstance(values, Mapping):
            raise RecipeError(f'A recipe must be a JSON object like {{"set": {{"Smiling": 1}}}}, not {_show(values)}.')
        fields = [field.name for field in dataclasses.fields(cls)]
        for key in values:
            if key not in fields:
                raise RecipeError(f"A recipe has no field {_show(key)}{_suggest(str(key), fields)}")
        return cls(**values)

    def to_json(self) -> str:
        """One line of JSON."""
        return json.dumps(self.to_dict())

    @classmethod
    def from_json(cls, text: str | bytes) -> "Recipe":
        """The recipe of a JSON text; RecipeError if it is none."""
        return cls.from_dict(_load_json(text))

    def to_query(self) -> str:
        """A URL query without its question mark, defaults left out: `set=Smiling:1.0,Young:-0.5&keep=Male&face=1`."""
        default = Recipe()
        pairs = {key: value for key, value in self.to_dict().items() if value != getattr(default, key)}
        pairs["set"] = ",".join(f"{name}:{strength!r}" for name, strength in self.set.items())
        pairs["keep"] = ",".join(self.keep)
        return urlencode({key: value for key, value in pairs.items() if value != ""}, safe=":,")

    @classmethod
    def from_query(cls, query: str | Mapping[str, str]) -> "Recipe":
        """The recipe of a URL query (text, or an already split mapping); RecipeError for a bad value.

        Keys that are no field are passed over: other people's marks (`__theme`, `utm_source`) ride in the same address.
        """
        if isinstance(query, str):
            try:
                query = {key: values[-1] for key, values in parse_qs(query.lstrip("?"), max_num_fields=100).items()}
            except ValueError:
                raise RecipeError("This link carries too many fields to be a recipe.") from None
        values = {field.name: query[field.name] for field in dataclasses.fields(cls) if query.get(field.name)}
        if "set" in values:
            values["set"] = dict(parse_setting(part, ":") for part in values["set"].split(",") if part)
        if "keep" in values:
            values["keep"] = [name for name in values["keep"].split(",") if name]
        for key in ("detail", "temperature"):
            if key in values:
                values[key] = _parse(float, values[key], key)
        for key in ("seed", "face"):
            if key in values:
                values[key] = _parse(int, values[key], key)
        return cls(**values)


def recipes_from_json(text: str | bytes) -> tuple[Recipe, ...]:
    """The recipes of a JSON text: one object, or a list with one recipe for each face of a photo that is edited.

    Raises RecipeError for an empty list, two recipes for one face, and whatever `Recipe.from_dict` refuses.
    """
    values = _load_json(text)
    recipes = tuple(Recipe.from_dict(value) for value in (values if isinstance(values, list) else [values]))
    if not recipes:
        raise RecipeError("This list of recipes is empty; give at least one.")
    faces = [recipe.face for recipe in recipes]
    if len({*faces}) < len(faces):
        raise RecipeError("Two recipes are for the same face; give each its own face number, counted from 0.")
    return recipes


def recipes_to_json(recipes: Sequence[Recipe]) -> str:
    """What `recipes_from_json` reads: one recipe as one line, several as a list with a line for each."""
    lines = [recipe.to_json() for recipe in recipes]
    return lines[0] if len(lines) == 1 else "[" + ",\n ".join(lines) + "]"


def parse_setting(text: str, sign: str = "=") -> tuple[str, float]:
    """`Smiling=1` -> ("Smiling", 1.0); RecipeError if it is not a name, the sign and a number."""
    try:
        return parse_strength(text, sign)
    except ValueError as error:
        raise RecipeError(str(error)) from None


def _load_json(text: str | bytes):
    try:
        return json.loads(text)
    # ValueError: no JSON, no UTF-8, or a whole number of thousands of digits; TypeError: a caller sent no text at all.
    except (ValueError, TypeError, RecursionError):
        raise RecipeError('This is not a recipe; a recipe is JSON like {"set": {"Smiling": 1}, "keep": ["Young"]}.'
                          ) from None


def _parse(kind: type, text: str, what: str):
    try:
        return kind(text)
    except ValueError:
        noun = "a whole number" if kind is int else "a number"
        raise RecipeError(f"{what[0].upper()}{what[1:]} must be {noun}, not {_show(text)}.") from None


def _matches(pattern: re.Pattern, value) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _name(name) -> str:
    if not _matches(NAME, name):
        raise RecipeError(f"{_show(name)} is not the name of an attribute; they look like Smiling or Blond_Hair.")
    return name


def _number(value, what: str, low: float, high: float) -> float:
    # A bool is an int to Python; NaN fails both comparisons; comparing before float() spares an overflow.
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise RecipeError(f"{what} must be a number from {low:g} to {high:g}, not {_show(value)}.")
    return float(value)


def _whole(value, what: str, high: int) -> int:
    number = as_whole(value)
    if number is None or not 0 <= number <= high:
        raise RecipeError(f"{what} must be a whole number from 0 to {high}, not {_show(value)}.")
    return number


def _suggest(word: str, choices: list[str]) -> str:
    """The end of a sentence about an unknown word: the nearest choice, whatever its case, or all of them."""
    by_lower = {choice.lower(): choice for choice in choices}
    near = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=0.5)
    return f"; did you mean {by_lower[near[0]]}?" if near else f"; there are {', '.join(choices)}."


def _show(value) -> str:
    """The value as Python writes it, cut so that a message stays one line."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # a whole number of thousands of digits, a list in a list in a list ...
        text = f"a {type(value).__name__}"
    return text if len(text) <= 60 else f"{text[:57]}..."
