"""The comparison with the usual notebook, for a moment on drawn faces."""

from benchmarks import peers


def test_both_ways_are_trained_and_measured(folder, tmp_path, capsys):
    assert peers.main(["--data", str(folder), "--minutes", "0.02", "--cache", str(tmp_path)]) == 0
    rows = [line.split(" | ") for line in capsys.readouterr().out.splitlines() if " dB" in line]
    assert [row[0] for row in rows] == ["| the usual notebook", "| Facet"]
    for _, speed, quality, drawn in rows:
        assert float(speed) > 0
        assert 3 < float(quality.split()[0]) < 40
        assert float(drawn.split()[0]) > 0


def test_a_missing_folder_is_a_sentence(tmp_path, capsys):
    assert peers.main(["--data", str(tmp_path / "nowhere")]) == 1
    assert "nowhere" in capsys.readouterr().err
