"""The page, opened in a real browser. Whatever a test does, it must not break the page's security policy."""

import io
from collections.abc import Iterator

import pytest
from PIL import ExifTags, Image
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.e2e.browser import launch
from tests.e2e.visitor import open_page
from tests.stack import Stack


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture
def context_options() -> dict[str, object]:
    """What differs from a desktop in English; tests override it by parametrizing."""
    return {}


@pytest.fixture
def context(browser: Browser, context_options: dict[str, object]) -> Iterator[BrowserContext]:
    """A fresh profile."""
    with browser.new_context(**context_options) as context:  # type: ignore[arg-type]
        yield context


@pytest.fixture
def page_errors() -> list[str]:
    """What the page wrote to the console as an error."""
    return []


@pytest.fixture
def page(context: BrowserContext, page_errors: list[str]) -> Iterator[Page]:
    """An empty tab."""
    broken: list[str] = []
    page = context.new_page()
    page.on("console", lambda message: page_errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: broken.append(str(error)))
    yield page
    violations = [error for error in page_errors if "Content Security Policy" in error or "Trusted" in error]
    assert violations + broken == []


@pytest.fixture
def opened(page: Page, stack: Stack) -> Page:
    """The page, ready to use."""
    return open_page(page, stack)


@pytest.fixture(scope="session")
def photo() -> bytes:
    """A photo as phones take it: large, lying on its side, with an EXIF orientation that puts it upright.

    Upright, it is 2000 pixels wide and 3000 high, red above and blue below.
    """
    upright = Image.new("RGB", (2000, 3000), "red")
    upright.paste("blue", (0, 1500, 2000, 3000))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6  # to be turned by 90 degrees clockwise
    file = io.BytesIO()
    upright.transpose(Image.Transpose.ROTATE_90).save(file, "JPEG", exif=exif, quality=95)
    return file.getvalue()
