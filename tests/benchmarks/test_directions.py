"""The comparison of directions, on drawn faces and the tiny model."""

import pytest

from benchmarks import directions
from tests.faces import tiny_bundle


def test_centroids_and_guided_directions_are_measured_alike(folder, tmp_path, capsys):
    bundle = tiny_bundle(tmp_path / "bundle")
    assert directions.main(["--bundle", bundle, "--data", str(folder), "--faces", "2"]) == 0
    rows = [line.split(" | ") for line in capsys.readouterr().out.splitlines() if "/" in line and line.startswith("| ")]
    assert [row[0] for row in rows][:2] == ["| centroids", "| guided, others weigh 0"]
    assert len(rows) == 1 + len(directions.OFF_TARGETS)
    assert {len(row) for row in rows} == {1 + 2 * len(directions.STRENGTHS)}


@pytest.mark.parametrize("missing", ["--bundle", "--data"])
def test_what_is_missing_is_a_sentence(folder, tmp_path, capsys, missing):
    arguments = {"--bundle": tiny_bundle(tmp_path / "bundle"), "--data": str(folder), missing: str(tmp_path / "none")}
    assert directions.main([part for pair in arguments.items() for part in pair]) == 1
    error = capsys.readouterr().err
    assert error.startswith("benchmarks.directions: ")
    assert "none" in error
