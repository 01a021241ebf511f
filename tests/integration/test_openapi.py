"""``openapi.json`` says what the API really does: every kind of answer of a running stack is checked against it."""

import json
from typing import Any

import pytest
import urllib3
from jsonschema import Draft202012Validator

from components.predict_function import deployment_package
from handlers.predict.image import MEDIA_TYPES
from handlers.predict.problem import Problem
from harness import loopback
from harness.project import PROJECT
from harness.resources import zip_archive
from tests.outage import containers_stopped, endpoint_deleted
from tests.stack import Stack

SAMPLE = (PROJECT / "site/samples/2.jpg").read_bytes()
JSON = {"Content-Type": "application/json", "Accept": "application/json"}
JPEG = {"Content-Type": "image/jpeg", "Accept": "application/json"}


@pytest.fixture(scope="module")
def description(stack: Stack) -> dict[str, Any]:
    """The description as the distribution serves it, beside the page."""
    response = loopback.request("GET", f"{stack.outputs['pageUrl']}/openapi.json")
    assert response.headers["Content-Type"] == "application/json"
    found: dict[str, Any] = response.json()
    return found


@pytest.fixture(scope="module")
def operation(description: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = description["paths"]["/predict"]["post"]
    return found


def check(description: dict[str, Any], response: urllib3.BaseHTTPResponse, status: int) -> None:
    """A response is as described: its status, media type, body, and headers."""
    assert response.status == status, response.data
    described = description["paths"]["/predict"]["post"]["responses"][str(status)]
    media_type = response.headers["Content-Type"].partition(";")[0]
    schema = described["content"][media_type]["schema"]
    body: Any = response.json() if media_type.endswith("json") else response.data.decode()
    _validate(description, schema, body)
    for name, header in described.get("headers", {}).items():
        _validate(description, header["schema"], response.headers[name])
    if status >= 400:
        assert body["status"] == status


def _validate(description: dict[str, Any], schema: dict[str, Any], value: object) -> None:
    Draft202012Validator(schema | {"components": description["components"]}).validate(value)


def post(stack: Stack, body: bytes, headers: dict[str, str]) -> urllib3.BaseHTTPResponse:
    return loopback.request("POST", stack.outputs["predictUrl"], body, headers)


def test_its_schemas_are_valid(description: dict[str, Any]) -> None:
    assert description["openapi"].startswith("3.1.")
    for schema in description["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def is_a_problem(status: int) -> bool:
    """Whether the function has such an answer: it takes no status that it has no title for."""
    try:
        Problem(status, "What happened.").response("id")
    except KeyError:
        return False
    return True


def test_it_knows_every_status(operation: dict[str, Any]) -> None:
    of_the_function = {"200"} | {str(status) for status in range(400, 600) if is_a_problem(status)}
    of_the_gateway = {"429"}
    assert set(operation["responses"]) == of_the_function | of_the_gateway


def test_it_knows_how_the_gateway_throttles(description: dict[str, Any], operation: dict[str, Any]) -> None:
    throttled = operation["responses"]["429"]["content"]["application/json"]
    assert throttled["example"] == {"message": "Too Many Requests"}  # what API Gateway sends; nothing local throttles
    _validate(description, throttled["schema"], throttled["example"])


def test_it_knows_what_the_function_takes(operation: dict[str, Any]) -> None:
    assert set(operation["requestBody"]["content"]) == {"application/json", *MEDIA_TYPES}


def test_an_answer_in_json(stack: Stack, description: dict[str, Any]) -> None:
    check(description, post(stack, SAMPLE, JPEG), 200)


def test_an_answer_in_text(stack: Stack, description: dict[str, Any]) -> None:
    check(description, post(stack, SAMPLE, {"Content-Type": "image/jpeg"}), 200)


def test_an_answer_to_the_described_request(stack: Stack, description: dict[str, Any]) -> None:
    body = {"url": f"{stack.outputs['pageUrl']}/samples/2.jpg"}
    _validate(description, description["components"]["schemas"]["ImageAddress"], body)
    check(description, post(stack, json.dumps(body).encode(), JSON), 200)


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        (400, b"{", JSON),
        (400, b"{}", JSON),
        (400, b'{"url": "http://127.0.0.1/"}', JSON),
        (413, b"x" * 4_000_001, JPEG),
        (415, b"GIF89a", {"Content-Type": "image/gif"}),
        (422, b"not an image", JPEG),
        (422, SAMPLE[:3000], JPEG),
    ],
    ids=["malformed", "no url", "private address", "too large", "gif", "not an image", "truncated"],
)
def test_a_refusal(
    stack: Stack, description: dict[str, Any], status: int, body: bytes, headers: dict[str, str]
) -> None:
    check(description, post(stack, body, headers), status)


def test_an_endpoint_that_is_gone(stack: Stack, description: dict[str, Any]) -> None:
    with endpoint_deleted(stack):
        check(description, post(stack, SAMPLE, JPEG), 503)


def test_an_endpoint_that_does_not_answer(stack: Stack, description: dict[str, Any]) -> None:
    with containers_stopped(stack):
        check(description, post(stack, SAMPLE, JPEG), 504)


def test_a_model_with_other_labels(stack: Stack, description: dict[str, Any]) -> None:
    function, name = stack.aws["lambda"], stack.outputs["functionName"]

    def use(*labels: str) -> None:
        function.update_function_code(FunctionName=name, ZipFile=zip_archive(deployment_package(labels)))

    use("cat", "dog")
    try:
        check(description, post(stack, SAMPLE, JPEG), 500)
    finally:
        use("1", "2", "3", "4", "5")
    check(description, post(stack, SAMPLE, JPEG), 200)
