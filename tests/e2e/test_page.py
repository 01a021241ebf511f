"""The page answers: pick an image, submit it, read what the model sees."""

import subprocess
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.visitor import change_config, expect_answer, open_page, status, submit, submit_button, wait_until_shown
from tests.stack import Stack


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
def test_answers_for_a_sample(opened: Page, stack: Stack, page_errors: list[str], count: int) -> None:
    opened.get_by_label("Sample", exact=True).select_option(index=count - 1)
    wait_until_shown(opened)
    assert f"/samples/{count}.jpg" in opened.locator("#image").evaluate("(image) => image.currentSrc")

    response = submit(opened, stack)

    expect_answer(opened, count)
    assert response.json()["count"] == count
    expect(opened.locator("tr.chosen").get_by_role("rowheader")).to_have_text(str(count))
    assert page_errors == []


def test_shows_every_probability(opened: Page, stack: Stack) -> None:
    probabilities = submit(opened, stack).json()["probabilities"]

    rows = opened.get_by_role("table").locator("tbody tr")
    expect(rows).to_have_count(len(probabilities))
    assert rows.get_by_role("rowheader").all_text_contents() == list(probabilities)
    shares = [float(text.rstrip("%")) for text in rows.locator("td:last-child").all_text_contents()]
    assert shares == pytest.approx([100 * probability for probability in probabilities.values()], abs=0.051)


def test_bars_are_as_long_as_the_probabilities(opened: Page, stack: Stack) -> None:
    probabilities = submit(opened, stack).json()["probabilities"]
    expect(opened.get_by_role("table")).to_be_visible()
    opened.evaluate("document.getAnimations().forEach((animation) => animation.finish())")
    lengths = opened.locator("tbody .bar").evaluate_all(
        "bars => bars.map(bar => parseFloat(getComputedStyle(bar, '::before').width) / bar.clientWidth)"
    )
    assert lengths == pytest.approx(list(probabilities.values()), abs=0.02)


def test_shows_the_likely_ones_of_many_labels(opened: Page, stack: Stack) -> None:
    shares = {f"label {number}": number / 1000 for number in range(40)}
    body = {"label": "label 39", "probabilities": shares, "model": "m", "requestId": "r", "latencyMs": 1}
    headers = {"Access-Control-Allow-Origin": "*"}
    opened.route(stack.outputs["predictUrl"], lambda route: route.fulfill(json=body, headers=headers))
    submit_button(opened).click()
    rows = opened.get_by_role("table").locator("tbody tr")
    expect(rows).to_have_count(10)
    assert rows.get_by_role("rowheader").all_text_contents() == [f"label {number}" for number in range(30, 40)]


def test_says_how_long_it_took(opened: Page, stack: Stack) -> None:
    answer = submit(opened, stack).json()
    source = opened.locator("#source")
    expect(source).to_contain_text(f"{answer['model']} answered in ")
    expect(source).to_contain_text("of which the API took")


def test_shows_the_request_and_the_response_verbatim(opened: Page, stack: Stack) -> None:
    response = submit(opened, stack)
    request = response.request
    expect(opened.locator("#response")).not_to_be_empty()
    opened.get_by_text("Request and response").click()
    expect(opened.locator("#request")).to_be_visible()

    assert opened.locator("#request").text_content() == "\n".join(
        [
            f"POST {request.url}",
            f"Content-Type: {request.headers['content-type']}",
            f"Accept: {request.headers['accept']}",
            "",
            request.post_data or "",
        ]
    )
    head, _, body = (opened.locator("#response").text_content() or "").partition("\n\n")
    assert body == response.text()
    first, *headers = head.split("\n")
    assert first == f"{response.status} {response.status_text}".strip()
    assert f"content-type: {response.headers['content-type']}" in headers
    for header in headers:
        name, _, value = header.partition(": ")
        assert response.headers[name] == value


def test_offers_the_same_request_as_a_curl_command(opened: Page, stack: Stack) -> None:
    answer = submit(opened, stack).json()
    command = opened.locator("#curl").text_content() or ""
    done = subprocess.run(["sh", "-c", f"{command} --silent"], capture_output=True, text=True, check=True, timeout=40)
    assert f'"label": "{answer["label"]}"' in done.stdout


def test_curl_command_survives_quotes_in_an_address(opened: Page, stack: Stack) -> None:
    address = f"{stack.outputs['pageUrl']}/samples/2.jpg?it's=$(echo%20bad)"
    opened.get_by_label("Image address").fill(address)
    submit(opened, stack)
    expect_answer(opened, 2)
    command = opened.locator("#curl").text_content() or ""
    done = subprocess.run(["sh", "-c", f"{command} --silent"], capture_output=True, text=True, check=True, timeout=40)
    assert '"label": "2"' in done.stdout


@pytest.mark.parametrize("part", ["request", "response", "curl"])
def test_copies_what_it_shows(opened: Page, stack: Stack, context: BrowserContext, part: str) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    submit(opened, stack)
    expect(opened.locator("#response")).not_to_be_empty()
    opened.get_by_text("Request and response").click()
    button = opened.locator(f"#copy-{part}")
    button.click()
    expect(button).to_have_text("Copied")
    assert opened.evaluate("navigator.clipboard.readText()") == opened.locator(f"#{part}").text_content()
    expect(button).to_have_text("Copy", timeout=4_000)


def test_offers_nothing_to_copy_before_there_is_something(opened: Page, stack: Stack) -> None:
    opened.get_by_text("Request and response").click()
    copies = opened.get_by_role("button", name="Copy", exact=True)
    expect(copies).to_have_count(0)
    opened.route(stack.outputs["predictUrl"], lambda route: None)
    submit_button(opened).click()
    expect(copies).to_have_count(2)  # the request and the command; no response yet


def test_choosing_another_image_clears_the_answer(opened: Page, stack: Stack) -> None:
    submit(opened, stack)
    expect(opened.get_by_role("table")).to_be_visible()

    opened.get_by_label("Sample", exact=True).select_option(index=1)

    expect(status(opened)).to_have_text("Submit the image, and the answer appears here.")
    expect(opened.get_by_role("table")).to_be_hidden()
    expect(opened.locator("#request")).to_be_empty()
    expect(opened.locator("#response")).to_be_empty()


# --- This visit ------------------------------------------------------------------------------------------------------


def test_remembers_the_answers_of_this_visit_in_this_tab(opened: Page, stack: Stack, context: BrowserContext) -> None:
    for count in (1, 2):
        opened.get_by_label("Sample", exact=True).select_option(index=count - 1)
        submit(opened, stack)
        expect_answer(opened, count)
    entries = opened.locator("#entries li")

    opened.reload()  # it lives as long as the tab
    expect(entries).to_have_count(2)
    expect(entries.first).to_contain_text("there is 2 object(s)")
    assert "/samples/2.jpg" in (entries.first.locator("img").get_attribute("src") or "")
    expect(entries.first.locator("time")).not_to_be_empty()

    assert context.storage_state() == {"cookies": [], "origins": []}  # nothing that outlives the tab
    other_tab = open_page(context.new_page(), stack)
    expect(other_tab.locator("#history")).to_be_hidden()

    opened.get_by_role("button", name="Clear").click()
    expect(opened.locator("#history")).to_be_hidden()
    opened.reload()
    expect(opened.locator("#history")).to_be_hidden()


def test_history_keeps_a_small_picture_of_a_file(opened: Page, stack: Stack, photo: bytes) -> None:
    opened.locator("#file").set_input_files({"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": photo})
    submit(opened, stack)
    thumbnail = opened.locator("#entries img")
    expect(thumbnail).to_have_count(1)
    assert (thumbnail.get_attribute("src") or "").startswith("data:image/jpeg;base64,")
    opened.reload()
    opened.wait_for_function("() => document.querySelector('#entries img').naturalWidth === 96")


# --- Another classifier ----------------------------------------------------------------------------------------------


def test_another_classifier_needs_only_another_configuration(opened: Page, stack: Stack) -> None:
    samples = [{"label": "A first", "url": "samples/4.jpg"}, {"label": "A second", "url": "samples/5.jpg"}]
    change_config(opened, title="Cat or dog?", answerTemplate="It is {label}!", samples=samples, labels=["4", "cat"])
    expect(opened.get_by_role("heading", level=1)).to_have_text("Cat or dog?")
    expect(opened).to_have_title("Cat or dog?")
    assert opened.locator("#sample option").all_text_contents() == ["A first", "A second"]
    submit(opened, stack)
    expect(status(opened)).to_have_text("It is 4!")


@pytest.mark.parametrize(
    "changes",
    [
        {"apiUrl": None},
        {"samples": []},
        {"labels": "1,2"},
        {"imageSize": 0},
        {"translations": None},
    ],
    ids=str,
)
def test_says_when_its_configuration_cannot_be_used(opened: Page, changes: dict[str, Any]) -> None:
    change_config(opened, **changes)
    expect(status(opened)).to_contain_text("This page is not set up")
    expect(submit_button(opened)).to_be_disabled()


@pytest.mark.parametrize("context_options", [{"locale": "de-AT"}], ids=["de-AT"])
def test_says_so_in_the_pages_language(opened: Page) -> None:
    change_config(opened, labels="1,2")
    expect(status(opened)).to_contain_text("Die config.json der Seite ist kein JSON, oder ihr fehlt eine Einstellung")
    assert status(opened).locator("[lang]").count() == 0


def test_says_when_it_was_deployed_without_configuration(page: Page, stack: Stack) -> None:
    page.route("**/config.json", lambda route: route.fulfill(status=404))
    page.goto(stack.outputs["pageUrl"])

    expect(status(page)).to_contain_text("The server answered 404 when asked for the page's config.json.")
    expect(submit_button(page)).to_be_disabled()


def test_links_to_the_description_of_the_api(opened: Page, stack: Stack) -> None:
    with opened.expect_navigation():
        opened.get_by_role("link", name="API description (OpenAPI)").click()
    expect(opened).to_have_url(f"{stack.outputs['pageUrl']}/openapi.json")
