"""How much one call may ask for, whichever door it comes through: page, HTTP, command line or Python.

Light to import: the command line reads it before TensorFlow is loaded.
"""

MOST_SAMPLES = 64  # drawn faces
MOST_FRAMES = 300  # from one face to the next: six seconds at the highest speed


def as_whole(value: object) -> int | None:
    """A whole number however it was written (3, 3.0, a hundred digits); None for anything else, a bool too."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # Not math.isfinite, which makes a float of a giant whole number and overflows.
    return int(value) if isinstance(value, int) or value.is_integer() else None


def whole(value: object, what: str) -> int:
    """A number that somebody sent, as a whole one; ValueError for anything else."""
    number = as_whole(value)
    if number is None:
        raise ValueError(f"The number of the {what} must be a whole one, not {repr(value)[:40]}.")
    return number


def check_count(count: int, least: int, most: int, what: str) -> None:
    """ValueError unless it is a whole number from least to most."""
    if isinstance(count, bool) or not isinstance(count, int) or not least <= count <= most:
        raise ValueError(f"The number of {what} must be a whole number from {least} to {most}, not {repr(count)[:40]}.")
