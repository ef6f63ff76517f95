"""What callers may send in the place of an upload: only what they uploaded is opened."""

import json

import httpx
import pytest

from benchmarks.protocol import PageServer, ProtocolError, Session
from tests.ui.fakes import photo_of

FILE = {"_type": "gradio.FileData"}  # how a value says of itself that it is a file


def faces(server: str, value: object) -> str:
    """What the endpoint /faces says of a value in the photo's place."""
    call = f"{server}gradio_api/call/faces"
    asked = httpx.post(call, json={"data": [value]})
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


def test_nor_through_the_page(server, outside):
    page = PageServer(server)
    with Session(page) as visitor, pytest.raises(ProtocolError, match="Open a photo first"):
        visitor.queued("edit-upload", "input", {"edit-upload": {"path": outside}})
    page.close()
