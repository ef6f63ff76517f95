"""What stands for a bundle's files where nothing reads them."""

from model.folder import FILES


def contents(letter: str) -> dict[str, bytes]:
    """Every file of a bundle but its config, told from another letter's."""
    return {name: f"{letter} {name}".encode() * 50 for name in FILES}
