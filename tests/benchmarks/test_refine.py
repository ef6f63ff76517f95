"""What refining buys, on drawn faces and the tiny model."""

from benchmarks import refine
from tests.faces import tiny_bundle


def test_more_steps_come_nearer_to_the_photo(folder, tmp_path, capsys):
    bundle = tiny_bundle(tmp_path / "bundle")
    assert refine.main(["--bundle", bundle, "--data", str(folder), "--faces", "3", "--steps", "0", "30"]) == 0
    lines = capsys.readouterr().out.splitlines()
    names, none, thirty = (line.split() for line in lines if line.startswith(" "))
    figures = [dict(zip(names, map(float, row), strict=True)) for row in (none, thirty)]
    assert [row["steps"] for row in figures] == [0, 30]
    assert figures[0]["moved"] == 0 < figures[1]["moved"]
    assert figures[0]["PSNR"] < figures[1]["PSNR"]


def test_data_that_is_missing_is_a_sentence(tmp_path, capsys):
    bundle = tiny_bundle(tmp_path / "bundle")
    assert refine.main(["--bundle", bundle, "--data", str(tmp_path / "none")]) == 1
    assert capsys.readouterr().err.startswith("benchmarks.refine: there is no data folder")
