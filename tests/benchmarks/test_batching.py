"""The bench that decodes visitors' faces together."""

import threading

import numpy as np

from benchmarks import batching
from tests.faces import tiny_bundle


def test_everyone_gets_their_own_face_of_a_shared_call():
    calls, entered, go_on = [], threading.Event(), threading.Event()

    def decode(z):
        calls.append(len(z))
        entered.set()
        go_on.wait(10)
        return 2 * z

    together, answers = batching.Batcher(decode), {}

    def ask(i):
        answers[i] = together(np.full((1, 3), i))

    threads = [threading.Thread(target=ask, args=(i,)) for i in range(6)]
    threads[0].start()
    assert entered.wait(10)  # the first is being decoded while the others come
    for thread in threads[1:]:
        thread.start()
    while together._waiting.qsize() < 5:
        pass
    go_on.set()
    for thread in threads:
        thread.join(10)
    assert calls == [1, 5]
    assert all(np.array_equal(answers[i], np.full((1, 3), 2 * i)) for i in range(6))


def test_the_table_is_printed(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(batching, "VISITORS", (1, 3))
    assert batching.main(["--bundle", str(tiny_bundle(tmp_path / "tiny")), "--seconds", "0.2"]) == 0
    rows = capsys.readouterr().out.splitlines()[2:]
    assert [row.split(" | ")[1] for row in rows] == ["one by one", "together"] * 2
    assert batching.main(["--seconds", "0"]) == 1
