"""How much one call may ask for, whichever door it comes through: page, HTTP, command line or Python.

Light to import: the command line reads it before TensorFlow is loaded.
"""

import math

MOST_SAMPLES = 64  # drawn faces
MOST_FRAMES = 300  # from one face to the next: six seconds at the highest speed


def whole(value: object, what: str) -> int:
    """A number that somebody sent, as a whole one; ValueError for anything else."""
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
    if not math.isfinite(number) or number != int(number):
        raise ValueError(f"The number of the {what} must be a whole one, not {repr(value)[:40]}.")
    return int(number)


def check_count(count: int, least: int, most: int, what: str) -> None:
    """ValueError unless it is a whole number from least to most."""
    if isinstance(count, bool) or not isinstance(count, int) or not least <= count <= most:
        raise ValueError(f"The number of {what} must be a whole number from {least} to {most}, not {repr(count)[:40]}.")
