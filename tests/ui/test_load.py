"""A quick load of the page: two visitors drag, a morph is made, the queue fills; and the checks see what is wrong."""

import base64
import time
from dataclasses import replace

import pytest

from app.recipe import Recipe
from app.slots import TOO_MANY, BusyError
from app.ui.pictures import data_uri
from benchmarks import load, visitors
from benchmarks.protocol import PageServer, ProtocolError, RefusedError, Session


@pytest.fixture(scope="module")
def page_server(server):
    page = PageServer(server)
    yield page
    page.close()


@pytest.fixture(scope="module")
def record(page_server):
    """Two visitors, each with one drag at least, the first with a morph after it."""
    patch = pytest.MonkeyPatch()
    patch.setattr(visitors, "MORPH_EVERY", 1)
    yield visitors.visit_together(page_server, 2, seconds=0.5)
    patch.undo()


def test_every_visitor_sees_their_own_face_at_the_last_position(record, editor):
    assert record.errors == {}
    assert len(record.last) == len(record.rests) >= 2
    assert len(record.morphs) >= 1
    assert {answer.asked.seed for answer in record.answers} == {visitors.FIRST_SEED, visitors.FIRST_SEED + 1}
    assert load.check(record.answers, editor) == []


def test_another_visitors_face_is_noticed(record, editor):
    answers = [answer for answer in record.answers if answer.picture]
    first = next(answer for answer in answers if answer.asked.seed == visitors.FIRST_SEED)
    other = next(answer for answer in answers if answer.asked.seed != visitors.FIRST_SEED)
    assert "levels off" in load.check([replace(first, picture=other.picture), other], editor)[0]


def test_a_page_that_answers_nothing_is_no_crash(editor):
    assert load.check([], editor) == []


def test_a_lost_position_is_noticed(record, editor):
    answer = record.answers[0]
    stale = replace(answer, shown=answer.shown.replace(set={"Smiling": 1.95}))
    assert "shown was" in load.check([stale, record.answers[-1]], editor)[0]


def test_faces_that_cannot_be_told_apart_prove_nothing(editor):
    recipe = Recipe(bundle=editor.bundle.hash, seed=5, temperature=0.0)
    pictures = [visitors.Answer(one, one, b"") for one in (recipe, recipe.replace(seed=6))]
    pictures = [replace(one, picture=jpeg(editor, one.asked)) for one in pictures]
    assert "too little" in load.check(pictures, editor)[0]


def jpeg(editor, recipe: Recipe) -> bytes:
    return base64.b64decode(data_uri(editor.preview(editor.open_drawn(recipe), recipe)).partition(",")[2])


def test_a_full_queue_refuses_with_a_sentence_and_empties_when_cancelled(page_server, editor, monkeypatch):
    morph = editor.morph_opened

    def long_morph(*opened, frames, **options):
        """As long as a real one, without its work: the queue fills behind it."""
        if frames == load.LONG_MORPH:
            time.sleep(2)
            frames = 2
        return morph(*opened, frames=frames, **options)

    monkeypatch.setattr(editor, "morph_opened", long_morph)
    assert load.flood(page_server) == []


def test_a_failure_of_the_page_is_an_error(page_server):
    with Session(page_server) as session, pytest.raises(ProtocolError, match="seed"):
        session.queued("edit-samples", "click", {}, sent=str(2**40))
    with pytest.raises(ValueError, match="no handler"):
        page_server.find("no-such-part", "click")


def test_a_page_without_a_free_slot_is_a_refusal(page_server, editor, monkeypatch):
    def busy(recipe):
        raise BusyError(TOO_MANY)

    monkeypatch.setattr(editor, "open_drawn", busy)
    with Session(page_server) as session, pytest.raises(RefusedError, match="try again"):
        session.queued("edit-samples", "click", {}, sent="77")
