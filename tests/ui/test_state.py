"""What the page remembers: the store of opened faces, the history, the sliders' recipe, and subjects without pixels."""

import pickle
import threading
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.faces import FaceError
from app.recipe import Recipe
from app.ui.history import LIMIT, History
from app.ui.store import FaceStore
from app.ui.subject import Subjects


def test_the_store_forgets_the_longest_unused():
    store = FaceStore(2)
    for key in "ab":
        store.put(key, SimpleNamespace(name=key))
    store.get("a", lambda: pytest.fail("a is kept"))
    store.put("c", SimpleNamespace(name="c"))
    assert ("a" in store, "b" in store, "c" in store) == (True, False, True)
    assert store.get("b", lambda: SimpleNamespace(name="again")).name == "again"
    assert len(store) == 2


def test_the_store_stays_bounded_under_many_threads():
    store = FaceStore(5)
    threads = [threading.Thread(target=lambda n=n: [store.get((n, i), SimpleNamespace) for i in range(50)])
               for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store) == 5
    store.drop("no such token")
    for n in range(8):
        store.drop(n)
    assert len(store) == 0


def test_a_store_of_nothing_is_refused():
    with pytest.raises(ValueError, match="one face or more"):
        FaceStore(0)


STRENGTHS = st.floats(-2, 2).map(lambda value: Recipe(set={"Smiling": round(value, 2)}))


@given(st.lists(STRENGTHS, max_size=30))
def test_undo_undoes_and_redo_redoes(recipes):
    history = start = History()
    for recipe in recipes:
        history = history.push(recipe)
    end = history
    while history.can_undo:
        history = history.undo()
    assert history.current == start.current
    while history.can_redo:
        history = history.redo()
    assert history == end


def test_a_new_step_ends_what_was_undone_and_the_list_stays_short():
    first, second, third = (Recipe(set={"Young": value}) for value in (0.5, 1, 1.5))
    history = History().push(first).push(first).push(second)
    assert len(history.entries) == 3
    history = history.undo().push(third)
    assert (history.current, history.can_redo) == (third, False)
    for i in range(3 * LIMIT):
        history = history.push(Recipe(set={"Young": (i % 100 + 1) / 100}))
    assert len(history.entries) == LIMIT


@pytest.fixture
def subjects(editor):
    return Subjects(editor, FaceStore())


def test_a_subject_holds_no_pixels(subjects, photo_file):
    subject = subjects.from_photo(photo_file(2))
    subject.remember(subject.history.push(subject.complete(Recipe(set={"Smiling": 1}))))
    assert len(pickle.dumps(subject)) < 4000


@pytest.mark.parametrize("face", [0, 1])
def test_a_forgotten_face_opens_again_the_same(subjects, photo_file, face):
    subject = subjects.from_photo(photo_file(2)).choose(face)
    first = subjects.opened(subject)
    subjects.forget(subject)
    again = subjects.opened(subject)
    assert again is not first
    assert np.array_equal(again.z, first.z)
    assert np.array_equal(again.frame, first.frame)


def test_the_face_that_all_begin_with_is_not_forgotten_when_one_leaves(subjects):
    subject = subjects.shared(subjects.from_seed(11))
    first = subjects.opened(subject)
    subjects.forget(subject)
    assert subjects.opened(subject) is first


def test_a_forgotten_drawn_face_is_drawn_again(subjects):
    subject = subjects.from_seed(11, 0.8)
    first = subjects.opened(subject)
    subjects.forget(subject)
    assert np.array_equal(subjects.opened(subject).z, first.z)


def test_a_photo_that_was_cleared_away_is_a_plain_loss(subjects, photo_file, tmp_path):
    from app.ui.errors import sentence

    path = photo_file(1)
    subject = subjects.from_photo(path)
    subjects.forget(subject)
    (tmp_path / path.rsplit("/", 1)[1]).unlink()
    with pytest.raises(FileNotFoundError) as caught:
        subjects.opened(subject)
    assert "open it again" in sentence(caught.value)
    assert path not in sentence(caught.value)


def test_a_face_number_out_of_range_is_refused(subjects, photo_file):
    with pytest.raises(FaceError, match="no face number 7"):
        subjects.from_photo(photo_file(1)).choose(7)


def test_word_of_a_rest_that_comes_after_an_undo_is_no_step(subjects):
    subject = subjects.from_seed(3)
    first, second = (subject.complete(Recipe(set={"Smiling": value})) for value in (1.0, 2.0))
    for recipe in (first, second):
        subject.shown[0] = recipe  # a tick
        subject.settle(recipe)
    subject.remember(subject.history.undo())
    assert subject.settle(second).can_redo  # the page had sent this before it heard of the undo
    assert subject.history.current == first
    subject.shown[0] = second
    assert not subject.settle(second).can_redo
