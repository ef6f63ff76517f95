"""The app from its start to a finished morph, in a process that notes whom it asks: run by tests/test_offline.py.

`python -m tests.offline BUNDLE PHOTO` prints a line of JSON: what was done, and every address outside this machine that
Python's own sockets were asked for. Where the test could take the network away, nothing else is there to be asked.
"""

import contextlib
import fcntl
import json
import socket
import struct
import sys

HERE = ("127.0.0.1", "localhost", "::1", "0.0.0.0", "", None, b"localhost", b"127.0.0.1")  # noqa: S104 names, not bound to
ASKED: list[str] = []
SIOCSIFFLAGS, IFF_UP = 0x8914, 1


def note(event: str, given: tuple) -> None:
    """An audit hook: whatever is asked by name or address."""
    if event in ("socket.connect", "socket.sendto") and isinstance(given[1], tuple) and given[1][0] not in HERE:
        ASKED.append(f"{event} {given[1][0]}")
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr") and given[0] not in HERE:
        ASKED.append(f"{event} {given[0]}")


def bring_loopback_up() -> None:
    """A process without a network has no 127.0.0.1 either, until it is told to."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        fcntl.ioctl(probe, SIOCSIFFLAGS, struct.pack("16sh", b"lo", IFF_UP))


def use(bundle: str, photo: str) -> list[str]:
    """Everything that a visitor does; the names of what was done."""
    import httpx

    from app.editor import FaceEditor
    from app.recipe import Recipe
    from app.ui.demo import build_demo, launch_options
    from app.ui.sliders import AttributeSliders
    from benchmarks.protocol import PageServer, Session
    from benchmarks.visitors import PANEL

    demo = build_demo(FaceEditor.load(bundle))
    _, address, _ = demo.launch(server_name="127.0.0.1", prevent_thread_lock=True, quiet=True, **launch_options())
    page, done = PageServer(address), ["started"]
    assert httpx.get(address, trust_env=False).is_success
    with open(photo, "rb") as file:
        (path,) = page.http.post(f"{page.api}/upload", files={"files": file}).raise_for_status().json()
    panel = {PANEL: AttributeSliders.write(Recipe(set={"Smiling": 1.0}))}
    with Session(page) as visitor:
        visitor.queued("edit-upload", "input", {"edit-upload": {"path": path, "meta": {"_type": "gradio.FileData"}}})
        assert "<img" in visitor.at_once(PANEL, "input", panel)[0]
        visitor.at_once("facet-rest", "click", panel)
        visitor.queued("facet-download", "click", panel)
        visitor.queued("morph-run", "click", {"morph-frames": 4})
    page.close()
    demo.close()
    return [*done, "opened", "dragged", "rested", "downloaded", "morphed"]


if __name__ == "__main__":
    bring_loopback_up()
    sys.addaudithook(note)
    print(json.dumps({"done": use(*sys.argv[1:]), "asked": ASKED}))
