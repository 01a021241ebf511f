"""How the page loads: what is painted before what, and how much travels."""

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.visitor import Held, status, submit, submit_button
from tests.stack import Stack

LARGEST_TRANSFER_BYTES = 40_000
FIRST_PAINT = "() => performance.getEntriesByName('first-contentful-paint').length > 0"


def open_and_see_it_painted(page: Page, stack: Stack) -> None:
    page.goto(stack.outputs["pageUrl"], wait_until="commit")
    page.wait_for_function(FIRST_PAINT)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_text("Submit the image, and the answer appears here.")).to_be_visible()
    expect(submit_button(page)).to_be_disabled()


def test_the_first_paint_does_not_wait_for_the_configuration(page: Page, stack: Stack) -> None:
    configuration = Held(page, "**/config.json")
    open_and_see_it_painted(page, stack)
    configuration.release()
    assert submit(page, stack).status == 200


def test_works_when_its_modules_load_late(page: Page, stack: Stack) -> None:
    modules = Held(page, "**/*.js")
    open_and_see_it_painted(page, stack)
    modules.release()
    assert submit(page, stack).status == 200


@pytest.mark.parametrize("missing", ["app.js", "texts.js"])
@pytest.mark.parametrize("context_options", [{}, {"reduced_motion": "reduce"}], ids=["any motion", "reduced motion"])
def test_says_that_it_is_not_ready_when_a_module_does_not_load(page: Page, stack: Stack, missing: str) -> None:
    page.route(f"**/{missing}", lambda route: route.abort())
    page.goto(stack.outputs["pageUrl"])
    late = status(page).get_by_text("The page is not ready yet.")
    expect(late).to_be_hidden()
    expect(late).to_be_visible(timeout=12_000)
    expect(late).to_contain_text("Die Seite ist noch nicht bereit.")


def test_does_not_say_so_when_it_is_ready(opened: Page) -> None:
    expect(status(opened)).to_have_text("Submit the image, and the answer appears here.")
    expect(opened.locator("#late")).to_have_count(0)


def test_says_when_this_device_is_offline(page: Page, stack: Stack, context: BrowserContext) -> None:
    configuration = Held(page, "**/config.json")
    page.goto(stack.outputs["pageUrl"], wait_until="domcontentloaded")
    context.set_offline(True)
    configuration.release()
    expect(status(page)).to_contain_text("You are offline")
    expect(status(page)).to_contain_text("Connect to a network, then reload the page.")


@pytest.mark.parametrize("context_options", [{"locale": "de-AT"}], ids=["de-AT"])
def test_says_in_the_pages_language_when_its_configuration_does_not_arrive(page: Page, stack: Stack) -> None:
    page.route("**/config.json", lambda route: route.abort("connectionreset"))
    page.goto(stack.outputs["pageUrl"])
    expect(status(page)).to_contain_text("Ihre config.json kam nicht an.")
    expect(status(page)).to_contain_text("laden Sie die Seite neu")


def test_does_not_wait_for_its_configuration_for_ever(page: Page, stack: Stack) -> None:
    page.add_init_script(
        "const real = AbortSignal.timeout; AbortSignal.timeout = (ms) => real.call(AbortSignal, ms / 50)"
    )
    page.route("**/config.json", lambda route: None)
    page.goto(stack.outputs["pageUrl"], wait_until="commit")
    expect(status(page)).to_contain_text("This page could not be loaded")
    expect(status(page)).to_contain_text("Check your network connection, and reload the page.")


@pytest.mark.parametrize("context_options", [{"java_script_enabled": False}], ids=["no JavaScript"])
def test_says_that_it_needs_javascript_and_nothing_else(page: Page, stack: Stack) -> None:
    page.goto(stack.outputs["pageUrl"])
    expect(page.locator("noscript p")).to_be_visible()
    expect(page.locator("#late")).to_have_css("display", "none")


def test_nothing_moves_while_it_loads(page: Page, stack: Stack) -> None:
    page.add_init_script(
        """window.shift = 0;
        new PerformanceObserver((list) => list.getEntries().forEach(({ value }) => { shift += value; }))
          .observe({ type: "layout-shift", buffered: true });"""
    )
    page.goto(stack.outputs["pageUrl"], wait_until="networkidle")
    expect(submit_button(page)).to_be_enabled()
    assert page.evaluate("shift") < 0.02  # the title of the configuration may break its line elsewhere


def test_weighs_little(page: Page, stack: Stack, context: BrowserContext) -> None:
    """Encoded bytes of all responses, headers included, as Chromium's network stack counts them."""
    received: dict[str, int] = {}
    urls: dict[str, str] = {}
    devtools = context.new_cdp_session(page)
    devtools.send("Network.enable")
    devtools.on("Network.responseReceived", lambda event: urls.update({event["requestId"]: event["response"]["url"]}))
    devtools.on(
        "Network.loadingFinished", lambda event: received.update({event["requestId"]: event["encodedDataLength"]})
    )
    page.goto(stack.outputs["pageUrl"], wait_until="networkidle")
    expect(submit_button(page)).to_be_enabled()

    # Chromium loads the icon for its window, if it has one, and the headless shell loads it like the rest.
    apart = re.compile("/samples/|/favicon.svg$")
    weights = {urls[request]: size for request, size in received.items() if not apart.search(urls[request])}
    assert any(url.endswith("/texts.js") for url in weights)
    assert sum(weights.values()) < LARGEST_TRANSFER_BYTES, weights
