"""`python -m assets.page`: pictures of the page, on a screen and on a phone, with a face that the model drew."""

import argparse
import io
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

from benchmarks.server import opened_page, running_server

FOLDER = Path(__file__).parent
EDIT = "?seed=71&set=Smiling:1,Blond_Hair:0.7"  # what the page opens with
PICTURES = {  # name: width, height, colour scheme
    "page.webp": (1280, 900, "light"),
    "phone.webp": (390, 844, "dark"),
}
PATIENCE_MS = 120_000
QUALITY = 85


def main() -> None:
    """Write the pictures into this folder."""
    parser = argparse.ArgumentParser(prog="python -m assets.page", description=__doc__.split(": ")[1])
    parser.add_argument("--bundle", default="checkpoints/default", help="the model that draws")
    parser.add_argument("--out", type=Path, default=FOLDER, help="the folder to write into")
    options = parser.parse_args()
    with running_server(options.bundle) as (address, _), opened_page(address) as page:
        for name, (width, height, colours) in PICTURES.items():
            page.set_viewport_size({"width": width, "height": height})
            page.emulate_media(color_scheme=colours)
            picture = photograph(page, address)
            picture.save(options.out / name, quality=QUALITY)
            print(f"{(options.out / name).stat().st_size / 1000:8.0f} kB  {options.out / name}")


def photograph(page: Page, address: str) -> Image.Image:
    """The page with an edit, once its receipt is there, half of the face compared with before."""
    page.goto(address + EDIT)
    page.get_by_text("Asked for").wait_for(timeout=PATIENCE_MS)
    page.locator("#facet-split").fill("45")
    page.locator("#facet-split").blur()
    return Image.open(io.BytesIO(page.screenshot(animations="disabled"))).convert("RGB")


if __name__ == "__main__":
    main()
