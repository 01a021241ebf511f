"""Bad input through the public URL: the documented status, words that help, and the next good request works."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3

from harness import loopback
from harness.project import PROJECT
from tests.damaged_images import png_bomb
from tests.stack import Stack

SAMPLE = (PROJECT / "site/samples/4.jpg").read_bytes()


@pytest.fixture(scope="module")
def hostile(stack: Stack) -> Iterator[str]:
    """Origin of the hostile server, which the function is told to trust as it trusts the page's."""
    with stack.beside_function(Path(__file__).with_name("hostile_images.py")) as port:
        origin = f"http://127.0.0.1:{port}"
        function, settings = stack.aws["lambda"], {"FunctionName": stack.outputs["functionName"]}
        variables = function.get_function_configuration(**settings)["Environment"]["Variables"]
        trusted = {"TRUSTED_IMAGE_ORIGINS": f"{variables['TRUSTED_IMAGE_ORIGINS']} {origin}"}
        function.update_function_configuration(Environment={"Variables": variables | trusted}, **settings)
        yield origin
        function.update_function_configuration(Environment={"Variables": variables}, **settings)


def post(stack: Stack, body: bytes, content_type: str = "application/json") -> urllib3.BaseHTTPResponse:
    return loopback.request("POST", stack.outputs["predictUrl"], body, {"Content-Type": content_type})


def refused(stack: Stack, status: int, body: bytes, content_type: str = "application/json") -> str:
    """Check one refusal, then that the next good request works; return the detail for the caller."""
    response = post(stack, body, content_type)
    assert response.status == status, response.data
    assert response.headers["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert problem.keys() >= {"type", "title", "status", "detail", "requestId"}
    assert problem["status"] == status
    said = response.data.decode()
    for secret in ("Traceback", "127.0.0.1", "169.254", "10.0.", str(stack.addresses.sagemaker_port)):
        assert secret not in said
    good = post(stack, SAMPLE, "image/jpeg")
    assert (good.status, good.data) == (200, b"Most likely answer: there is 4 object(s) in the bin")
    detail: str = problem["detail"]
    assert len(detail) > 20
    return detail


def with_url(url: object) -> bytes:
    return json.dumps({"url": url}).encode()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"url=https://example.com",
        b'{"url": ',
        b"[]",
        b"null",
        b'"https://example.com/1.jpg"',
        b"{}",
        b'{"image": "https://example.com/1.jpg"}',
        with_url(None),
        with_url(7),
        with_url(["https://example.com/1.jpg"]),
        with_url(""),
        b"\xff\xfe{}",
        b"[" * 100_000,
    ],
    ids=lambda body: repr(body[:24]),
)
def test_requests_that_are_not_json_with_a_url(stack: Stack, body: bytes) -> None:
    assert "url" in refused(stack, 400, body)


FORBIDDEN = [
    "http://localhost:4566/",
    "http://169.254.169.254/latest/meta-data/",
    "http://[::1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://0x7f000001/",
    "http://2130706433/",
    "http://127.1/",
    "http://0177.0.0.1/",
    "http://10.0.0.1/",
    "http://images.localhost/1.jpg",
    "https://example.com:8443/1.jpg",
]


@pytest.mark.parametrize("url", ["ftp://example.com/1.jpg", "file:///etc/passwd", "//example.com/1.jpg", "1.jpg"])
def test_urls_of_other_kinds(stack: Stack, url: str) -> None:
    refused(stack, 400, with_url(url))


def test_every_forbidden_address_gets_the_same_answer(stack: Stack) -> None:
    by_name = [f"http://{name}/" for name in stack.private_names]  # names like any other, but for their addresses
    assert len({refused(stack, 400, with_url(url)) for url in (*FORBIDDEN, *by_name)}) == 1


@pytest.mark.parametrize("target", ["http://127.0.0.1:1/", "http://169.254.169.254/", "http://[::1]/"])
def test_redirects_to_forbidden_addresses(stack: Stack, hostile: str, target: str) -> None:
    refused(stack, 400, with_url(f"{hostile}/redirect?to={target}"))


def test_redirects_to_what_is_not_a_web_page(stack: Stack, hostile: str) -> None:
    """The caller's URL is good; what its host answers is not."""
    refused(stack, 422, with_url(f"{hostile}/redirect?to=file:///etc/passwd"))


def test_redirects_without_end(stack: Stack, hostile: str) -> None:
    refused(stack, 422, with_url(f"{hostile}/redirect?to=/redirect?to=/redirect?to=/redirect?to=/html"))


def test_url_that_answers_404(stack: Stack, hostile: str) -> None:
    assert "404" in refused(stack, 422, with_url(f"{hostile}/no-such-image"))


@pytest.mark.parametrize("path", ["hang", "drip"])
def test_url_that_takes_too_long(stack: Stack, hostile: str, path: str) -> None:
    refused(stack, 422, with_url(f"{hostile}/{path}"))


def test_url_that_streams_forever(stack: Stack, hostile: str) -> None:
    assert "4000000" in refused(stack, 413, with_url(f"{hostile}/stream-forever")).replace(",", "")


def test_html_in_place_of_an_image(stack: Stack, hostile: str) -> None:
    refused(stack, 422, with_url(f"{hostile}/html"))
    refused(stack, 422, b"<!doctype html>", "image/jpeg")


def test_picture_with_too_many_pixels(stack: Stack) -> None:
    assert "pixels" in refused(stack, 422, png_bomb(30_000), "image/png")


def test_truncated_picture(stack: Stack) -> None:
    refused(stack, 422, SAMPLE[: len(SAMPLE) // 2], "image/jpeg")


def test_body_larger_than_the_limit(stack: Stack) -> None:
    refused(stack, 413, SAMPLE + bytes(20_000_000), "image/jpeg")


@pytest.mark.parametrize(
    "content_type", ["text/plain", "image/gif", "multipart/form-data", "application/x-www-form-urlencoded"]
)
def test_media_types_that_are_not_supported(stack: Stack, content_type: str) -> None:
    assert "image/jpeg" in refused(stack, 415, SAMPLE, content_type)
