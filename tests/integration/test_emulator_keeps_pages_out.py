"""A web page that is open while the stack runs must not become its administrator: MiniStack runs code on request."""

import json
from urllib.parse import urlsplit

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


# Which MiniStack knows by their paths, under whatever name: SES, RDS Data, S3 Control, Iceberg, ECR, Cognito, its own.
APIS_BY_PATH = [
    ("POST", "/v2/email/identities"),
    ("GET", "/v2/email/identities"),
    ("OPTIONS", "/v2/email/identities"),
    ("POST", "/Execute"),
    ("GET", "/v20180820/accesspoint"),
    ("GET", "/v20180820/tags/arn:aws:s3:::bucket"),
    ("GET", "/iceberg/v1/config"),
    ("POST", "/v2/repository/blobs/uploads/"),
    ("GET", "/v2/"),
    ("POST", "/oauth2/token"),
    ("GET", "/health"),
    ("POST", "/WriteGetObjectResponse"),
]


@pytest.mark.parametrize(("method", "path"), APIS_BY_PATH)
@pytest.mark.parametrize("name", ["predictUrl", "pageUrl", "an API that is not there", "a distribution that is not"])
def test_only_the_api_or_the_site_answers_under_its_name(stack: Stack, name: str, method: str, path: str) -> None:
    """A page may send there what it likes: it is answered like every other path that is not there."""
    url = urlsplit(stack.outputs.get(name, stack.addresses.aws_url))
    host = {"an API that is not there": API, "a distribution that is not": "none.cloudfront.localhost"}.get(name)
    headers = {"Origin": ELSEWHERE, "Content-Type": "text/plain", "X-Amz-Request-Route": "route"}
    headers |= {"Host": f"{host}:{url.port}"} if host else {}
    body = json.dumps({"EmailIdentity": "stranger@elsewhere.example"}).encode() if method == "POST" else None
    answer, nothing = (
        loopback.request(method, f"{url.scheme}://{url.netloc}{there}", headers=headers, body=body)
        for there in (path, "/is-not-there")
    )
    assert nothing.status in (204, 403, 404, 405)
    assert (answer.status, sorted(answer.headers)) == (nothing.status, sorted(nothing.headers))
    identities = loopback.request("GET", f"{stack.addresses.aws_url}/v2/email/identities")
    assert b"stranger" not in identities.data


def test_pages_of_others_reach_the_api_as_on_aws(stack: Stack) -> None:
    headers = {"Origin": ELSEWHERE, "Content-Type": "text/plain"}
    answer = loopback.request("POST", stack.outputs["predictUrl"], body=b"{}", headers=headers)
    assert answer.status == 415
