"""The page for everybody: axe-core, keyboard, screen reader, sizes, directions, languages, colour schemes, motion."""

import re
from collections.abc import Callable
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect

from tests.e2e.visitor import (
    ANSWER_TIMEOUT_MS,
    change_config,
    expect_answer,
    not_ready,
    open_page,
    status,
    submit,
    submit_button,
    wait_until_shown,
)
from tests.stack import Stack

DESKTOP: dict[str, object] = {"viewport": {"width": 1280, "height": 900}}
PHONE: dict[str, object] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
GERMAN: dict[str, object] = {"locale": "de-AT"}

State = Callable[[Page, Stack], None]


def idle(page: Page, stack: Stack) -> None:
    wait_until_shown(page)


def own_file(page: Page, stack: Stack) -> None:
    page.locator("#file").set_input_files({"name": "own.png", "mimeType": "image/png", "buffer": page.screenshot()})
    expect(page.locator("#image")).to_have_attribute("alt", "own.png")


def broken_address(page: Page, stack: Stack) -> None:
    page.locator("#address").fill(f"{stack.outputs['pageUrl']}/nothing.jpg")
    page.locator("#address").press("Tab")
    expect(page.locator("#image")).to_have_class("broken")


def waiting(page: Page, stack: Stack) -> None:
    page.route(stack.outputs["predictUrl"], lambda route: None)
    submit_button(page).click()
    expect(page.locator("#timer")).not_to_be_empty()


def warming_up(page: Page, stack: Stack) -> None:
    page.route(stack.outputs["predictUrl"], lambda route: route.fulfill(**not_ready("60")))
    submit_button(page).click()
    expect(page.locator("#answer")).to_have_attribute("data-state", "warming")


def answer_and_history(page: Page, stack: Stack) -> None:
    submit(page, stack)
    page.locator("summary").click()
    expect(page.locator("#entries li")).to_have_count(1)


def failure(page: Page, stack: Stack) -> None:
    page.locator("#address").fill("not an address")
    submit_button(page).click()
    expect(page.locator("#answer")).to_have_attribute("data-state", "failure")


@pytest.mark.parametrize("state", [idle, own_file, broken_address, waiting, warming_up, answer_and_history, failure])
@pytest.mark.parametrize("context_options", [DESKTOP, PHONE | GERMAN], ids=["desktop", "German phone"])
def test_axe_finds_nothing(opened: Page, stack: Stack, state: State) -> None:
    state(opened, stack)
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    for scheme in schemes:
        opened.emulate_media(color_scheme=scheme)
        opened.evaluate("document.getAnimations().forEach((animation) => animation.cancel())")
        results = Axe().run(opened)
        assert results.violations_count == 0, f"{scheme}: {results.generate_report()}"


def test_works_with_the_keyboard_alone(opened: Page) -> None:
    for name in ("1 object", "2 objects", "3 objects", "4 objects", "5 objects"):
        opened.keyboard.press("Tab")
        expect(opened.get_by_role("button", name=name)).to_be_focused()
    opened.keyboard.press("Tab")
    expect(opened.get_by_label("Sample", exact=True)).to_be_focused()
    opened.keyboard.type("3")  # a select jumps to the option that starts with what is typed
    opened.keyboard.press("Tab")
    expect(opened.get_by_label("Image address")).to_be_focused()
    opened.keyboard.press("Tab")
    expect(opened.get_by_label("Choose a file")).to_be_focused()
    opened.keyboard.press("Tab")
    expect(submit_button(opened)).to_be_focused()
    opened.keyboard.press("Enter")

    expect(status(opened)).to_contain_text("there is 3 object(s)", timeout=ANSWER_TIMEOUT_MS)
    expect(submit_button(opened)).to_be_focused()


@pytest.mark.parametrize("control", ["#submit", "#address"])
def test_the_keyboard_reaches_cancel_at_once(opened: Page, stack: Stack, control: str) -> None:
    opened.set_viewport_size({"width": 390, "height": 500})  # so that the page scrolls to the answer
    opened.route(stack.outputs["predictUrl"], lambda route: None)
    opened.locator(control).focus()
    opened.keyboard.down("Enter")
    expect(opened.get_by_role("button", name="Cancel")).to_be_focused()
    opened.keyboard.down("Enter")  # held, which repeats it
    opened.keyboard.up("Enter")
    expect(status(opened)).to_have_text("Waiting for the answer …")
    opened.keyboard.press("Enter")
    expect(status(opened)).to_have_text("Cancelled. Nothing is being sent any more.")
    expect(submit_button(opened)).to_be_focused()


def test_the_keyboard_focus_can_be_seen(opened: Page) -> None:
    for _ in range(9):
        opened.keyboard.press("Tab")
        visible = opened.evaluate(
            """() => [document.activeElement, document.activeElement.nextElementSibling]
              .some((element) => element && getComputedStyle(element).outlineStyle === "solid")"""
        )
        assert visible, opened.evaluate("document.activeElement.outerHTML")


def test_the_live_region_announces_each_state_once(opened: Page, stack: Stack) -> None:
    opened.evaluate(
        """() => {
          const region = document.querySelector("[role=status]");
          window.announced = [];
          const observer = new MutationObserver(() => announced.push(region.innerText));
          observer.observe(region, { childList: true, subtree: true });
        }"""
    )
    replies = [not_ready("3")]

    def reply(route: Route) -> None:
        route.fulfill(**replies.pop()) if replies else route.continue_()

    opened.route(stack.outputs["predictUrl"], reply)
    submit_button(opened).click()
    expect_answer(opened, 1)
    announced = opened.evaluate("announced.map((text) => text.split('\\n')[0])")
    assert announced == [
        "Waiting for the answer …",
        "The model is warming up",  # and not every second of the countdown
        "Waiting for the answer …",
        "Most likely answer: there is 1 object(s) in the bin",
    ]


def test_the_live_regions_are_there_before_they_have_words(opened: Page) -> None:
    notice = opened.locator("#notice")
    expect(notice).to_be_empty()
    expect(notice).to_have_css("display", "block")  # a screen reader watches only what is rendered


@pytest.mark.parametrize(("width", "height"), [(320, 640), (768, 1024), (1920, 1080), (3840, 2160)])
def test_fits_the_screen(opened: Page, stack: Stack, width: int, height: int) -> None:
    opened.set_viewport_size({"width": width, "height": height})
    submit(opened, stack)
    opened.locator("summary").click()
    expect(opened.get_by_role("table")).to_be_visible()

    for direction in ("ltr", "rtl"):
        opened.evaluate("(direction) => { document.documentElement.dir = direction; }", direction)
        assert opened.evaluate("document.documentElement.scrollWidth") <= width
        beyond = opened.evaluate(
            """(width) => [...document.querySelectorAll("main *")].filter((element) => {
              const { left, right } = element.getBoundingClientRect();
              return !element.closest(".visually-hidden, thead, caption") && (left < 0 || right > width);
            }).map((element) => element.outerHTML)""",
            width,
        )
        assert beyond == []


def test_grows_with_a_4k_screen(opened: Page) -> None:
    def width_of_page(width: int) -> float:
        opened.set_viewport_size({"width": width, "height": 1080})
        found: float = opened.evaluate("document.querySelector('main').getBoundingClientRect().width / innerWidth")
        return found

    assert width_of_page(3840) > 0.45
    assert width_of_page(1280) > 0.85


def test_right_to_left_mirrors_the_page_but_not_addresses_and_code(opened: Page, stack: Stack) -> None:
    submit(opened, stack)
    opened.evaluate("document.documentElement.dir = 'rtl'")
    form, answer = opened.locator("#form").bounding_box(), opened.locator("#answer").bounding_box()
    assert form and answer and form["x"] > answer["x"]
    assert opened.locator("#request").evaluate("(pre) => getComputedStyle(pre).direction") == "ltr"
    assert opened.locator("#address").evaluate("(input) => getComputedStyle(input).direction") == "ltr"
    bar = opened.locator(".chosen .bar").evaluate(
        """(bar) => {
          const style = getComputedStyle(bar, "::before");
          return style.direction + " " + style.display;
        }"""
    )
    assert bar == "rtl block"  # a block starts where its direction starts


@pytest.mark.parametrize(("direction", "side"), [("ltr", "left"), ("rtl", "right")])
def test_every_line_of_the_answer_starts_where_the_page_does(
    opened: Page, stack: Stack, direction: str, side: str
) -> None:
    opened.set_viewport_size({"width": 390, "height": 844})  # so that the sentence breaks
    opened.evaluate("(direction) => { document.documentElement.dir = direction; }", direction)
    submit(opened, stack)
    expect_answer(opened, 1)
    gaps = opened.locator(".headline").evaluate(
        """(headline, side) => {
          const text = document.createRange();
          text.selectNodeContents(headline);
          const edge = headline.parentElement.getBoundingClientRect()[side];
          return [...text.getClientRects()].map((line) => Math.abs(line[side] - edge));
        }""",
        side,
    )
    assert len(gaps) > 1
    assert max(gaps) < 15  # a trailing space hangs


@pytest.mark.parametrize("context_options", [GERMAN], ids=["de-AT"])
def test_speaks_german_to_a_german_browser(opened: Page) -> None:
    assert opened.evaluate("document.documentElement.lang") == "de"
    expect(opened.get_by_role("heading", level=1)).to_have_text("Wie viele Objekte sind im Fach?")
    assert opened.locator("#sample option").all_text_contents()[1] == "2 Objekte"
    opened.get_by_role("button", name="Absenden").click()
    expect(status(opened)).to_have_text("Wahrscheinlichste Antwort: 1 Objekt(e) im Fach", timeout=ANSWER_TIMEOUT_MS)
    expect(opened.locator("tr.chosen td").last).to_have_text(re.compile(r"^\d\d,\d\s%$"))


@pytest.mark.parametrize("context_options", [GERMAN], ids=["de-AT"])
def test_translates_what_the_configuration_says(opened: Page) -> None:
    expect(opened.locator("#labels")).to_have_text("Mögliche Antworten: 1, 2, 3, 4 oder 5")
    change_config(opened, title="Number?", translations={"de": {"Number?": "Zahl?", "1": "eins"}})
    expect(opened.get_by_role("heading", level=1)).to_have_text("Zahl?")
    expect(opened.locator("#labels")).to_have_text("Mögliche Antworten: eins, 2, 3, 4 oder 5")
    submit_button(opened).click()
    expect(opened.locator("tr.chosen").get_by_role("rowheader")).to_have_text("eins")
    expect(status(opened)).to_have_text("Most likely answer: there is eins object(s) in the bin")


@pytest.mark.parametrize("context_options", [GERMAN], ids=["de-AT"])
def test_tells_a_screen_reader_which_words_are_english(opened: Page, stack: Stack) -> None:
    opened.locator("#address").fill(f"{stack.outputs['pageUrl']}/nothing.jpg")
    problem = submit(opened, stack).json()
    expect(status(opened).locator("[lang]")).to_have_text(problem["detail"])
    expect(status(opened).locator("[lang]")).to_have_attribute("lang", "en")
    expect(status(opened).locator("[lang]")).to_have_attribute("dir", "auto")


@pytest.mark.parametrize("context_options", [{"locale": "fr-FR"}], ids=["fr-FR"])
def test_speaks_english_to_any_other_browser(opened: Page) -> None:
    assert opened.evaluate("document.documentElement.lang") == "en"
    expect(submit_button(opened)).to_have_text("Submit")


def test_the_first_preferred_language_that_it_speaks_wins(page: Page, stack: Stack) -> None:
    page.add_init_script("Object.defineProperty(navigator, 'languages', { value: ['fr-CA', 'de', 'en'] })")
    open_page(page, stack)
    expect(submit_button(page)).to_have_text("Absenden")


def test_every_language_has_every_text_with_the_same_placeholders(opened: Page) -> None:
    texts = opened.evaluate("import('./texts.js').then(({ TEXTS }) => TEXTS)")
    assert set(texts) == {"en", "de"}
    assert _placeholders(texts["de"]) == _placeholders(texts["en"])


def _placeholders(texts: dict[str, object]) -> dict[str, object]:
    return {
        key: _placeholders(value) if isinstance(value, dict) else sorted(re.findall(r"\{\w+\}", str(value)))
        for key, value in texts.items()
    }


def test_html_says_what_the_english_texts_say(page: Page, stack: Stack) -> None:
    page.route("**/app.js", lambda route: route.abort())
    page.goto(stack.outputs["pageUrl"])
    texts = page.evaluate("import('./texts.js').then(({ TEXTS }) => TEXTS.en)")
    written = page.locator("[data-text]").evaluate_all(
        "elements => elements.map((element) => [element.dataset.text, element.textContent])"
    )
    assert written and written == [[key, texts[key]] for key, _ in written]


@pytest.mark.parametrize(
    "context_options", [{"color_scheme": "dark"}, {"color_scheme": "light"}], ids=["dark", "light"]
)
def test_follows_the_colour_scheme(opened: Page, context_options: dict[str, object]) -> None:
    color = opened.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    brightness = sum(map(int, re.findall(r"\d+", color)[:3])) / 3
    assert (brightness < 60) == (context_options["color_scheme"] == "dark")


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_what_is_chosen_stands_out(opened: Page, scheme: Literal["dark", "light"]) -> None:
    """WCAG 2.2, 1.4.11: what tells one state from another has a contrast of 3:1."""
    opened.emulate_media(color_scheme=scheme)
    opened.dispatch_event("footer", "dragover")
    surface = opened.locator("#form").evaluate("(form) => getComputedStyle(form).backgroundColor")
    for marked in ("#frame.target", "[aria-pressed=true]"):
        outline = opened.locator(marked).evaluate("(element) => getComputedStyle(element).outlineColor")
        assert _contrast(outline, surface) >= 3


def _contrast(one: str, other: str) -> float:
    darker, lighter = sorted(map(_luminance, (one, other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: str) -> float:
    """WCAG 2.2, relative luminance."""
    shares = [int(value) / 255 for value in re.findall(r"\d+", color)[:3]]
    red, green, blue = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_moves_only_for_those_who_want_it(
    browser: Browser, stack: Stack, motion: Literal["reduce", "no-preference"]
) -> None:
    with browser.new_context(reduced_motion=motion) as context:
        page = open_page(context.new_page(), stack)
        waiting(page, stack)
        moving = page.evaluate("document.getAnimations().length") > 0
        assert moving == (motion == "no-preference")
