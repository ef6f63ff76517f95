"""How far attributes are moved, in slider units: read from text, and checked."""

import math

SHOWN = 60  # characters of what was given, in a message


def parse_strength(text: str, sign: str = "=") -> tuple[str, float]:
    """`Smiling=1` -> ("Smiling", 1.0). ValueError if it is not a name, the sign and a number; names are not checked."""
    name, found, strength = text.partition(sign)
    if not name or not found:
        raise ValueError(f"A setting must be NAME{sign}STRENGTH, like Smiling{sign}1, not {text[:SHOWN]!r}.")
    try:
        return name, float(strength)
    except ValueError:
        raise ValueError(f"The strength of {name[:SHOWN]} must be a number, not {strength[:SHOWN]!r}.") from None


def finite_strength(name: str, strength: float) -> float:
    """The strength as a float; ValueError for what is no finite number."""
    try:
        number = float(strength)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"the strength of {name} is {strength!r}; a finite number is needed")
    return number
