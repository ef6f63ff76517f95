"""The bench of one slider tick, on the page of the tests: it finds what it moves and waits for."""

import io

import pytest

from benchmarks import tick
from tests.ui.fakes import photo_of

pytestmark = pytest.mark.browser


def test_ticks_of_a_drawn_face_and_of_a_photo_are_measured(page, monkeypatch, capsys):
    monkeypatch.setattr(tick, "WARM_UP", 1)
    monkeypatch.setattr(tick, "PAUSE_MS", 20)
    monkeypatch.setattr(tick, "STEP", 0.5)  # a cartoon shows no less
    photo = io.BytesIO()
    photo_of(1).save(photo, "JPEG")
    rows = {"drawn face": tick.measure(page, 2)}
    tick.upload(page, photo.getvalue())
    rows["photo"] = tick.measure(page, 2)
    assert all(0 < one["server"] <= one["tick"] for ticks in rows.values() for one in ticks)
    tick.print_table(rows, decoder=[1.0, 2.0], ready=3.0)
    shown = capsys.readouterr().out
    assert "| drawn face |" in shown
    assert "| photo |" in shown
