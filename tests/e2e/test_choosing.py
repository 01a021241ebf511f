"""All ways to choose an image; it is shown before anything is sent."""

import io
from pathlib import Path
from urllib.parse import quote

import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Page, Request, expect

from harness.project import PROJECT
from tests.e2e.visitor import (
    Held,
    change_config,
    expect_answer,
    open_page,
    status,
    submit,
    submit_button,
    wait_until_shown,
)
from tests.stack import Stack

SAMPLE = PROJECT / "site/samples/3.jpg"
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@pytest.fixture
def sent(page: Page, stack: Stack) -> list[Request]:
    """Every request to the API."""
    requests: list[Request] = []
    page.on("request", lambda request: requests.append(request) if request.url == stack.outputs["predictUrl"] else None)
    return requests


def image_as_sent(page: Page) -> bytes:
    page.get_by_text("Request and response").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Save the image as sent").click()
    return Path(download.value.path()).read_bytes()


def upload(page: Page, name: str, media_type: str, content: bytes, control: str = "#file") -> None:
    page.locator(control).set_input_files({"name": name, "mimeType": media_type, "buffer": content})
    expect(page.locator("#image")).to_have_attribute("alt", name)
    wait_until_shown(page)


def test_a_thumbnail_chooses_a_sample(opened: Page, stack: Stack, sent: list[Request]) -> None:
    thumbnail = opened.get_by_role("button", name="4 objects")
    thumbnail.click()
    expect(thumbnail).to_have_attribute("aria-pressed", "true")
    expect(opened.get_by_label("Sample", exact=True).locator("option:checked")).to_have_text("4 objects")
    wait_until_shown(opened)
    assert sent == []
    submit(opened, stack)
    expect_answer(opened, 4)


def test_any_image_address_can_be_typed(opened: Page, stack: Stack, sent: list[Request]) -> None:
    address = f"{stack.outputs['pageUrl']}/samples/5.jpg?mine"
    opened.get_by_label("Image address").fill(address)
    opened.get_by_label("Image address").press("Tab")
    expect(opened.locator("#image")).to_have_attribute("src", address)
    wait_until_shown(opened)
    expect(opened.get_by_label("Sample", exact=True).locator("option:checked")).to_have_text("Your own image")
    assert sent == []
    assert submit(opened, stack).request.post_data_json == {"url": address}
    expect_answer(opened, 5)


def test_never_shows_the_previous_image_for_the_chosen_one(opened: Page, stack: Stack) -> None:
    wait_until_shown(opened)
    image = Held(opened, "**/*slow")
    opened.get_by_label("Image address").fill(f"{stack.outputs['pageUrl']}/samples/5.jpg?slow")
    opened.get_by_label("Image address").press("Tab")
    expect(opened.locator("#image")).to_have_attribute("alt", "5.jpg")
    expect(opened.locator("#image")).to_be_hidden()
    image.release()
    expect(opened.locator("#image")).to_be_visible()


def test_enter_in_the_address_submits_that_address(opened: Page, stack: Stack) -> None:
    opened.get_by_label("Image address").fill(f"{stack.outputs['pageUrl']}/samples/5.jpg?mine")
    opened.get_by_label("Image address").press("Enter")
    expect_answer(opened, 5)


@pytest.mark.parametrize(
    "address", ["example.com/image.jpg", "javascript:alert(1)", "ftp://example.com/a.jpg", "https://"]
)
def test_says_what_is_wrong_with_an_address(opened: Page, sent: list[Request], address: str) -> None:
    opened.get_by_label("Image address").fill(address)
    submit_button(opened).click()
    expect(status(opened)).to_contain_text("This is not the address of an image")
    expect(status(opened)).to_contain_text(address)
    expect(opened.get_by_label("Image address")).to_have_attribute("aria-invalid", "true")
    assert sent == []  # above all not the image that was chosen before

    opened.get_by_role("button", name="2 objects").click()
    expect(opened.get_by_label("Image address")).not_to_have_attribute("aria-invalid", "true")
    expect(status(opened)).to_have_text("Submit the image, and the answer appears here.")


def test_quotes_only_the_beginning_of_a_long_address(opened: Page) -> None:
    address = f"data:image/png;base64,{'A' * 20_000}"
    opened.get_by_label("Image address").fill(address)
    opened.get_by_label("Image address").press("Tab")
    expect(status(opened)).to_contain_text("data:image/png;base64,AAAA")
    assert len(status(opened).inner_text()) < 400
    expect(opened.get_by_label("Image address")).to_have_value(address)


def test_a_name_does_not_turn_the_sentence_around_it(opened: Page) -> None:
    name = "\N{HEBREW LETTER ALEF}\N{HEBREW LETTER BET} (1).txt"
    opened.locator("#file").set_input_files({"name": name, "mimeType": "text/plain", "buffer": b"text"})
    message = status(opened).get_by_text("is not an image")
    expect(message).to_have_text(f"“\u2068{name}\u2069” is not an image that this browser can open.")
    expect(message).to_have_css("direction", "ltr")


def test_an_address_without_an_image_says_so_before_and_after(opened: Page, stack: Stack) -> None:
    change_config(opened, samples=[{"label": "Missing", "url": "samples/missing.jpg"}])
    expect(opened.get_by_text("This image cannot be shown here.")).to_be_visible()

    problem = submit(opened, stack).json()

    assert problem["status"] == 422
    expect(status(opened)).to_contain_text("This image could not be read")
    expect(status(opened)).to_contain_text(problem["detail"])
    expect(status(opened)).to_contain_text("Choose another image.")
    expect(opened.get_by_text(f"Request ID: {problem['requestId']}")).to_be_visible()
    expect(submit_button(opened)).to_be_enabled()


def test_a_file_is_shown_and_then_sent(opened: Page, stack: Stack, sent: list[Request]) -> None:
    small = Image.open(SAMPLE).resize((200, 200))
    file = io.BytesIO()
    small.save(file, "PNG")
    upload(opened, "bin.png", "image/png", file.getvalue())
    assert sent == []
    request = submit(opened, stack).request
    assert request.headers["content-type"] == "image/png"
    expect_answer(opened, 3)
    assert image_as_sent(opened) == file.getvalue()  # small enough to go as it is
    assert f"({len(file.getvalue()):,} bytes: image.png)" in (opened.locator("#request").text_content() or "")
    assert "--data-binary @image.png" in (opened.locator("#curl").text_content() or "")


def test_a_file_can_be_dropped_anywhere(opened: Page, stack: Stack, sent: list[Request]) -> None:
    data = opened.evaluate_handle(
        """async (address) => {
          const data = new DataTransfer();
          data.items.add(new File([await (await fetch(address)).blob()], "dropped.jpg", { type: "image/jpeg" }));
          return data;
        }""",
        "samples/2.jpg",
    )
    opened.dispatch_event("footer", "dragover", {"dataTransfer": data})
    expect(opened.locator("#frame")).to_have_class("target")
    opened.dispatch_event("footer", "drop", {"dataTransfer": data})
    expect(opened.locator("#image")).to_have_attribute("alt", "dropped.jpg")
    expect(opened.locator("#frame")).not_to_have_class("target")
    wait_until_shown(opened)
    assert sent == []
    submit(opened, stack)
    expect_answer(opened, 2)


def test_an_image_can_be_pasted(opened: Page, stack: Stack, context: BrowserContext, sent: list[Request]) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened.evaluate(
        """async () => {
          const bitmap = await createImageBitmap(await (await fetch("samples/2.jpg")).blob());
          const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
          canvas.getContext("2d").drawImage(bitmap, 0, 0);
          await navigator.clipboard.write([new ClipboardItem({ "image/png": await canvas.convertToBlob() })]);
        }"""
    )
    opened.keyboard.press("ControlOrMeta+v")
    expect(opened.locator("#image")).to_have_attribute("alt", "image.png")
    wait_until_shown(opened)
    assert sent == []
    submit(opened, stack)
    expect_answer(opened, 2)


def test_an_address_can_be_pasted_anywhere(opened: Page, stack: Stack, context: BrowserContext) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    address = f"{stack.outputs['pageUrl']}/samples/3.jpg?pasted"
    opened.evaluate("(text) => navigator.clipboard.writeText(text)", address)
    opened.keyboard.press("ControlOrMeta+v")
    expect(opened.get_by_label("Image address")).to_have_value(address)
    expect(opened.locator("#image")).to_have_attribute("src", address)


@pytest.mark.parametrize("context_options", [PHONE], ids=["phone"])
def test_a_phone_takes_a_photo(opened: Page, stack: Stack, photo: bytes) -> None:
    expect(opened.get_by_text("Take a photo")).to_be_visible()
    assert opened.locator("#camera").get_attribute("capture") == "environment"
    upload(opened, "photo.jpg", "image/jpeg", photo, "#camera")
    assert submit(opened, stack).status == 200


def test_a_desktop_is_not_offered_a_camera(opened: Page) -> None:
    expect(opened.get_by_text("Take a photo")).to_be_hidden()


def test_a_large_photo_is_scaled_down_and_stays_upright(opened: Page, stack: Stack, photo: bytes) -> None:
    upload(opened, "photo.jpg", "image/jpeg", photo)
    request = submit(opened, stack).request
    sent = image_as_sent(opened)
    assert request.all_headers()["content-length"] == str(len(sent))
    image = Image.open(io.BytesIO(sent))
    assert (image.format, image.size) == ("JPEG", (448, 672))  # the shorter side is config.json's imageSize
    assert not image.getexif()
    above, below = image.getpixel((224, 100)), image.getpixel((224, 570))
    assert isinstance(above, tuple) and above[0] > 240 and above[2] < 20
    assert isinstance(below, tuple) and below[2] > 240 and below[0] < 20


def test_another_kind_of_image_is_sent_as_jpeg(opened: Page, stack: Stack) -> None:
    file = io.BytesIO()
    Image.open(SAMPLE).save(file, "BMP")
    upload(opened, "bin.bmp", "image/bmp", file.getvalue())
    assert submit(opened, stack).request.headers["content-type"] == "image/jpeg"
    expect_answer(opened, 3)


@pytest.mark.parametrize("content", [b"%PDF-1.7", b"", b"\xff\xd8\xff\xe0"], ids=["pdf", "empty", "damaged"])
def test_a_wrong_file_says_what_to_do(opened: Page, sent: list[Request], content: bytes) -> None:
    opened.locator("#file").set_input_files({"name": "notes.jpg", "mimeType": "image/jpeg", "buffer": content})
    expect(status(opened)).to_contain_text("This file cannot be used")
    expect(status(opened)).to_contain_text("notes.jpg")
    expect(status(opened)).to_contain_text("Choose a JPEG, PNG or WebP image.")
    submit_button(opened).click()
    expect(status(opened)).to_contain_text("This file cannot be used")
    assert sent == []


def test_a_photo_that_cannot_be_made_small_enough_says_so(opened: Page, sent: list[Request], photo: bytes) -> None:
    change_config(opened, maxImageBytes=1000)
    expect(submit_button(opened)).to_be_enabled()
    opened.locator("#file").set_input_files({"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": photo})
    expect(status(opened)).to_contain_text("This image is too large")
    expect(status(opened)).to_contain_text("1,000 bytes")
    assert sent == []


def test_a_link_fills_the_form_but_sends_nothing(page: Page, stack: Stack, sent: list[Request]) -> None:
    address = f"{stack.outputs['pageUrl']}/samples/2.jpg?shared&also=1"
    open_page(page, stack, f"?url={quote(address, safe='')}")
    expect(page.get_by_label("Image address")).to_have_value(address)
    wait_until_shown(page)
    page.wait_for_timeout(500)
    assert sent == []
    assert submit(page, stack).request.post_data_json == {"url": address}
    expect_answer(page, 2)


def test_a_link_with_something_else_in_it_is_refused_as_text(page: Page, stack: Stack) -> None:
    markup = '<img src=x onerror="alert(1)">'
    open_page(page, stack, f"?url={quote(markup)}")
    expect(status(page)).to_contain_text(markup)
    expect(page.get_by_label("Image address")).to_have_value(markup)


def test_clearing_the_address_chooses_the_first_sample(opened: Page, stack: Stack) -> None:
    opened.get_by_label("Image address").fill(f"{stack.outputs['pageUrl']}/samples/5.jpg?mine")
    opened.get_by_label("Image address").press("Tab")
    expect(opened.locator("#image")).to_have_attribute("alt", "5.jpg")
    opened.get_by_label("Image address").fill("")
    opened.get_by_label("Image address").press("Tab")
    expect(opened.get_by_role("button", name="1 object")).to_have_attribute("aria-pressed", "true")


def test_a_link_without_an_address_chooses_the_first_sample(page: Page, stack: Stack) -> None:
    open_page(page, stack, "?url=")
    expect(page.get_by_role("button", name="1 object")).to_have_attribute("aria-pressed", "true")
    expect(status(page)).to_have_text("Submit the image, and the answer appears here.")


def test_copies_a_link_that_chooses_the_same_image(opened: Page, stack: Stack, context: BrowserContext) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened.get_by_role("button", name="4 objects").click()
    opened.get_by_role("button", name="Copy link to this image").click()
    opened.goto(opened.evaluate("navigator.clipboard.readText()"))
    expect(opened.get_by_label("Sample", exact=True).locator("option:checked")).to_have_text("4 objects")


def test_a_file_has_no_link(opened: Page, photo: bytes) -> None:
    upload(opened, "photo.jpg", "image/jpeg", photo)
    expect(opened.get_by_role("button", name="Copy link to this image")).to_be_hidden()
