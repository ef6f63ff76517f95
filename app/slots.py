"""Slots: how many inferences run at once, however many visitors there are."""

from threading import BoundedSemaphore


class BusyError(RuntimeError):
    """Every slot stayed taken for as long as a person waits."""


class Slots:
    """A context manager that holds one of `count` slots, waiting up to `patience` seconds for it.

    Entering raises BusyError when none came free. Do not nest: a thread that holds a slot must not ask for another.
    """

    def __init__(self, count: int, patience: float):
        self._free = BoundedSemaphore(count)
        self._patience = patience

    def __enter__(self) -> "Slots":
        if not self._free.acquire(timeout=self._patience):
            raise BusyError("Too many people are using Facet right now; please try again in a minute.")
        return self

    def __exit__(self, *exception) -> None:
        self._free.release()
