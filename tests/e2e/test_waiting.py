"""Submit and wait: visible progress, a cancel that aborts, and a sentence for everything that can go wrong."""

import pytest
from playwright.sync_api import BrowserContext, Dialog, Page, Request, Route, expect

from tests.e2e.visitor import expect_answer, not_ready, status, submit, submit_button
from tests.outage import containers_stopped, endpoint_deleted, route_deleted
from tests.stack import Stack


def test_controls_are_disabled_while_waiting(opened: Page, stack: Stack) -> None:
    seen = []

    def look_then_continue(route: Route) -> None:
        seen.append(
            (
                submit_button(opened).is_disabled(),
                opened.get_by_label("Sample", exact=True).is_disabled(),
                opened.locator("#file").is_disabled(),
                opened.locator("#progress").is_visible(),
                opened.get_by_role("button", name="Cancel").is_visible(),
                status(opened).inner_text().startswith("Waiting for the answer"),
            )
        )
        route.continue_()

    opened.route(stack.outputs["predictUrl"], look_then_continue)
    submit(opened, stack)

    expect(submit_button(opened)).to_be_enabled()
    expect(opened.get_by_label("Sample", exact=True)).to_be_enabled()
    expect(opened.locator("#progress")).to_be_hidden()
    expect(opened.get_by_role("button", name="Cancel")).to_be_hidden()
    assert seen == [(True,) * 6]


def test_cancel_aborts_the_request(opened: Page, stack: Stack) -> None:
    with containers_stopped(stack):
        submit_button(opened).click()
        expect(opened.locator("#timer")).to_have_text("2 sec")  # the clock shows that the page is alive
        with opened.expect_event("requestfailed") as aborted:
            opened.get_by_role("button", name="Cancel").click()
        assert aborted.value.failure == "net::ERR_ABORTED"
        expect(status(opened)).to_have_text("Cancelled. Nothing is being sent any more.")
        expect(submit_button(opened)).to_be_enabled()
        expect(submit_button(opened)).to_be_focused()
    submit(opened, stack)
    expect_answer(opened, 1)


def test_warms_up_counts_down_and_retries_by_itself(opened: Page, stack: Stack) -> None:
    with endpoint_deleted(stack):
        assert submit(opened, stack).headers["retry-after"] == "30"
        expect(status(opened)).to_contain_text("The model is warming up")
        expect(opened.locator("#timer")).to_have_text("Next try in 29 sec (try 2 of 12)")
        expect(opened.locator("#timer")).to_have_text("Next try in 27 sec (try 2 of 12)")
        assert (opened.locator("#response").text_content() or "").startswith("503")
        expect(submit_button(opened)).to_be_disabled()
    expect_answer(opened, 1)  # nobody touched the page
    expect(submit_button(opened)).to_be_enabled()


def test_cancel_ends_the_countdown(opened: Page, stack: Stack) -> None:
    sent: list[Request] = []
    opened.on("request", lambda request: sent.append(request) if request.method == "POST" else None)
    opened.route(stack.outputs["predictUrl"], lambda route: route.fulfill(**not_ready("2")))
    submit(opened, stack)
    expect(status(opened)).to_contain_text("warming up")
    opened.get_by_role("button", name="Cancel").click()
    expect(status(opened)).to_have_text("Cancelled. Nothing is being sent any more.")
    opened.wait_for_timeout(3_000)
    assert len(sent) == 1


def test_retries_have_a_limit(opened: Page, stack: Stack) -> None:
    sent: list[Request] = []
    opened.on("request", lambda request: sent.append(request) if request.method == "POST" else None)
    opened.route(stack.outputs["predictUrl"], lambda route: route.fulfill(**not_ready("1")))
    submit_button(opened).click()
    expect(status(opened)).to_contain_text("The model is not ready yet", timeout=20_000)
    expect(status(opened)).to_contain_text("It warms up.")
    expect(status(opened)).to_contain_text("Submit again in a few minutes.")
    assert len(sent) == 12


def test_never_asks_again_at_once(opened: Page, stack: Stack) -> None:
    opened.route(stack.outputs["predictUrl"], lambda route: route.fulfill(**not_ready("0")))
    submit_button(opened).click()
    expect(opened.locator("#timer")).to_have_text("Next try in 1 sec (try 2 of 12)")


@pytest.mark.parametrize("retry_after", ["3600", "Wed, 21 Oct 2026 07:28:00 GMT"])
def test_does_not_keep_anybody_waiting_for_an_hour(opened: Page, stack: Stack, retry_after: str) -> None:
    opened.route(stack.outputs["predictUrl"], lambda route: route.fulfill(**not_ready(retry_after)))
    submit(opened, stack)
    expect(status(opened)).to_contain_text("The model is not ready yet")


def test_says_when_this_device_is_offline(opened: Page, context: BrowserContext) -> None:
    context.set_offline(True)
    submit_button(opened).click()
    expect(status(opened)).to_contain_text("You are offline")
    expect(status(opened)).to_contain_text("Connect to a network, then submit again.")
    context.set_offline(False)
    submit_button(opened).click()
    expect_answer(opened, 1)


def test_says_when_the_network_is_slow(opened: Page, context: BrowserContext) -> None:
    conditions = {"offline": False, "latency": 10_000, "downloadThroughput": -1, "uploadThroughput": -1}
    context.new_cdp_session(opened).send("Network.emulateNetworkConditions", conditions)
    submit_button(opened).click()
    expect(status(opened)).to_contain_text("The network is slow", timeout=9_500)
    expect_answer(opened, 1)


def test_says_when_the_model_takes_too_long(opened: Page, stack: Stack) -> None:
    with containers_stopped(stack):
        problem = submit(opened, stack).json()
    assert problem["status"] == 504
    expect(status(opened)).to_contain_text("The model took too long to answer")
    expect(status(opened)).to_contain_text(problem["detail"])


def test_says_when_no_answer_comes_at_all(opened: Page, stack: Stack) -> None:
    opened.evaluate(
        "() => { const real = AbortSignal.timeout; AbortSignal.timeout = (ms) => real.call(AbortSignal, ms / 50); }"
    )
    opened.route(stack.outputs["predictUrl"], lambda route: None)
    submit_button(opened).click()
    expect(status(opened)).to_contain_text("The API did not answer within 35 sec.")
    expect(submit_button(opened)).to_be_enabled()


def test_says_when_the_connection_fails(opened: Page, stack: Stack) -> None:
    opened.route(stack.outputs["predictUrl"], lambda route: route.abort("connectionrefused"))
    submit_button(opened).click()
    expect(status(opened)).to_contain_text("The API could not be reached")
    expect(status(opened)).to_contain_text("Check your network connection")
    expect(submit_button(opened)).to_be_enabled()


def test_says_when_the_api_is_gone(opened: Page, stack: Stack) -> None:
    with route_deleted(stack):
        submit_button(opened).click()
        expect(status(opened)).to_contain_text("The API could not be reached")
        expect(submit_button(opened)).to_be_enabled()


@pytest.mark.parametrize(
    ("code", "body", "words"),
    [
        (429, '{"message": "Too Many Requests"}', "Too many people are asking"),
        (500, "not JSON", "The API answered 500 without saying why."),
        (200, '{"label": 3}', "The answer cannot be read"),
        (200, "null", "The answer cannot be read"),
    ],
)
def test_explains_what_no_running_stack_answers(opened: Page, stack: Stack, code: int, body: str, words: str) -> None:
    headers = {"Access-Control-Allow-Origin": "*"}
    opened.route(stack.outputs["predictUrl"], lambda route: route.fulfill(status=code, headers=headers, body=body))
    submit(opened, stack)
    expect(status(opened)).to_contain_text(words)
    expect(submit_button(opened)).to_be_enabled()


def test_never_opens_an_alert_box(opened: Page, context: BrowserContext) -> None:
    dialogs: list[Dialog] = []
    opened.on("dialog", lambda dialog: dialogs.append(dialog))
    context.set_offline(True)
    submit_button(opened).click()
    expect(status(opened)).to_contain_text("You are offline")
    opened.locator("#file").set_input_files({"name": "a.txt", "mimeType": "text/plain", "buffer": b"text"})
    expect(status(opened)).to_contain_text("This file cannot be used")
    assert dialogs == []
