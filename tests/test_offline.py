"""The app sends nothing anywhere: it does all its work with the network cut, and asks for nobody."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import skimage.data
from PIL import Image

from tests import offline
from tests.faces import tiny_bundle

ROOT = Path(__file__).parent.parent


def without_network() -> list[str]:
    """What to write before a command so that it has no network, where this system lets us."""
    cut = ["unshare", "--net", "--map-root-user"]
    if shutil.which(cut[0]) and subprocess.run([*cut, "true"], capture_output=True).returncode == 0:
        return cut
    return []  # what Python asks for is noted all the same


def test_it_works_without_a_network_and_asks_for_nobody(tmp_path):
    bundle, photo = tiny_bundle(tmp_path / "bundle"), tmp_path / "photo.png"
    Image.fromarray(skimage.data.astronaut()).save(photo)
    # Nothing that turns telemetry off for the tests: the app must do that itself. Nor a proxy.
    env = {name: value for name, value in os.environ.items()
           if not name.lower().endswith("_proxy") and not name.startswith(("GRADIO_", "HF_"))}
    command = [*without_network(), sys.executable, "-m", "tests.offline", bundle, photo]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600,
                           env={**env, "GRADIO_TEMP_DIR": str(tmp_path / "gradio")})
    assert ended.returncode == 0, ended.stderr[-2000:]
    told = json.loads(ended.stdout.splitlines()[-1])
    assert told["done"] == ["started", "opened", "dragged", "rested", "downloaded", "morphed"]
    assert told["asked"] == []


def test_who_is_asked_is_noted(monkeypatch):
    monkeypatch.setattr(offline, "ASKED", [])
    for event, given in [("socket.getaddrinfo", ("api.gradio.app", 443)), ("socket.connect", (None, ("192.0.2.1", 80))),
                         ("socket.getaddrinfo", ("127.0.0.1", 80)), ("socket.connect", (None, ("127.0.0.1", 80))),
                         ("socket.connect", (None, "/run/a.socket")), ("open", ("photo.png", "r", 0))]:
        offline.note(event, given)
    assert offline.ASKED == ["socket.getaddrinfo api.gradio.app", "socket.connect 192.0.2.1"]
