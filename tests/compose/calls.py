"""Calls of the API while parts of a stack are missing: what an answer may be, and the wait until all is good again."""

import time

import pytest
import urllib3

from harness import loopback
from harness.project import PROJECT
from tests.compose_stack import ComposeStack

SAMPLE = (PROJECT / "site/samples/2.jpg").read_bytes()


def post(stack: ComposeStack, image: bytes = SAMPLE) -> urllib3.BaseHTTPResponse:
    return loopback.request("POST", stack.outputs["predictUrl"], image, {"Content-Type": "image/jpeg"})


def problem(stack: ComposeStack) -> int:
    """The status of an answer that is an error, after checking that it is a clear one."""
    response = post(stack)
    body = response.json()
    assert response.headers["Content-Type"] == "application/problem+json"
    assert (body["status"], body["requestId"] != "") == (response.status, True)
    assert "again" in body["detail"]
    assert "sagemaker" not in response.data.decode().lower()
    if response.status == 503:
        assert int(response.headers["Retry-After"]) >= 1
    return response.status


def wait_for_an_answer(stack: ComposeStack, api_may_be_gone: bool = False) -> None:
    """Until then, every answer asks to come back."""
    give_up_at = time.monotonic() + 60
    while time.monotonic() < give_up_at:
        try:
            response = post(stack)
        except urllib3.exceptions.HTTPError:
            assert api_may_be_gone
        else:
            if response.status == 200:
                assert response.data == b"Most likely answer: there is 2 object(s) in the bin"
                return
            assert response.status == 503, response.data
        time.sleep(0.2)
    pytest.fail("the stack did not recover")
