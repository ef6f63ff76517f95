"""`make bench`: how long one slider tick takes, from the event in the browser to the new picture in the page.

Starts the server in a process of its own with the bundle, opens the page in headless Chromium, gives it a face, and
moves one slider many times. Of each tick it takes the whole time, and within it the server's (the browser's request,
from its start to the last byte of the answer); the decoder's own time is measured beside it, while the server rests.
"""

import io
import os
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Page

from benchmarks.bundles import bundle_parser
from benchmarks.server import opened_page, running_server

TICKS, WARM_UP = 50, 5
TARGET_MS = 100.0  # issue: the median of one tick, on two cores
MEGAPIXELS_12 = (3000, 4000)  # a phone's photo, width x height
SLIDER, PREVIEW = "#slider-Smiling", ".stage img.after"  # in the page
PATIENCE_MS = 30_000
STEP = 0.05  # of the slider
PAUSE_MS = 150  # between two ticks, so that each is measured alone

# Moves the slider as a hand does (the range's `input` event), and waits until the preview shows another picture.
TICK = """async ({slider, preview, value, patience}) => {
    const range = document.querySelector(slider + " input[type=range]");
    const source = () => document.querySelector(preview)?.src;
    const before = source();
    performance.clearResourceTimings();
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(range, value);
    const start = performance.now();
    range.dispatchEvent(new Event("input", {bubbles: true}));
    await new Promise((resolve, reject) => {
        const observer = new MutationObserver(() => { if (source() && source() !== before) resolve(); });
        observer.observe(document.body, {subtree: true, childList: true, attributes: true});
        setTimeout(() => reject(new Error("the slider moved, but no new picture came")), patience);
    });
    await document.querySelector(preview).decode();
    const end = performance.now();
    const requests = performance.getEntriesByType("resource").filter(entry => entry.name.includes("/gradio_api/"));
    return {tick: end - start, server: Math.max(0, ...requests.map(entry => entry.responseEnd - entry.startTime))};
}"""


def main() -> None:
    """Print one table."""
    parser = bundle_parser("tick", __doc__)
    parser.add_argument("--photo", type=Path, help="a photo of a face; else a public-domain portrait at 12 megapixels")
    parser.add_argument("--ticks", type=int, default=TICKS)
    options = parser.parse_args()
    decoder = decoder_times(options.bundle, options.ticks)
    photo = options.photo.read_bytes() if options.photo else portrait()
    with running_server(options.bundle) as (address, ready), opened_page(address) as page:
        rows = {"drawn face": measure(page, options.ticks)}
        upload(page, photo)
        rows["photo"] = measure(page, options.ticks)
    print_table(rows, decoder, ready)


def decoder_times(bundle_path: str, count: int) -> list[float]:
    """Milliseconds of one decoded face, without anything around it."""
    from model.bundle import load_bundle

    bundle = load_bundle(bundle_path)
    times = []
    for z in bundle.sample(count + WARM_UP, seed=0):
        start = time.perf_counter()
        bundle.decode(z[None])
        times.append(1000 * (time.perf_counter() - start))
    return times[WARM_UP:]


def portrait() -> bytes:
    """A JPEG of 12 megapixels of a real face that belongs to everybody: NASA's portrait of Eileen Collins."""
    from skimage.data import astronaut

    width, height = MEGAPIXELS_12
    face = Image.fromarray(astronaut()).resize((width, width), Image.Resampling.BICUBIC)
    photo = Image.new("RGB", MEGAPIXELS_12, face.getpixel((0, 0)))
    photo.paste(face, (0, height - width))
    memory = io.BytesIO()
    photo.save(memory, "JPEG", quality=92)
    return memory.getvalue()


def upload(page: Page, photo: bytes) -> None:
    """Give the page a photo, and wait until its face is in the preview."""
    before = page.locator(PREVIEW).get_attribute("src")
    file = {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": photo}
    page.locator("input[type=file]").first.set_input_files(file)
    page.wait_for_function("([preview, before]) => (document.querySelector(preview)?.src ?? before) !== before",
                           arg=[PREVIEW, before], timeout=PATIENCE_MS)


def measure(page: Page, count: int) -> list[dict]:
    """`tick` and `server` in milliseconds of each of `count` moves, after some to warm up."""
    page.wait_for_selector(PREVIEW, timeout=PATIENCE_MS)
    page.wait_for_timeout(10 * PAUSE_MS)  # whatever the page still does after opening a face
    ticks = []
    for i in range(WARM_UP + count):
        value = str(round(STEP * (1 + i % 39) * (-1) ** i, 2))  # never the same position twice in a row
        what = {"slider": SLIDER, "preview": PREVIEW, "value": value, "patience": PATIENCE_MS}
        ticks.append(page.evaluate(TICK, what))
        page.wait_for_timeout(PAUSE_MS)
    return ticks[WARM_UP:]


def print_table(rows: dict[str, Sequence[dict]], decoder: Sequence[float], ready: float) -> None:
    """Medians and 95th percentiles in milliseconds, and who takes what part of a tick."""
    decoder_ms = statistics.median(decoder)
    print(f"server answers {ready:.1f} s after its start; one face decoded in {decoder_ms:.1f} ms (median), "
          f"{np.percentile(decoder, 95):.1f} ms (p95), {os.cpu_count()} cores\n")
    print("| one tick, ms | median | p95 | server, median | server, p95 | decoder's share | server's share | target |")
    print("|---|---|---|---|---|---|---|---|")
    for name, ticks in rows.items():
        whole, server = ([tick[key] for tick in ticks] for key in ("tick", "server"))
        median, server_median = statistics.median(whole), statistics.median(server)
        print(f"| {name} | {median:.0f} | {np.percentile(whole, 95):.0f} | {server_median:.0f} | "
              f"{np.percentile(server, 95):.0f} | {decoder_ms / median:.0%} | {server_median / median:.0%} | "
              f"{'under' if median < TARGET_MS else 'NOT under'} {TARGET_MS:.0f} |")


if __name__ == "__main__":
    main()
