"""How the function reads an event: media types, and what an Accept header asks for."""

from __future__ import annotations

import base64

import pytest

from handlers.predict.problem import Problem
from handlers.predict.request import parse, request_id_of

BODY = '{"url": "https://example.com/1.jpg"}'


@pytest.mark.parametrize(
    ("accept", "json"),
    [
        (None, False),
        ("", False),
        ("*/*", False),
        ("text/plain", False),
        ("text/*", False),
        ("text/html, image/png", False),
        ("application/json", True),
        ("Application/JSON; charset=utf-8", True),
        ("application/*", True),
        ("application/json, */*", True),
        ("application/json, */*;q=0.5", True),
        ("application/json, text/plain, */*", False),  # no preference is expressed, so the default it is
        ("text/plain, application/json", False),
        ("text/plain;q=0.5, application/json", True),
        ("text/plain;q=0.5,application/json;q=0.4", False),
        ("text/plain;q=0.5,application/json ; q=0.501", True),
        ("application/json;q=0", False),
        ("application/json;q=0.000, */*", False),
        ("application/*, application/json;q=0", False),
        ("text/plain;q=0, */*;q=0.1", True),
        ("text/*;q=0, application/*;q=0.001", True),
        ("application/problem+json", False),
        ("application/jsonp", False),
        (",,;q=1,", False),
    ],
)
def test_content_negotiation(accept: str | None, json: bool) -> None:
    headers = {} if accept is None else {"accept": accept}
    assert parse({"headers": headers, "body": BODY}, 1000).wants_json is json


@pytest.mark.parametrize(
    "media_type", ["application/json", "application/json; charset=utf-8", "APPLICATION/JSON ;charset=UTF-8"]
)
def test_media_types_of_json(media_type: str) -> None:
    request = parse({"headers": {"Content-Type": media_type}, "body": BODY}, 1000)
    assert request.source == "https://example.com/1.jpg"


@pytest.mark.parametrize(("size", "limit", "fits"), [(9, 9, True), (10, 9, False), (10, 10, True), (11, 10, False)])
@pytest.mark.parametrize("in_base64", [True, False])
def test_the_limit_counts_bytes_not_base64(size: int, limit: int, fits: bool, in_base64: bool) -> None:
    text = "x" * size
    body = base64.b64encode(text.encode()).decode() if in_base64 else text
    event = {"headers": {"content-type": "image/png"}, "body": body, "isBase64Encoded": in_base64}
    if fits:
        assert parse(event, limit).source == text.encode()
    else:
        with pytest.raises(Problem) as problem:
            parse(event, limit)
        assert problem.value.status == 413


@pytest.mark.parametrize(
    "event",
    [
        *({}, [], None, {"requestContext": None}),
        *(
            {"requestContext": {"requestId": wrong}}
            for wrong in (1, "", "short", "x" * 65, "12345678\r\nX: y", "12345678\n")
        ),
    ],
)
def test_without_an_id_of_the_api_it_is_lambdas(event: object) -> None:
    assert request_id_of(event, default="from Lambda") == "from Lambda"
