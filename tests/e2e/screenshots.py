"""Takes the pictures in docs/screenshots from a real browser on a real local stack: ``make screenshots``."""

import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from harness.project import PROJECT
from tests.e2e.browser import launch
from tests.embedded_stack import harness, start_stack
from tests.stack import Stack

PICTURES = PROJECT / "docs/screenshots"
DESKTOP = {"viewport": {"width": 1280, "height": 860}}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}


def opened(browser: Browser, stack: Stack, **options: object) -> Page:
    page = browser.new_context(**options).new_page()  # type: ignore[arg-type]
    page.goto(stack.outputs["pageUrl"])
    expect(page.locator("#submit")).to_be_enabled()
    return page


def ask(page: Page, number: int, state: str = "answer") -> None:
    page.locator("#sample").select_option(index=number - 1)
    page.locator("#submit").click()
    expect(page.locator("#answer")).to_have_attribute("data-state", state, timeout=40_000)


def save(page: Page, name: str) -> None:
    page.wait_for_function("() => [...document.images].every((image) => image.complete)")
    page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    page.mouse.move(0, 0)
    # As high as the page: a full-page picture of a phone would be taken without its touch screen.
    width, height = page.evaluate("[innerWidth, document.documentElement.scrollHeight]")
    page.set_viewport_size({"width": width, "height": height})
    page.screenshot(path=PICTURES / f"{name}.png", animations="disabled")
    page.context.close()
    print(f"docs/screenshots/{name}.png")


def take_pictures(browser: Browser, stack: Stack) -> None:
    light = opened(browser, stack, **DESKTOP)
    for number in (1, 4, 3):
        ask(light, number)
    save(light, "light")

    dark = opened(browser, stack, **DESKTOP, color_scheme="dark", locale="de-DE")
    ask(dark, 5)
    save(dark, "dark-german")

    phone = opened(browser, stack, **PHONE)
    ask(phone, 2)
    save(phone, "phone")

    error = opened(browser, stack, **DESKTOP)
    error.locator("#address").fill(f"{stack.outputs['pageUrl']}/no-such-image.jpg")
    error.locator("#submit").click()
    expect(error.locator("#answer")).to_have_attribute("data-state", "failure")
    save(error, "error")

    stack.aws["sagemaker"].delete_endpoint(EndpointName=stack.outputs["endpointName"])
    warming_up = opened(browser, stack, **DESKTOP)
    ask(warming_up, 3, state="warming")
    warming_up.wait_for_timeout(9_000)  # so that the bar shows how far it is
    save(warming_up, "warming-up")


def main() -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as directory, sync_playwright() as playwright:
        stack = start_stack(Path(directory))
        try:
            browser = launch(playwright)
            take_pictures(browser, stack)
            browser.close()
        finally:
            harness("down", directory=Path(directory))


if __name__ == "__main__":
    main()
