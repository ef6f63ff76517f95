"""A visitor whom the server refuses: counted once, comes back a few times, and drags nobody else's face."""

import pytest

from app.recipe import Recipe
from app.slots import TOO_MANY
from benchmarks import visitors
from benchmarks.load import print_faults, print_table
from benchmarks.protocol import ProtocolError, RefusedError
from benchmarks.visitors import FIRST_SEED, PANEL, Record, Visitor


class Page:
    """A session with a page that refuses the first clicks; it shows the seed that was clicked last, first seed 1."""

    def __init__(self, refusals: int, error: Exception | None = None):
        self.refusals, self.error, self.seed, self.clicks, self.ticks = refusals, error, 1, 0, 0

    def queued(self, elem_id, event, values, sent=None):
        self.clicks += 1
        if self.clicks <= self.refusals:
            raise self.error or RefusedError(TOO_MANY)
        self.seed = int(sent)

    def at_once(self, elem_id, event, values):
        self.ticks += elem_id == PANEL
        shown = Recipe(set={"Smiling": 0.5}, seed=self.seed)
        return [f'<img data-query="{shown.to_query()}" src="data:image/jpeg;base64,AAAA">']


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(visitors, "RETRY_SECONDS", 0.0)
    monkeypatch.setattr(visitors, "DRAG_EVENTS", 1)
    monkeypatch.setattr(visitors, "EVENTS_PER_SECOND", 1000.0)


def visit(page: Page) -> Record:
    visitor = Visitor(page, FIRST_SEED, morphs=False)
    visitor.open_face()
    visitor.stay(visitors.time.perf_counter() + 0.02)
    return visitor.record


@pytest.mark.parametrize("refusals", [1, visitors.RETRIES])
def test_who_is_refused_comes_back_and_then_drags_their_own_face(refusals):
    page = Page(refusals)
    record = visit(page)
    assert (record.refused, record.left, record.errors) == (1, 0, {})
    assert page.clicks == refusals + 1
    assert {answer.shown.seed for answer in record.answers} == {FIRST_SEED}


def test_who_is_refused_every_time_leaves_without_a_drag():
    page = Page(1000)
    record = visit(page)
    assert (record.refused, record.left, record.errors) == (1, 1, {})
    assert page.clicks == 1 + visitors.RETRIES
    assert page.ticks == record.events == 0
    assert record.answers == []


def test_a_failure_is_no_refusal_and_drags_nothing_either():
    page = Page(1, ProtocolError("the event failed"))
    record = visit(page)
    assert (record.refused, record.left, sum(record.errors.values())) == (0, 1, 1)
    assert (page.clicks, page.ticks) == (1, 0)


def test_the_refused_have_columns_of_their_own_and_are_not_called_wrong(capsys):
    whole = Record(seconds=1.0)
    for page in (Page(0), Page(1), Page(1000)):
        whole.add(visit(page))
    print_table({3: whole})
    head, line, row = capsys.readouterr().out.splitlines()[-3:]
    assert head.endswith("| errors | refused | left |")
    assert head.count("|") == line.count("|") == row.count("|")
    assert row.endswith("| 0 | 2 | 1 |")
    print_faults([], ["2 times: no answer"])
    assert capsys.readouterr().out == "FAILED: 2 times: no answer\n"
