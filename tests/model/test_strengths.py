"""Strengths as text, and what is none."""

import pytest

from model.strengths import finite_strength, parse_strength


def test_a_name_a_sign_and_a_number():
    assert parse_strength("Smiling=1.5") == ("Smiling", 1.5)
    assert parse_strength("Young:-1", ":") == ("Young", -1.0)
    assert finite_strength("Young", "2") == 2.0


@pytest.mark.parametrize(
    ("text", "words"), [("Smiling", "NAME=STRENGTH"), ("=1", "NAME=STRENGTH"), ("Smiling=", "The strength of Smiling"),
                        ("Smiling=lots", "a number, not 'lots'"), ("Smiling=" + "9x" * 1000, "not '9x9x")]
)  # fmt: skip
def test_other_text_is_one_short_sentence(text, words):
    with pytest.raises(ValueError, match=words) as caught:
        parse_strength(text)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("strength", [float("nan"), float("inf"), "much", None])
def test_what_is_no_finite_number(strength):
    with pytest.raises(ValueError, match="the strength of Young is .*finite number"):
        finite_strength("Young", strength)
