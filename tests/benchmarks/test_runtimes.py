"""The bench of runtimes: they take turns, and its last line says whether one is worth an option."""

import re

import numpy as np
import pytest

from benchmarks import runtimes


def test_every_runtime_runs_as_often():
    calls = []
    runs = {name: lambda given, name=name: calls.append(name) for name in (runtimes.TRACED, "other")}
    times = runtimes.measure(runs, np.zeros((1, 4), np.float32), repeats=5)
    assert {name: len(found) for name, found in times.items()} == {runtimes.TRACED: 5, "other": 5}
    assert calls.count("other") == calls.count(runtimes.TRACED) == 5 + runtimes.WARM_UP


@pytest.mark.parametrize(("other", "verdict"), [(5.0, "other decodes one face 2.00 times as fast .* worth an option"),
                                                (9.0, "no more than a fifth faster"), (20.0, "no more than a fifth")])
def test_the_verdict_is_about_one_decoded_face(capsys, other, verdict):
    rows = {task: {runtimes.TRACED: [10.0], "other": [other]} for task, *_ in runtimes.TASKS}
    runtimes.print_table(rows, threads=2)
    shown = capsys.readouterr().out
    assert "| decode 32 faces |" in shown
    assert re.search(verdict, shown.splitlines()[-1])
