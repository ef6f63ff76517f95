"""The ablation command, on drawn faces and the tiny preset."""

from benchmarks import ablation
from model.bundle import load_bundle
from tests.faces import tiny_bundle


def test_variants_are_trained_once_and_printed_side_by_side(folder, tmp_path, capsys):
    options = ["--data", str(folder), "--cache", str(tmp_path / "cache"), "--preset", "tiny",
               "--judge", str(tiny_bundle(tmp_path / "judge")), "--minutes", "0.01", "--out", str(tmp_path / "out"),
               "--only", "as it is", "no averaged weights", "--into", str(tmp_path / "judge")]  # fmt: skip
    assert ablation.main(options) == 0
    printed = capsys.readouterr().out
    assert "| as it is |" in printed and "| no averaged weights |" in printed and "KL divergence" in printed
    written = (tmp_path / "out" / "as-it-is" / "metrics.json").stat().st_mtime_ns
    card = (tmp_path / "judge" / "README.md").read_text(encoding="utf-8")
    assert "What each term buys" in card and "| no averaged weights |" in card and "from nothing on" in card
    load_bundle(tmp_path / "judge")  # still whole
    options = options[:-2]
    assert ablation.main(options) == 0  # nothing is trained again
    assert (tmp_path / "out" / "as-it-is" / "metrics.json").stat().st_mtime_ns == written
    capsys.readouterr()
    # What other options made is not passed off as theirs, and a card that is none is said at once.
    assert ablation.main([*options, "--learning-rate", "0.5"]) == 1
    assert "as-it-is was made with other options" in capsys.readouterr().err
    assert ablation.main([*options, "--into", str(tmp_path / "nowhere")]) == 1
    assert "nowhere" in capsys.readouterr().err


def test_all_go_on_from_one_bundle(monkeypatch, tmp_path):
    """Each variant is told where to start, and the card tells it too."""
    calls, judge = [], str(tiny_bundle(tmp_path / "judge"))

    def train(arguments):
        calls.append(arguments)
        out = tmp_path / "out" / ("no-VGG16" if "--perceptual-weight" in arguments else "as-it-is")
        out.mkdir(parents=True)
        (out / "metrics.json").write_text('{"kl": 3.0}')
        return 0

    monkeypatch.setattr(ablation.train, "main", train)
    assert ablation.main(["--data", "here", "--judge", judge, "--init", "there", "--out", str(tmp_path / "out"),
                          "--minutes", "2", "--learning-rate", "5e-4", "--only", "as it is", "no VGG16", "--into",
                          judge]) == 0  # fmt: skip
    for given in calls:
        assert given[given.index("--init") + 1] == "there" and given[given.index("--learning-rate") + 1] == "5e-4"
    card = (tmp_path / "judge" / "README.md").read_text(encoding="utf-8")
    assert "for 2 minutes from the weights of `there`" in card
    assert "--minutes 2 --init there --learning-rate 5e-4" in card


def test_a_refusal_ends_it(tmp_path, capsys):
    assert ablation.main(["--data", str(tmp_path / "none"), "--out", str(tmp_path), "--only", "no VGG16"]) == 1
    assert "there is no data folder" in capsys.readouterr().err
