"""The page in a real browser, against the deployed stack."""

import json
from typing import Any, Protocol

import pytest
from playwright.sync_api import Page, Response, Route, expect

ANSWER_TIMEOUT_MS = 35_000.0  # as long as the page itself waits


class Stack(Protocol):
    """A deployed stack, as the `stack` fixture provides it."""

    outputs: dict[str, Any]


@pytest.fixture
def opened(page: Page, stack: Stack) -> Page:
    """The page, ready to use."""
    page.goto(stack.outputs["pageUrl"])
    expect(page.get_by_role("button", name="Submit")).to_be_enabled()
    return page


def submit(page: Page, stack: Stack) -> Response:
    """Press the button and return the API's response to it."""
    with page.expect_response(
        lambda response: response.url == stack.outputs["predictUrl"] and response.request.method == "POST",
        timeout=ANSWER_TIMEOUT_MS,
    ) as response:
        page.get_by_role("button", name="Submit").click()
    return response.value


def change_config(page: Page, **changes: object) -> None:
    """Load the page again with other values in its config.json."""
    config = page.evaluate("fetch('config.json').then((response) => response.json())")
    page.route("**/config.json", lambda route: route.fulfill(json=config | changes))
    page.reload()


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
def test_answers_for_a_sample(opened: Page, stack: Stack, page_errors: list[str], count: int) -> None:
    opened.get_by_label("Sample").select_option(index=count - 1)
    opened.wait_for_function("document.querySelector('#image').complete")
    image = opened.locator("#image")
    assert image.evaluate("(image) => image.naturalWidth") > 0
    assert f"/samples/{count}.jpg" in image.evaluate("(image) => image.currentSrc")

    response = submit(opened, stack)

    expect(opened.get_by_role("status")).to_have_text(f"Most likely answer: there is {count} object(s) in the bin")
    assert response.json()["count"] == count
    expect(opened.locator("tr.chosen").get_by_role("rowheader")).to_have_text(str(count))
    assert page_errors == []


def test_shows_the_request_and_the_response_verbatim(opened: Page, stack: Stack) -> None:
    response = submit(opened, stack)
    request = response.request

    expect(opened.locator("#response")).not_to_be_empty()
    assert opened.locator("#request").text_content() == "\n".join(
        [
            f"POST {request.url}",
            f"Content-Type: {request.headers['content-type']}",
            f"Accept: {request.headers['accept']}",
            "",
            request.post_data or "",
        ]
    )
    assert opened.locator("#response").text_content() == "\n".join(
        [
            f"{response.status} {response.status_text}".strip(),
            f"Content-Type: {response.headers['content-type']}",
            "",
            response.text(),
        ]
    )


def test_shows_every_probability(opened: Page, stack: Stack) -> None:
    probabilities = submit(opened, stack).json()["probabilities"]

    rows = opened.get_by_role("table").locator("tbody tr")
    expect(rows).to_have_count(len(probabilities))
    assert rows.get_by_role("rowheader").all_text_contents() == list(probabilities)
    shares = [float(text.rstrip("%")) for text in rows.locator("td:last-child").all_text_contents()]
    assert shares == pytest.approx([100 * probability for probability in probabilities.values()], abs=0.051)


def test_controls_are_disabled_while_waiting(opened: Page, stack: Stack) -> None:
    seen = []

    def look_then_continue(route: Route) -> None:
        seen.append(
            (
                opened.get_by_role("button", name="Submit").is_disabled(),
                opened.get_by_label("Sample").is_disabled(),
                opened.get_by_role("status").inner_text().startswith("Waiting for the answer"),
            )
        )
        route.continue_()

    opened.route(stack.outputs["predictUrl"], look_then_continue)
    submit(opened, stack)

    expect(opened.get_by_role("button", name="Submit")).to_be_enabled()
    expect(opened.get_by_label("Sample")).to_be_enabled()
    assert seen == [(True, True, True)]


def test_choosing_another_image_clears_the_answer(opened: Page, stack: Stack) -> None:
    submit(opened, stack)
    expect(opened.get_by_role("table")).to_be_visible()

    opened.get_by_label("Sample").select_option(index=1)

    expect(opened.get_by_role("status")).to_have_text("Submit an image, and the answer appears here.")
    expect(opened.get_by_role("table")).to_be_hidden()
    expect(opened.locator("#request")).to_be_empty()
    expect(opened.locator("#response")).to_be_empty()


def test_works_with_the_keyboard_alone(opened: Page) -> None:
    opened.keyboard.press("Tab")
    expect(opened.get_by_label("Sample")).to_be_focused()
    opened.keyboard.type("3")  # a select jumps to the option that starts with what is typed
    opened.keyboard.press("Tab")
    expect(opened.get_by_role("button", name="Submit")).to_be_focused()
    opened.keyboard.press("Enter")

    expect(opened.get_by_role("status")).to_contain_text("there is 3 object(s)", timeout=ANSWER_TIMEOUT_MS)
    expect(opened.get_by_role("button", name="Submit")).to_be_focused()


def test_shows_what_the_api_says_about_an_error(opened: Page, stack: Stack) -> None:
    change_config(opened, samples=[{"label": "Missing", "url": "samples/missing.jpg"}])
    expect(opened.get_by_text("This image could not be displayed.")).to_be_visible()

    problem = submit(opened, stack).json()

    assert problem["status"] == 422
    status = opened.get_by_role("status")
    expect(status).to_contain_text("This image could not be read")
    expect(status).to_contain_text(problem["detail"])
    expect(status).to_contain_text("Choose another image.")
    expect(opened.get_by_text(f"Request ID: {problem['requestId']}")).to_be_visible()
    expect(opened.get_by_role("button", name="Submit")).to_be_enabled()


@pytest.mark.parametrize(
    "detail", ["The endpoint is being created.", "The endpoint is being created. Try again in 7 seconds."]
)
def test_says_once_when_to_try_again(opened: Page, stack: Stack, detail: str) -> None:
    headers = {
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Expose-Headers": "Retry-After",
        "Content-Type": "application/problem+json",
        "Retry-After": "7",
    }
    body = json.dumps({"title": "Service Unavailable", "status": 503, "detail": detail, "requestId": "r"})
    opened.route(stack.outputs["predictUrl"], lambda route: route.fulfill(status=503, headers=headers, body=body))

    submit(opened, stack)

    status = opened.get_by_role("status")
    expect(status).to_contain_text("The model is warming up or busy")
    expect(status).to_contain_text(detail)
    assert status.inner_text().count("Try again in 7 seconds.") == 1


def test_says_when_the_api_cannot_be_reached(opened: Page, stack: Stack) -> None:
    opened.route(stack.outputs["predictUrl"], lambda route: route.abort("connectionrefused"))

    opened.get_by_role("button", name="Submit").click()

    expect(opened.get_by_role("status")).to_contain_text("The API could not be reached")
    expect(opened.get_by_role("button", name="Submit")).to_be_enabled()


def test_says_when_it_was_deployed_without_configuration(page: Page, stack: Stack) -> None:
    page.route("**/config.json", lambda route: route.fulfill(status=404))
    page.goto(stack.outputs["pageUrl"])

    expect(page.get_by_role("status")).to_contain_text("The server answered 404 when asked for the page's config.json.")
    expect(page.get_by_role("button", name="Submit")).to_be_disabled()


def test_shows_markup_in_the_configuration_as_text(opened: Page, page_errors: list[str]) -> None:
    markup = '<img src="x" onerror="alert(1)">'
    samples = opened.evaluate("fetch('config.json').then((response) => response.json())")["samples"]
    change_config(opened, title=markup, answerTemplate=f"{markup} {{label}}", samples=samples)

    expect(opened.get_by_role("heading", level=1)).to_have_text(markup)
    opened.get_by_role("button", name="Submit").click()
    expect(opened.get_by_role("status")).to_have_text(f"{markup} 1", timeout=ANSWER_TIMEOUT_MS)
    assert page_errors == []


def test_talks_to_its_own_origin_and_the_api_only(page: Page, stack: Stack) -> None:
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    page.goto(stack.outputs["pageUrl"])
    expect(page.get_by_role("button", name="Submit")).to_be_enabled()
    submit(page, stack)

    others = [url for url in requested if not url.startswith(stack.outputs["pageUrl"].rstrip("/") + "/")]
    assert set(others) == {stack.outputs["predictUrl"]}


@pytest.mark.parametrize("width", [320, 768, 1920])
def test_fits_the_width_of_the_screen(opened: Page, stack: Stack, width: int) -> None:
    opened.set_viewport_size({"width": width, "height": 800})
    submit(opened, stack)
    expect(opened.get_by_role("table")).to_be_visible()

    assert opened.evaluate("document.documentElement.scrollWidth") <= width
