"""One server and one browser for all the page's tests; every test gets a fresh page."""

import os
import shutil

import numpy as np
import pytest

PATIENCE = 30_000  # milliseconds: the machine may be busy with a training; a test that holds takes a second or two
CHROMIUM_OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
                    "--disable-sync", "--no-first-run"]


@pytest.fixture(scope="session")
def editor():
    """A real FaceEditor on the cartoon model; faces are found where photo_of draws them."""
    import app.editor
    from tests.ui.fakes import CartoonBundle, find_drawn

    patch = pytest.MonkeyPatch()
    patch.setattr(app.editor, "find_faces", find_drawn)
    yield app.editor.FaceEditor(CartoonBundle())
    patch.undo()


@pytest.fixture(scope="session")
def server(editor, tmp_path_factory):
    """The page's address, launched as `serve` launches it."""
    patch = pytest.MonkeyPatch()
    patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("gradio")))
    from app.ui.demo import build_demo, launch_options

    demo = build_demo(editor)
    _, address, _ = demo.launch(server_name="127.0.0.1", server_port=None, prevent_thread_lock=True, quiet=True,
                                **launch_options())
    yield address
    demo.close()
    patch.undo()


@pytest.fixture(scope="session")
def chromium():
    """A headless Chromium; CHROMIUM names it."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE)
    program = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not program:
        pytest.skip("no Chromium to test the page with")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=CHROMIUM_OPTIONS)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium, server):
    """The page as a visitor with a wide window meets it. What it asks of other hosts fails the test."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce",
                                   accept_downloads=True, permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.elsewhere, page.faults = [], []
    page.on("request", lambda request: page.elsewhere.append(request.url)
            if not request.url.startswith((server, "data:", "blob:")) else None)
    page.on("pageerror", lambda error: page.faults.append(str(error)))
    page.goto(server)
    page.wait_for_selector("#facet-after img.after")
    yield page
    context.close()
    assert page.elsewhere == []
    assert page.faults == []


@pytest.fixture
def photo_file(tmp_path):
    """Writes a photo of n drawn faces and returns its path."""
    from tests.ui.fakes import photo_of

    def write(count: int, seed: int = 0) -> str:
        path = tmp_path / f"photo{count}-{seed}.png"
        photo_of(count, seed).save(path)
        return str(path)

    return write


@pytest.fixture
def noise_photo(tmp_path):
    """A picture without a face."""
    from PIL import Image

    path = tmp_path / "wall.png"
    Image.fromarray(np.full((200, 70, 3), 128, np.uint8)).save(path)
    return str(path)
