"""What a bench of the page needs: the server in a process of its own, and the page in headless Chromium."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parent.parent
START_SECONDS = 300.0  # a cold disk on a machine that trains a model besides; usually it takes some seconds
CHROMIUM_OPTIONS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
                    "--disable-sync", "--no-first-run")


@contextmanager
def running_server(bundle: str) -> Iterator[tuple[str, float]]:
    """The server on a free port: its address, and the seconds from its start to its first answer."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "app", "--bundle", bundle, "--host", "127.0.0.1", "--port", str(port)]
    start = time.monotonic()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        while not answers(address):
            if process.poll() is not None:
                sys.exit(f"The server ended with status {process.returncode} before it answered.")
            if time.monotonic() - start > START_SECONDS:
                sys.exit(f"The server did not answer within {START_SECONDS:.0f} seconds.")
            time.sleep(0.05)
        yield address, time.monotonic() - start
    finally:
        process.terminate()
        process.wait()


def answers(address: str) -> bool:
    """Whether a server sends its page."""
    try:
        with urllib.request.urlopen(address, timeout=5) as response:
            return response.status == 200
    except OSError:
        return False


@contextmanager
def opened_page(address: str) -> Iterator[Page]:
    """The page in headless Chromium, the one that CHROMIUM names or Debian's."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ.get("CHROMIUM") or "/usr/bin/chromium",
                                             args=list(CHROMIUM_OPTIONS))
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(address)
        yield page
        browser.close()
