"""Recipes: the same edit is the same recipe wherever it travels, and nonsense ends in one sentence."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.recipe import SEED_LIMIT, Recipe, RecipeError, parse_setting, recipes_from_json

NAMES = ("Smiling", "Young", "Male", "Blond_Hair", "5_o_Clock_Shadow")
recipes = st.builds(
    Recipe,
    bundle=st.none() | st.text("0123456789abcdef", min_size=8, max_size=12),
    set=st.dictionaries(st.sampled_from(NAMES), st.floats(-2, 2)),
    keep=st.lists(st.sampled_from(NAMES)),
    detail=st.floats(0, 1),
    seed=st.none() | st.integers(0, SEED_LIMIT),
    temperature=st.floats(0, 2),
    face=st.integers(0, 30),
)
json_values = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
                           lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)


@given(recipes)
def test_json_and_query_bring_back_the_same_recipe(recipe):
    assert Recipe.from_json(recipe.to_json()) == recipe
    assert Recipe.from_query(recipe.to_query()) == recipe
    assert Recipe.from_query("?" + recipe.to_query() + "&__theme=dark&utm_source=x") == recipe
    assert hash(Recipe.from_json(recipe.to_json())) == hash(recipe)


@given(st.dictionaries(st.sampled_from(NAMES), st.floats(-2, 2)), st.lists(st.sampled_from(NAMES)))
def test_order_repeats_and_resting_sliders_make_no_difference(strengths, keep):
    shuffled = dict(reversed([*strengths.items(), ("Bald", 0.0)]))
    assert Recipe(set=strengths, keep=keep) == Recipe(set=shuffled, keep=[*reversed(keep), *keep])
    assert Recipe(set=strengths, keep=keep).to_json() == Recipe(set=shuffled, keep=keep[::-1]).to_json()


@given(recipes)
def test_a_recipe_is_fixed_and_its_parts_agree(recipe):
    assert recipe.scaled(1.0) == recipe
    assert not recipe.scaled(0.0).set and recipe.scaled(0.0).keep == recipe.keep
    assert not {*recipe.held} & {*recipe.set} and {*recipe.held} <= {*recipe.keep}
    assert recipe.check(NAMES) is recipe
    with pytest.raises(AttributeError):
        recipe.detail = 0.5


def test_nothing_moved_means_no_slider_and_full_detail():
    assert Recipe(keep=["Young"], set={"Smiling": 0}).moves_nothing
    assert not Recipe(detail=0.9).moves_nothing
    assert not Recipe(set={"Smiling": 0.1}).moves_nothing


@given(st.text() | st.binary() | json_values.map(json.dumps)
       | st.dictionaries(st.sampled_from([*Recipe().to_dict()]), json_values).map(json.dumps))
def test_any_text_is_a_recipe_or_one_sentence(text):
    try:
        recipes_from_json(text)
    except RecipeError as error:
        assert len(str(error).splitlines()) == 1 and str(error)[-1] in ".?"


@given(st.text() | st.dictionaries(st.sampled_from([*Recipe().to_dict()]), st.text()))
def test_any_address_is_a_recipe_or_one_sentence(query):
    try:
        Recipe.from_query(query)
    except RecipeError as error:
        assert len(str(error).splitlines()) == 1


@pytest.mark.parametrize(("text", "part"), [
    ('{"sett": {}}', "did you mean set?"),
    ('{"set": {"Smiling": 3}}', "from -2 to 2"),
    ('{"set": {"Smiling": true}}', "The strength of Smiling"),
    ('{"set": {"Smiling": NaN}}', "not nan"),
    ('{"set": {"Smiling": 1' + "0" * 400 + "}}", "from -2 to 2"),
    ('{"set": ["Smiling"]}', "must map attributes"),
    ('{"keep": "Young"}', "must be a list"),
    ('{"keep": [["Young"]]}', "not the name of an attribute"),
    ('{"detail": 1.5}', "Detail must be a number from 0 to 1"),
    ('{"seed": -1}', "The seed must be a whole number"),
    ('{"seed": 1.5}', "The seed must be a whole number"),
    ('{"face": -1}', "number of the face"),
    ('{"bundle": "../x"}', "short hash"),
    ("[]", "empty"),
    ("[{}, {}]", "same face"),
    ("7", "JSON object"),
    ("{", "is not a recipe"),
    ("[" * 100_000, "is not a recipe"),
    ("1" * 10_000, "is not a recipe"),
    (None, "is not a recipe"),
    (5, "is not a recipe"),
])
def test_mistakes_are_named(text, part):
    with pytest.raises(RecipeError, match=part.replace("?", r"\?")):
        recipes_from_json(text)


def test_unknown_attributes_get_the_nearest_name():
    with pytest.raises(RecipeError, match="did you mean Smiling?"):
        Recipe(set={"smilling": 1}).check(NAMES)
    with pytest.raises(RecipeError, match="there are Smiling, Young"):
        Recipe(keep=["qqqq"]).check(NAMES)


def test_settings_of_the_command_line():
    assert parse_setting("Smiling=-1.5") == ("Smiling", -1.5)
    for text in ("Smiling", "=1", "Smiling=", "Smiling=much"):
        with pytest.raises(RecipeError):
            parse_setting(text)


def test_a_list_holds_one_recipe_for_each_face():
    first, second = recipes_from_json('[{"set": {"Smiling": 1}}, {"set": {"Young": 1}, "face": 1}]')
    assert (first.face, second.face) == (0, 1)
