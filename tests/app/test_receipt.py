"""Receipts and warnings of the editor on a linear fake model, whose every answer is known."""

from dataclasses import replace

import numpy as np
import pytest

from app.recipe import Recipe

SMILE = Recipe(set={"Smiling": 1.0})


def test_the_receipt_says_what_was_asked_and_what_came(editor):
    opened = editor.open_latent(editor.bundle.latents.mean)
    receipt = editor.receipt(opened, Recipe(set={"Smiling": 1.0}, keep=("Young",)))
    assert receipt.asked == {"Smiling": 1.0}
    assert set(receipt.achieved) == {"Smiling"} and 0.1 < receipt.achieved["Smiling"] <= 1
    assert receipt.achieved_units["Smiling"] == pytest.approx(1, abs=0.1)  # but for 8 bits a pixel
    assert "Smiling" not in dict(receipt.unasked)
    sizes = [abs(change) for _, change in receipt.unasked]
    assert sizes == sorted(sizes, reverse=True)
    assert receipt.warnings == ()
    plain = receipt.to_dict()
    assert plain["asked"] == {"Smiling": 1.0} and plain["warnings"] == []


def test_the_receipt_of_nothing_is_empty(editor, photo):
    receipt = editor.receipt(editor.open_face(photo), Recipe())
    assert (receipt.asked, receipt.achieved, receipt.unasked) == ({}, {}, ())


def test_warnings_name_what_the_model_does_not_know(editor, photo):
    opened = editor.open_face(photo)
    assert any("Bald" in text for text in editor.warnings(opened, Recipe(set={"Bald": 1.0})))
    assert any("0123abcd" in text for text in editor.warnings(opened, Recipe(bundle="0123abcd")))
    assert not any("model abcdef" in text for text in editor.warnings(opened, Recipe(bundle="abcdef123456")))
    far = editor.open_latent(editor.bundle.latents.mean + 20)
    assert any("unusual" in text for text in editor.warnings(far, Recipe()))
    assert not any("poorly" in text for text in editor.warnings(opened, Recipe()))
    editor.bundle.metrics["psnr_16"] = opened.psnr + 5
    assert not any("poorly" in text for text in editor.warnings(opened, Recipe()))
    editor.bundle.metrics["psnr_16"] = opened.psnr + 7
    assert any("poorly" in text for text in editor.warnings(opened, Recipe()))
    turned = opened.face.matrix.copy()
    turned[:, :2] = turned[:, :2] @ np.array([[0, 1], [-1, 0]])
    tilted = replace(opened, face=replace(opened.face, matrix=turned))
    assert any("90 degrees" in text for text in editor.warnings(tilted, Recipe()))


def test_how_far_out_a_face_lies_is_told_without_solving_anew(editor, monkeypatch):
    """Fifty receipts at once, each solving for itself, took twenty seconds: LAPACK's threads wait for each other."""
    opened = editor.open_drawn(Recipe(seed=1))
    first = editor.warnings(opened, Recipe())

    def solve(*given):
        raise AssertionError("solved for one face")

    monkeypatch.setattr(np.linalg, "solve", solve)
    monkeypatch.setattr(np.linalg, "inv", solve)
    assert editor.warnings(opened, Recipe()) == first


def test_a_face_that_the_photos_border_cuts_is_warned_of(editor, photo):
    opened = editor.open_face(photo)
    assert opened.cut == 0 and not any("border" in text for text in editor.warnings(opened, SMILE))
    # The larger face lies at (40, 60) and is twice CelebA's size: its oval goes from about 120 to 320.
    for box, least, most in (((60, 0, 900, 600), 0, 0), ((220, 0, 900, 600), 0.4, 0.6), ((0, 0, 900, 400), 0.05, 0.3)):
        part = photo.crop(box)
        moved = opened.face.matrix.copy()
        moved[:, 2] += moved[:, :2] @ box[:2]
        cut = editor.open_face(part, replace(opened.face, matrix=moved, landmarks=opened.face.landmarks - box[:2]))
        assert least <= cut.cut <= most
        warned = [text for text in editor.receipt(cut, SMILE).to_dict()["warnings"] if "border cuts this face" in text]
        assert bool(warned) == (least > 0)
