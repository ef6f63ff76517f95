"""The bundle of a bench, and one that is none."""

import pytest

from benchmarks.bundles import bundle_parser, load_editor


def test_its_option():
    parser = bundle_parser("limit", "The first line says it.\n\nThe others say more.")
    assert parser.parse_args([]).bundle == "checkpoints/default"
    assert parser.prog == "python -m benchmarks.limit" and parser.description == "The first line says it."


def test_a_bundle_that_is_none_ends_the_bench_with_a_sentence(tmp_path):
    with pytest.raises(SystemExit, match="benchmarks.limit: there is no bundle folder .*nowhere"):
        load_editor("limit", str(tmp_path / "nowhere"))
