"""notebooks/beta.ipynb: runs from end to end on drawn faces and the tiny preset, and is committed whole."""

import re
from collections import Counter
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.faces import tiny_bundle

NOTEBOOK = Path(__file__).parent.parent / "notebooks" / "beta.ipynb"
PLACEHOLDER = "TO BE WRITTEN"  # stands where words wait for the full run's numbers
MAX_BYTES = 2_000_000
LEAST_MINUTES = 5  # of training for each model: less is a try, not the study


@pytest.fixture(scope="module")
def committed():
    """The notebook as it is in the repository."""
    return nbformat.read(NOTEBOOK, as_version=4)


@pytest.fixture(scope="module")
def small(folder, tmp_path_factory):
    """The notebook executed on 75 drawn faces, and the folder that its models are in."""
    out = tmp_path_factory.mktemp("study")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "FACET_DATA": folder, "FACET_CACHE": folder / "cache", "FACET_OUT": out, "FACET_PRESET": "tiny",
            "FACET_MINUTES": "0.1", "FACET_JUDGE": tiny_bundle(out / "judge"), "CUDA_VISIBLE_DEVICES": "-1",
        }.items():  # fmt: skip
            patch.setenv(name, str(value))
        NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(NOTEBOOK.parent)}}).execute()
    return notebook, out / "tiny-0.1-minutes"


def code(notebook) -> list:
    """The cells that hold code."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def outputs(notebook, kind: str) -> list[str]:
    """The content of all outputs of a MIME type, in their order."""
    return [output.data[kind] for cell in code(notebook) for output in cell.outputs if kind in output.get("data", {})]


def shapes(notebook) -> list[Counter]:
    """How many outputs of each MIME type a cell has, cell by cell; text that stands in for a picture is left out."""
    kinds = [[kind for output in cell.outputs for kind in output.get("data", ["stream"])] for cell in code(notebook)]
    return [Counter(kind for kind in cell if kind != "text/plain") for cell in kinds]


def test_it_trains_four_models_that_differ_in_beta_alone(small):
    from model.bundle import load_bundle

    _, out = small
    trained = {path.parent.name: load_bundle(path.parent).about["train_config"] for path in out.glob("*/config.json")}
    differing = {name: (config.pop("beta"), config.pop("beta_warmup_epochs")) for name, config in trained.items()}
    assert differing == {"beta=0.01": (0.01, 0), "beta=0.1": (0.1, 0), "beta=2": (2, 0), "beta=0-to-2": (2, 2)}
    assert len({str(config) for config in trained.values()}) == 1
    assert "minutes so far" in (out / "beta=2.log").read_text()


def test_it_shows_drawn_faces_tables_and_curves(small):
    notebook, _ = small
    assert sum(shapes(notebook), Counter()) == {"image/jpeg": 4, "image/png": 2, "text/markdown": 5, "stream": 1}
    tables = "\n".join(outputs(notebook, "text/markdown"))
    for label in ("KL divergence", "active latent dimensions", "attribute agreement", "Fréchet distance, samples of N"):
        assert f"| {label}" in tables
    assert "| | beta=0.01 | beta=0.1 | beta=2 | beta=0-to-2 |" in tables


def test_no_picture_but_the_grids_of_drawn_faces(committed):
    """`show` alone puts faces into the notebook, and is only given what model/grids.py drew."""
    source = "\n".join(cell.source for cell in code(committed))
    shown = re.findall(r"(?<!plt\.)(?<!def )\bshow\((\w+)", source)
    assert set(shown) == {"samples_grid", "direction_grid", "morph_grid"}
    assert not re.search(r"imshow|fromarray|\.frame\(", source)
    assert source.count("Image(") == 1


def test_a_plain_number_is_frozen_and_ours_is_not(small):
    notebook, _ = small
    (table,) = [text for text in outputs(notebook, "text/markdown") if "asked for" in text]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]
    asked, plain, eager, ours = zip(*(map(float, row[1:]) for row in rows[:-1]), strict=True)
    assert asked == ours == eager == (0, 0.5, 1, 1.5, 2)
    assert plain == (0,) * 5
    assert rows[-1][2:] == ["2.00"] * 3  # what whoever prints the attribute sees


def test_it_is_committed_executed_from_end_to_end(committed, small):
    assert [cell.execution_count for cell in code(committed)] == list(range(1, len(code(committed)) + 1))
    assert shapes(committed) == shapes(small[0])
    assert [output for cell in code(committed) for output in cell.outputs if output.output_type == "error"] == []


def test_it_is_committed_with_the_full_run(committed):
    (printed,) = [output.text for cell in code(committed) for output in cell.outputs if output.output_type == "stream"]
    minutes = re.search(r"the seed preset, ([\d.]+) minutes", printed)
    assert minutes and float(minutes[1]) >= LEAST_MINUTES


def test_its_words_are_written(committed):
    assert [cell.id for cell in committed.cells if PLACEHOLDER in cell.source] == []


def test_it_is_small():
    assert NOTEBOOK.stat().st_size < MAX_BYTES
