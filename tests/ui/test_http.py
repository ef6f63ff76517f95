"""The named endpoints through gradio_client, and what the server refuses."""

import json

import httpx
import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from app.recipe import Recipe
from tests.ui.fakes import photo_of

ENDPOINTS = {"/reconstruct", "/edit", "/sample", "/morph", "/animate", "/faces"}


@pytest.fixture(scope="module")
def client(server, tmp_path_factory):
    return Client(server, verbose=False, download_files=str(tmp_path_factory.mktemp("client")))


def test_only_the_six_endpoints_are_shown(client):
    assert set(client.view_api(return_format="dict")["named_endpoints"]) == ENDPOINTS


def test_faces_are_listed(client, photo_file):
    found = client.predict(handle_file(photo_file(2)), api_name="/faces")
    assert [face["face"] for face in found] == [0, 1]
    assert len(found[0]["landmarks"]) == 5


def test_an_edit_is_the_editors_own_to_the_pixel(client, editor, photo_file):
    recipe = {"set": {"Smiling": 1.0}, "keep": ["Young"]}
    path, receipts = client.predict(handle_file(photo_file(1)), json.dumps(recipe), api_name="/edit")
    expected = editor.edit(photo_of(1), **recipe)
    assert np.array_equal(np.asarray(Image.open(path)), np.asarray(expected))
    assert Recipe.from_dict(receipts[0]["recipe"]) == Recipe(bundle=editor.bundle.hash, **recipe)
    assert receipts[0]["asked"] == {"Smiling": 1.0}


def test_a_drawn_face_is_edited_without_a_photo(client, editor):
    path, _ = client.predict(None, '{"seed": 5, "set": {"Young": -1}}', api_name="/edit")
    recipe = Recipe(seed=5, set={"Young": -1})
    assert np.array_equal(np.asarray(Image.open(path)), editor.preview(editor.open_drawn(recipe), recipe))


def test_reconstruct_sample_morph_and_animate(client, photo_file):
    photo, other = (handle_file(photo_file(1, seed)) for seed in (0, 1))
    assert Image.open(client.predict(photo, 0, api_name="/reconstruct")).size == (64, 64)
    assert len(client.predict(3, 1, 1.0, api_name="/sample")) == 3
    assert Image.open(client.predict(photo, other, 4, 1.0, 10, "GIF", True, api_name="/morph")).format == "GIF"
    row = client.predict(photo, other, frames=3, hold=0.5, ease=True, size="Small", third_photo=photo, boomerang=False,
                         api_name="/morph")
    with Image.open(row) as animation:
        assert (animation.n_frames, max(animation.size)) == (2 * 3 - 1, 240)
        assert animation.info["duration"] == 550
    path = client.predict(photo, '{"set": {"Smiling": 1}}', 4, 10, "MP4", False, api_name="/animate")
    assert path.endswith(".mp4")


def test_several_recipes_without_a_photo_are_refused(client):
    with pytest.raises(AppError, match="no photo came with them"):
        client.predict(None, '[{"seed": 1}, {"seed": 2, "face": 1}]', api_name="/edit")


@pytest.mark.parametrize(("recipe", "says"), [
    ("{", "not a recipe"), ('{"set": {"Smilling": 1}}', "did you mean Smiling"), ('{"set": {"Smiling": 9}}', "-2 to 2"),
])
def test_a_mistake_is_a_sentence(client, photo_file, recipe, says):
    with pytest.raises(AppError, match=says):
        client.predict(handle_file(photo_file(1)), recipe, api_name="/edit")


@pytest.mark.parametrize(("given", "says"), [((10**400, 1), "from 1 to 64"), ((1, 10**400), "The seed must be")])
def test_a_giant_number_is_a_sentence(client, given, says):
    with pytest.raises(AppError, match=says):
        client.predict(*given, api_name="/sample")


def test_no_face_is_a_sentence(client, noise_photo):
    with pytest.raises(AppError, match="No face was found"):
        client.predict(handle_file(noise_photo), "{}", api_name="/edit")


def test_an_address_is_not_fetched(client):
    with pytest.raises(AppError, match="fetches nothing"):
        client.predict({"path": "https://127.0.0.1:9/x.png", "meta": {"_type": "gradio.FileData"}}, 0,
                       api_name="/reconstruct")


@pytest.mark.parametrize("path", ["/etc/passwd", "app/ui/demo.py", "../../../../../../etc/passwd"])
def test_a_path_of_the_server_is_refused(server, path):
    # Not through gradio_client, which would upload its own file of that name.
    call = f"{server}gradio_api/call/reconstruct"
    asked = httpx.post(call, json={"data": [{"path": path, "meta": {"_type": "gradio.FileData"}}, 0]})
    answer = httpx.get(f"{call}/{asked.json()['event_id']}", timeout=30).text if asked.is_success else asked.text
    assert "event: complete" not in answer
    assert "root:" not in answer
    assert httpx.get(f"{server}gradio_api/file={path}").status_code in (403, 404)


def test_nothing_of_the_page_names_another_host(server):
    page = httpx.get(server).text
    config = httpx.get(f"{server}config").json()
    assert "googleapis" not in page
    assert config["analytics_enabled"] is False
