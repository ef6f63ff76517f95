"""Memory over many faces: what each face adds is its name and its labels, whatever is done with them."""

import gc
import sys
import tracemalloc

import pytest

from benchmarks import memory

FEW, MANY = 1000, 5000
MOST_BYTES = 500  # a face, in every step: name, labels, size; not the rows of the tables as text, nor a task


def peaks(folder, count: int) -> dict[str, int]:
    """The most bytes that Python and NumPy held in each step, over what they held before it."""
    found = {}
    for name, run in memory.steps(memory.write_faces(folder, count), size=8, fit=False):
        gc.collect()
        gc.freeze()  # as in a fresh process: what earlier tests left would put off collecting this step's garbage
        tracemalloc.start()
        run()
        found[name] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        gc.unfreeze()
    return found


def test_every_step_takes_little_for_each_face(tmp_path):
    few, many = peaks(tmp_path / "few", FEW), peaks(tmp_path / "many", MANY)
    assert len(few) == 4
    added = {name: (many[name] - few[name]) / (MANY - FEW) for name in few}
    assert max(added.values()) < MOST_BYTES


@pytest.mark.skipif(sys.platform != "linux", reason="the bench reads /proc")
def test_the_table_is_printed(capsys):
    assert memory.main(["--faces", "100"]) == 0
    shown = capsys.readouterr().out
    for part in ("100 pictures", "| tables read |", "| decoded into the cache |", "| another |"):
        assert part in shown
