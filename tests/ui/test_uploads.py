"""What callers may send in the place of an upload: only what they uploaded is opened."""

import json
import os

import httpx
import numpy as np
import pytest

from app.ui.errors import sentence
from app.ui.text import UNEXPECTED
from benchmarks.protocol import PageServer, ProtocolError, Session
from tests.ui.fakes import photo_of

FILE = {"_type": "gradio.FileData"}  # how a value says of itself that it is a file


def faces(server: str, value: object) -> str:
    """What the endpoint /faces says of a value in the photo's place."""
    return answer(server, "faces", [value])


def answer(server: str, name: str, data: list) -> str:
    """What an endpoint says, past gradio_client and its checks."""
    call = f"{server}gradio_api/call/{name}"
    asked = httpx.post(call, json={"data": data})
    return httpx.get(f"{call}/{asked.json()['event_id']}", timeout=30).text if asked.is_success else asked.text


@pytest.fixture
def outside(tmp_path):
    """A photo on the server that nobody uploaded."""
    path = tmp_path / "private.png"
    photo_of(1).save(path)
    return str(path)


def test_what_was_uploaded_is_opened(server, outside):
    with open(outside, "rb") as file:
        (path,) = httpx.post(f"{server}gradio_api/upload", files={"files": file}).json()
    assert '"score"' in faces(server, {"path": path, "meta": FILE})


@pytest.mark.parametrize("value", [
    lambda path: {"path": path},
    lambda path: {"path": path, "meta": FILE},
    lambda path: {"path": path, "meta": {}},
    lambda path: {"path": path, "meta": {"_type": "else"}},
    lambda path: {"path": path, "is_stream": True},
    lambda path: {"path": "/tmp/gradio/../.." + path},  # noqa: S108
    lambda path: {"path": f"file://{path}"},
    lambda path: {"path": None, "url": path},
    lambda path: {"path": "\0"},
    lambda path: {"path": 9 * "/long" * 1000},
    lambda path: path,
    lambda path: [{"path": path}],
    lambda path: True,
    lambda path: {},
], ids=range(14))
def test_no_other_file_of_the_server_is(server, outside, value):
    said = faces(server, value(outside))
    assert "event: complete" not in said
    error = json.loads(said.rpartition("data: ")[2])["error"]
    assert outside not in str(error)


@pytest.mark.parametrize(("name", "data", "says"), [
    ("sample", ["x", 0, 1], "whole"), ("sample", ["9" * 5000, 0, 1], "whole"), ("sample", [1e300, 0, 1], "1 to 64"),
    ("sample", [[1], {}, 1], "whole"), ("sample", [True, 0, 1], "whole"), ("sample", [2.5, 0, 1], "whole"),
    ("sample", [8, -1, 1], "seed"), ("sample", [8, 0, "hot"], "Temperature"), ("edit", [None, 5], "not a recipe"),
    ("edit", [None, "[" * 100_000], "not a recipe"),
    ("edit", [None, '{"seed": 1, "set": {"Bald": "<b>"}}'], "&lt;b&gt;"),
], ids=range(11))
def test_odd_values_end_in_a_sentence(server, name, data, says):
    said = answer(server, name, data)
    error = json.loads(said.rpartition("data: ")[2])["error"]
    assert says in error
    assert error.endswith((".", "?"))
    assert len(error) < 300


def test_what_libraries_raise_is_not_for_visitors(caplog):
    for raise_it in (lambda: int("x"), lambda: np.zeros(2) + np.zeros(3), lambda: os.stat("\0")):
        with pytest.raises(ValueError) as caught:
            raise_it()
        assert sentence(caught.value) == UNEXPECTED


def test_nor_through_the_page(server, outside):
    page = PageServer(server)
    with Session(page) as visitor, pytest.raises(ProtocolError, match="Open a photo first"):
        visitor.queued("edit-upload", "input", {"edit-upload": {"path": outside}})
    page.close()
