"""Visitors of the page: each edits a drawn face of their own, as a hand at the mouse does, and keeps what came back."""

import base64
import html
import io
import re
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

import httpx
import numpy as np
from PIL import Image

from app.recipe import Recipe
from app.ui.sliders import AttributeSliders
from benchmarks.protocol import PageServer, ProtocolError, RefusedError, Session

EVENTS_PER_SECOND = 10.0  # of a slider that is dragged
DRAG_EVENTS = 20
FIRST_SEED = 5000  # visitor i edits the face of this seed + i
RETRIES, RETRY_SECONDS = 5, 2.0  # of a visitor who is refused, and the pause before each
SLIDERS = ("Smiling", "Young", "Male", "Blond_Hair", "Eyeglasses")
PANEL = "facet-controls"  # the sliders' component
MORPHING = 10  # every so manyth visitor morphs, after every so manyth drag
MORPH_EVERY = 4
MORPH_FRAMES = 10
PICTURE_EVERY = 10  # of how many ticks one picture is kept besides the last of every drag


@dataclass(frozen=True)
class Answer:
    """What a tick asked for and what the page showed for it; the picture of some."""

    asked: Recipe
    shown: Recipe
    picture: bytes | None

    def difference(self, expected: np.ndarray) -> float:
        """Mean difference in levels from a picture (H, W, 3) uint8, as the page would have sent that one."""
        from app.ui.pictures import data_uri

        wanted, got = (np.asarray(Image.open(io.BytesIO(jpeg)), np.float32) for jpeg in
                       (base64.b64decode(data_uri(expected).partition(",")[2]), self.picture))
        return float(np.abs(wanted - got).mean()) if wanted.shape == got.shape else np.inf


@dataclass
class Record:
    """What visitors met with. Times in seconds: of ticks, of the last positions of drags from event to answer, of
    rests and of morphs. refused: visitors who were told that there are too many; left: who never got their face."""

    seconds: float = 0.0
    events: int = 0
    ticks: list[float] = field(default_factory=list)
    last: list[float] = field(default_factory=list)
    rests: list[float] = field(default_factory=list)
    morphs: list[float] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    errors: Counter = field(default_factory=Counter)
    refused: int = 0
    left: int = 0

    def add(self, other: "Record") -> None:
        self.events += other.events
        self.errors += other.errors
        self.refused += other.refused
        self.left += other.left
        for name in ("ticks", "last", "rests", "morphs", "answers"):
            getattr(self, name).extend(getattr(other, name))


class Visitor:
    """One visitor at a drawn face. keep: whether the answers are recorded, to be checked afterwards."""

    def __init__(self, session: Session, seed: int, morphs: bool, keep: bool = True):
        self.record = Record()
        self._session, self._seed, self._morphs, self._keep = session, seed, morphs, keep
        self._values: dict[str, float] = dict.fromkeys(SLIDERS, 0.0)
        self._rng = np.random.default_rng(seed)
        self._opened = False  # until then the page shows the face that everybody begins with

    def open_face(self) -> None:
        """Click a drawn face; who is refused waits and tries again a few times, as the sentence asks."""
        for attempt in range(1 + RETRIES):
            time.sleep(RETRY_SECONDS if attempt else 0)
            self._opened = bool(self._tried(self._session.queued, "edit-samples", "click", {}, str(self._seed)))
            if self._opened or self.record.errors:
                break
        self.record.left = int(not self._opened)

    def stay(self, end: float) -> None:
        """Drag, rest and morph until `end` (of time.perf_counter), if the face is there; what was begun is finished."""
        drags = 0
        while self._opened and time.perf_counter() < end:
            self._drag()
            self.record.rests += self._tried(self._session.at_once, "facet-rest", "click", self._controls)
            drags += 1
            if self._morphs and drags % MORPH_EVERY == 0:
                morph = {"morph-frames": MORPH_FRAMES}
                self.record.morphs += self._tried(self._session.queued, "morph-run", "click", morph)

    @property
    def _controls(self) -> dict[str, dict]:
        return {PANEL: AttributeSliders.write(Recipe(set=self._values))}

    def _drag(self) -> None:
        """One slider to a new place in even steps; while a tick is under way the newest position waits."""
        name = str(self._rng.choice(SLIDERS))
        start = self._values[name]
        end = (-1 if start > 0 else 1) * self._rng.uniform(0.5, 1.5)
        path = np.round(np.linspace(start, end, DRAG_EVENTS + 1)[1:], 2)
        began, sent = time.perf_counter(), -1
        while sent < DRAG_EVENTS - 1:
            due = began + (sent + 1) / EVENTS_PER_SECOND
            time.sleep(max(0.0, due - time.perf_counter()))
            newest = int((time.perf_counter() - began) * EVENTS_PER_SECOND)
            sent = min(max(newest, sent + 1), DRAG_EVENTS - 1)
            self._values[name] = float(path[sent])
            took = self._tried(self._tick, sent == DRAG_EVENTS - 1)
            self.record.ticks += took
        if took:
            self.record.last.append(time.perf_counter() - began - sent / EVENTS_PER_SECOND)
        self.record.events += DRAG_EVENTS

    def _tick(self, last: bool) -> None:
        stage = self._session.at_once(PANEL, "input", self._controls)[0]
        query = re.search(r'data-query="([^"]*)"', stage)
        if query is None:  # a sentence in the picture's place
            raise ProtocolError(html.unescape(re.sub(r"<[^>]*>", "", stage)).strip())
        if not self._keep:
            return
        picture = None
        if last or self._rng.integers(PICTURE_EVERY) == 0:
            picture = base64.b64decode(re.search(r'src="data:image/jpeg;base64,([^"]*)"', stage)[1])
        shown = Recipe.from_query(dict(parse_qsl(html.unescape(query[1]))))
        asked = Recipe(set=self._values, seed=self._seed)
        self.record.answers.append(Answer(asked, shown, picture))

    def _tried(self, action: Callable[..., object], *given) -> list[float]:
        """The seconds that an action took; none of one that was refused or failed, which is counted with its reason."""
        start = time.perf_counter()
        try:
            action(*given)
        except RefusedError:
            self.record.refused = 1
            return []
        except (ProtocolError, httpx.HTTPError) as error:
            self.record.errors[f"{type(error).__name__}: {error}"] += 1
            return []
        return [time.perf_counter() - start]


def visit_together(page: PageServer, count: int, seconds: float, every: tuple[float, Callable[[], None]] | None = None,
                   keep: bool = True) -> Record:
    """So many visitors at once, for so long after all have opened their faces.

    every: seconds, and what to call so often meanwhile.
    keep: whether the answers are recorded; of a long run they would be many.
    """
    whole = Record()
    with ExitStack() as stack, ThreadPoolExecutor(count) as pool:
        visitors = [Visitor(stack.enter_context(Session(page)), FIRST_SEED + i, i % MORPHING == 0, keep)
                    for i in range(count)]
        list(pool.map(Visitor.open_face, visitors))
        start = time.perf_counter()
        stays = [pool.submit(visitor.stay, start + seconds) for visitor in visitors]
        while every is not None and time.perf_counter() - start < seconds:
            every[1]()
            time.sleep(min(every[0], seconds))
        for visitor, stay in zip(visitors, stays, strict=True):
            stay.result()
            whole.add(visitor.record)
        whole.seconds = time.perf_counter() - start
    return whole
