"""What visitors of the page do."""

import json
import time
from typing import Any

from playwright.sync_api import Locator, Page, Request, Response, Route, expect

from tests.stack import Stack

LOADING_TIMEOUT_MS = 20_000.0  # a machine that runs the whole stack may be busy
ANSWER_TIMEOUT_MS = 35_000.0  # as long as the page itself waits
NOT_READY = json.dumps({"title": "Service Unavailable", "status": 503, "detail": "It warms up.", "requestId": "r"})


def open_page(page: Page, stack: Stack, query: str = "") -> Page:
    # Chromium drops what it is loading whenever the machine gets or loses an interface, as with every Docker container.
    dropped: list[str] = []
    page.on("requestfailed", lambda request: dropped.append(request.url) if _network_changed(request) else None)
    page.goto(f"{stack.outputs['pageUrl']}/{query}")
    if dropped:
        page.reload()
    expect(submit_button(page)).to_be_enabled(timeout=LOADING_TIMEOUT_MS)
    return page


def _network_changed(request: Request) -> bool:
    return "ERR_NETWORK_CHANGED" in (request.failure or "")


def submit_button(page: Page) -> Locator:
    return page.locator("#submit")


def status(page: Page) -> Locator:
    """The live region, which a screen reader reads out whenever it changes."""
    return page.get_by_role("status")


def submit(page: Page, stack: Stack) -> Response:
    """Press the button and return the API's response to it."""
    with page.expect_response(
        lambda response: response.url == stack.outputs["predictUrl"] and response.request.method == "POST",
        timeout=ANSWER_TIMEOUT_MS,
    ) as response:
        submit_button(page).click()
    return response.value


def expect_answer(page: Page, count: int) -> None:
    expect(status(page)).to_have_text(
        f"Most likely answer: there is {count} object(s) in the bin", timeout=ANSWER_TIMEOUT_MS
    )


def change_config(page: Page, **changes: object) -> None:
    """Load the page again with other values in its config.json."""
    config = page.evaluate("fetch('config.json').then((response) => response.json())")
    page.route("**/config.json", lambda route: route.fulfill(json=config | changes))
    page.reload()


def wait_until_shown(page: Page) -> None:
    """Wait until the chosen image is displayed."""
    page.wait_for_function(
        "() => document.querySelector('#image').complete && document.querySelector('#image').naturalWidth"
    )


class Held:
    """Requests that the server does not answer yet."""

    def __init__(self, page: Page, pattern: str) -> None:
        self._page = page
        self._routes: list[Route] | None = []
        page.route(pattern, self._handle)

    def _handle(self, route: Route) -> None:
        if self._routes is None:
            route.continue_()
        else:
            self._routes.append(route)

    def release(self) -> None:
        """Let the server answer from now on, once something was held."""
        give_up_at = time.monotonic() + LOADING_TIMEOUT_MS / 1000
        while not self._routes:
            assert time.monotonic() < give_up_at, "the page asked for nothing"
            self._page.wait_for_timeout(20)  # the browser tells of a request after the page began to wait for it
        held, self._routes = self._routes, None
        for route in held:
            route.continue_()


def not_ready(retry_after: str) -> dict[str, Any]:
    """A 503 for ``route.fulfill``."""
    headers = {
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Expose-Headers": "Retry-After",
        "Content-Type": "application/problem+json",
        "Retry-After": retry_after,
    }
    return {"status": 503, "headers": headers, "body": NOT_READY}
