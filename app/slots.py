"""Slots: how many inferences run at once, however many visitors there are."""

from collections import deque
from threading import Event, Lock

TOO_MANY = "Too many people are using Facet right now; please try again in a minute."


class BusyError(RuntimeError):
    """Every slot stayed taken for as long as a person waits."""


class Slots:
    """A context manager that holds one of `count` slots, waiting up to `patience` seconds for it.

    First come, first served: whoever gives a slot back and asks for the next one stands behind all who wait. (Python's
    own semaphore lets that one in again at once, so that a morph, chunk after chunk, would leave the sliders waiting.)
    Entering raises BusyError when none came free. Do not nest: a thread that holds a slot must not ask for another.
    """

    def __init__(self, count: int, patience: float):
        self._free = count
        self._patience = patience
        self._lock = Lock()
        self._waiting: deque[Event] = deque()  # each is set when a slot is handed over to it

    def __enter__(self) -> "Slots":
        with self._lock:
            if self._free:  # then nobody waits
                self._free -= 1
                return self
            turn = Event()
            self._waiting.append(turn)
        if not turn.wait(self._patience):
            with self._lock:
                if not turn.is_set():  # else it was handed over at the last moment
                    self._waiting.remove(turn)
                    raise BusyError(TOO_MANY)
        return self

    def __exit__(self, *exception) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._free += 1
