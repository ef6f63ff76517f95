"""What undo and redo walk along: the recipes of one face, in the order in which they came to rest."""

from dataclasses import dataclass, replace

from app.recipe import Recipe

LIMIT = 100  # steps kept


@dataclass(frozen=True)
class History:
    """Recipes and the place among them. Immutable: every step returns a new one.

    entries: at least one recipe, the oldest first.
    position: which of them shows.
    """

    entries: tuple[Recipe, ...] = (Recipe(),)
    position: int = 0

    @property
    def current(self) -> Recipe:
        return self.entries[self.position]

    @property
    def can_undo(self) -> bool:
        return self.position > 0

    @property
    def can_redo(self) -> bool:
        return self.position + 1 < len(self.entries)

    def push(self, recipe: Recipe) -> "History":
        """With the recipe as the newest; what was undone before is gone. The same recipe again is no step."""
        if recipe == self.current:
            return self
        entries = (*self.entries[: self.position + 1], recipe)[-LIMIT:]
        return History(entries, len(entries) - 1)

    def undo(self) -> "History":
        """One step back, or itself at the beginning."""
        return replace(self, position=self.position - 1) if self.can_undo else self

    def redo(self) -> "History":
        """One step forth, or itself at the end."""
        return replace(self, position=self.position + 1) if self.can_redo else self
