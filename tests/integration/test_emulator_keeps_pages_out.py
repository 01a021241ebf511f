"""A web page that is open while the stack runs must not become its administrator: MiniStack runs code on request."""

import pytest

from harness import loopback
from tests.stack import Stack

ELSEWHERE = "https://elsewhere.example"
API = "abcdef01.execute-api.localhost"


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        # What browsers send without asking first: a form, a script's request of a simple type, an image, a link.
        ("POST", "/2015-03-31/functions", {"Origin": ELSEWHERE, "Content-Type": "text/plain"}),
        ("POST", "/", {"Origin": "null", "Content-Type": "application/x-www-form-urlencoded"}),
        ("GET", "/?Action=ListUsers", {"Sec-Fetch-Site": "cross-site"}),
        ("GET", "/?Action=ListUsers", {"Sec-Fetch-Site": "same-site"}),
        ("OPTIONS", "/2015-03-31/functions", {"Origin": ELSEWHERE, "Access-Control-Request-Method": "POST"}),
        # The page's own name, made to resolve to this machine.
        ("GET", "/?Action=ListUsers", {"Host": "rebound.example", "Sec-Fetch-Site": "same-origin"}),
        ("GET", "/?Action=ListUsers", {"Host": "127.0.0.1.example"}),
        # What is no name at all.
        ("GET", "/?Action=ListUsers", {"Host": "[x"}),
        ("GET", "/?Action=ListUsers", {"Origin": "http://[x"}),
        # MiniStack's own paths answer under the name of an API as well.
        ("POST", "/_ministack/reset", {"Host": API, "Origin": ELSEWHERE}),
        ("POST", "/_ministack/config", {"Host": API, "Origin": ELSEWHERE, "Content-Type": "text/plain"}),
    ],
)
def test_pages_cannot_use_the_apis_of_aws(stack: Stack, method: str, path: str, headers: dict[str, str]) -> None:
    answer = loopback.request(method, f"{stack.addresses.aws_url}{path}", headers=headers)
    assert answer.status == 403
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("headers", [{}, {"Sec-Fetch-Site": "none"}, {"Sec-Fetch-Site": "same-origin"}])
def test_programs_and_typed_addresses_can(stack: Stack, headers: dict[str, str]) -> None:
    answer = loopback.request("GET", f"{stack.addresses.aws_url}/_ministack/health", headers=headers)
    assert answer.status == 200


def test_every_page_may_link_to_the_site(stack: Stack) -> None:
    answer = loopback.request("GET", stack.outputs["pageUrl"], headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status == 200


def test_pages_of_others_reach_the_api_as_on_aws(stack: Stack) -> None:
    headers = {"Origin": ELSEWHERE, "Content-Type": "text/plain"}
    answer = loopback.request("POST", stack.outputs["predictUrl"], body=b"{}", headers=headers)
    assert answer.status == 415
