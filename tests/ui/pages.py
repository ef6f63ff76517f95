"""What the browser tests of the Edit tab do with a page again and again."""

import re
from urllib.parse import parse_qs, urlparse

from playwright.sync_api import Page, expect


def alt(page: Page):
    """The edited face, whose alternative text says what is set."""
    return page.locator("#facet-after img.after")


def picture(page: Page) -> str:
    return alt(page).get_attribute("src")


def slider(page: Page, name: str):
    return page.locator(f"#slider-{name} input[type=range]")


def wait_for_change(page: Page, before: str) -> str:
    page.wait_for_function("old => { const img = document.querySelector('#facet-after img.after');"
                           " return img && img.src !== old; }", arg=before)
    return picture(page)


def open_photo(page: Page, path: str) -> None:
    before = picture(page)
    page.locator("#edit-upload input[type=file]").set_input_files(path)
    wait_for_change(page, before)


def fill_kept(field, text: str) -> None:
    """Fill a field in an accordion that was just opened; again where its opening put the old value back."""
    for _ in range(20):
        field.fill(text)
        field.page.wait_for_timeout(100)
        if field.input_value() == text:
            return
    raise AssertionError(f"the field stays at {field.input_value()}")


def download(page: Page, name: str = "Download"):
    """The file behind the button of this name."""
    with page.expect_download() as waiting:
        page.get_by_role("button", name=name, exact=True).click()
    return waiting.value


def query(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlparse(page.url).query)


def rested(page: Page, text: str) -> None:
    """Wait until the receipt speaks of this."""
    expect(page.locator("#facet-receipt")).to_contain_text(text)


def rested_at(page: Page, **fields: str) -> None:
    """Wait until the address carries these fields of a recipe, which it does once a drag rests."""
    for name, value in fields.items():
        page.wait_for_function("([name, value]) => new URL(location).searchParams.get(name) === value",
                               arg=[name, value])


def toast(page: Page, text: str | re.Pattern) -> str:
    """Wait until a passing message says this, and return its text."""
    place = page.locator(".toast-wrap")
    expect(place).to_contain_text(text)
    return place.inner_text()
