"""The page's server as a browser speaks to it: Gradio's own HTTP protocol, without a browser.

An event past the queue is one POST to run/predict; a queued one a POST to queue/join, and its messages come over
queue/data; an open heartbeat tells the server that the visitor is still there.
"""

import json
import secrets
from collections.abc import Iterator

import httpx

from app.slots import TOO_MANY

SECONDS_TO_ANSWER = 120.0  # a visitor who waits longer has left; the server itself gives up on a slot after 30 s


class ProtocolError(RuntimeError):
    """The server refused or failed; the message is what a visitor would be told."""


class RefusedError(ProtocolError):
    """The server has too many visitors at once, and says so."""


class PageServer:
    """What all visitors of one server share: its address, its connections, and which component is which.

    Raises httpx.HTTPError where nothing answers.
    """

    def __init__(self, address: str):
        self.api = f"{address.rstrip('/')}/gradio_api"
        # trust_env: never through a proxy, for the server is on this machine.
        self.http = httpx.Client(timeout=SECONDS_TO_ANSWER, trust_env=False, limits=httpx.Limits(max_connections=None))
        config = self.http.get(f"{address.rstrip('/')}/config").raise_for_status().json()
        self._ids = {component["props"].get("elem_id"): component["id"] for component in config["components"]}
        self._values = {component["id"]: component["props"].get("value") for component in config["components"]
                        if component["type"] != "state"}  # the server keeps those
        self._dependencies = config["dependencies"]

    def close(self) -> None:
        self.http.close()

    def find(self, elem_id: str, event: str) -> tuple[int, dict]:
        """The id of a component and the dependency that its event triggers; ValueError if there is none."""
        component = self._ids.get(elem_id)
        for dependency in self._dependencies:
            if dependency["backend_fn"] and [component, event] in dependency["targets"]:
                return component, dependency
        raise ValueError(f"the page has no handler of {elem_id}.{event}")

    def inputs(self, dependency: dict, values: dict[str, object]) -> list:
        """What the browser would send: the page's first values, with some changed (elem_id -> value)."""
        changed = {self._ids[elem_id]: value for elem_id, value in values.items()}
        return [changed.get(one, self._values.get(one)) for one in dependency["inputs"]]


class Session:
    """One visitor. Not for two threads at once."""

    def __init__(self, server: PageServer):
        self.server = server
        self.hash = secrets.token_hex(8)
        self._heartbeat = None

    def __enter__(self) -> "Session":
        request = self.server.http.build_request("GET", f"{self.server.api}/heartbeat/{self.hash}")
        self._heartbeat = self.server.http.send(request, stream=True)
        return self

    def __exit__(self, *exception) -> None:
        self._heartbeat.close()

    def at_once(self, elem_id: str, event: str, values: dict[str, object]) -> list:
        """The outputs of an event past the queue."""
        body = self._body(elem_id, event, values, None)
        response = self.server.http.post(f"{self.server.api}/run/predict", json=body)
        if response.status_code != httpx.codes.OK:
            raise ProtocolError(_detail(response))
        return response.json()["data"]

    def join(self, elem_id: str, event: str, values: dict[str, object], sent: object = None) -> dict:
        """Put an event into the queue; what `messages` and `cancel` need. `sent`: what the event itself carries."""
        body = self._body(elem_id, event, values, None if sent is None else {"value": sent})
        response = self.server.http.post(f"{self.server.api}/queue/join", json=body)
        if response.status_code == httpx.codes.SERVICE_UNAVAILABLE:  # the queue is full
            raise RefusedError(_detail(response))
        if response.status_code != httpx.codes.OK:
            raise ProtocolError(_detail(response))
        return {"session_hash": self.hash, "fn_index": body["fn_index"], "event_id": response.json()["event_id"]}

    def messages(self) -> Iterator[dict]:
        """What the server says of this session's queued events, until they are done."""
        address = f"{self.server.api}/queue/data"
        with self.server.http.stream("GET", address, params={"session_hash": self.hash}) as response:
            for line in response.iter_lines():
                if line.startswith("data:"):
                    yield json.loads(line.removeprefix("data:"))

    def cancel(self, joined: dict) -> None:
        """Take a queued event back, as the page's Cancel does."""
        self.server.http.post(f"{self.server.api}/cancel", json=joined).raise_for_status()

    def queued(self, elem_id: str, event: str, values: dict[str, object], sent: object = None) -> int | None:
        """Run a queued event to its end; the place in the queue that it was told at first.

        Raises ProtocolError for a failure, and for the passing message that the page shows in place of one; of these,
        RefusedError where there are too many visitors.
        """
        joined, place = self.join(elem_id, event, values, sent), None
        for message in self.messages():
            if message["msg"] == "estimation" and place is None:
                place = message["rank"]
            elif message["msg"] == "log":
                raise (RefusedError if message["log"] == TOO_MANY else ProtocolError)(message["log"])
            elif message["msg"] == "unexpected_error":
                raise ProtocolError(message["message"])
            elif message["msg"] == "process_completed" and message["event_id"] == joined["event_id"]:
                if not message["success"]:
                    raise ProtocolError(str(message["output"].get("error") or "the event failed"))
                return place
        raise ProtocolError("the server ended its messages before the event was done")

    def _body(self, elem_id: str, event: str, values: dict[str, object], event_data: dict | None) -> dict:
        trigger, dependency = self.server.find(elem_id, event)
        return {"data": self.server.inputs(dependency, values), "event_data": event_data,
                "fn_index": dependency["id"], "trigger_id": trigger, "session_hash": self.hash}


def _detail(response: httpx.Response) -> str:
    try:
        answer = response.json()
    except ValueError:
        return f"status {response.status_code}"
    return str(answer.get("detail") or answer.get("error") or f"status {response.status_code}")
