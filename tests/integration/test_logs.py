"""What the logs of a running stack hold: a line for each hop under one id, nothing secret, nothing forged."""

import base64
import json
import os
import pty
import re
import subprocess
import sys
import uuid
from collections.abc import Callable
from typing import Any

import pytest
import urllib3

from harness import loopback
from harness.logs import access_log_group
from harness.project import PROJECT
from model_server.serving.request_id import CUSTOM_ATTRIBUTES
from tests.embedded_stack import EmbeddedStack
from tests.stack import Stack

SAMPLE = (PROJECT / "site/samples/2.jpg").read_bytes()
HOPS = ["api", "function", "sagemaker", "endpoint"]
FORGED = 'x\r\n{"level": "INFO", "requestId": "forged-line"}\u2028\u0085\x1b[2J\x9b31m\0'
# What HTTP lets through of it: bytes above 0x7f (the line separator and a terminal's command among them), no others.
FORGED_HEADER = 'x{"requestId":"forged-line"}\u2028\u0085\x9b31m'.encode().decode("latin-1")
SECRETS = ["secret-query", "secret-password", "secret-token", "secret-cookie", "secret-page"]
SECRET_HEADERS = {
    "Authorization": "Bearer secret-token",
    "Cookie": "id=secret-cookie",
    "Referer": "https://a/?secret-page",
}
HOSTILE_HEADERS = dict.fromkeys(
    ("Accept", "User-Agent", "X-Request-Id", "X-Forwarded-For", "Forwarded", "traceparent", CUSTOM_ATTRIBUTES),
    FORGED_HEADER,
)


@pytest.fixture
def logs(stack: Stack) -> Callable[[], dict[str, list[str]]]:
    """Reads each log as lines, the emulator's among them."""
    groups = {
        "api": access_log_group(stack.addresses, stack.outputs["apiId"]),
        "function": f"/aws/lambda/{stack.outputs['functionName']}",
    }

    def read() -> dict[str, list[str]]:
        found = {hop: stack.log(hop).split("\n")[:-1] for hop in ("emulator", "sagemaker", "endpoint")}
        for hop, group in groups.items():
            pages = stack.aws["logs"].get_paginator("filter_log_events").paginate(logGroupName=group)
            found[hop] = [event["message"] for page in pages for event in page["events"]]
        return found

    return read


def post(stack: Stack, body: bytes, headers: dict[str, str]) -> urllib3.BaseHTTPResponse:
    url = f"{stack.outputs['predictUrl']}?token=secret-query"
    return loopback.request("POST", url, body, SECRET_HEADERS | HOSTILE_HEADERS | headers)


def lines_of(request_id: str, logs: dict[str, list[str]]) -> dict[str, list[dict[str, Any]]]:
    """What each hop says of a request."""
    return {hop: [json.loads(line) for line in logs[hop] if request_id in line] for hop in HOPS}


def check_clean(logs: dict[str, list[str]]) -> None:
    for hop, lines in logs.items():
        text = "\n".join(lines)
        assert [secret for secret in SECRETS if secret in text] == [], hop
        for start in (0, 30, 300):
            assert base64.b64encode(SAMPLE[start : start + 30]).decode() not in text, hop
        assert [c for c in text if not c.isprintable() and c not in "\n\t"] == [], hop
        for line in lines:
            if line.startswith("{"):
                assert json.loads(line).get("requestId") != "forged-line", hop
            else:
                assert hop in ("emulator", "function"), line
                assert hop == "emulator" or re.match(r"(START|END|REPORT) RequestId: ", line), line


def test_one_request_is_one_line_at_each_hop(stack: Stack, logs: Callable[[], dict[str, list[str]]]) -> None:
    answer = post(stack, SAMPLE, {"Content-Type": "image/jpeg"})
    assert answer.status == 200, answer.data
    request_id = answer.headers["apigw-requestid"]
    found = lines_of(request_id, logs())
    assert {hop: [line["requestId"] for line in lines] for hop, lines in found.items()} == {
        hop: [request_id] for hop in HOPS
    }
    assert [hop for hop in HOPS if "latencyMs" in found[hop][0]] == ["function", "sagemaker", "endpoint"]
    check_clean(logs())


@pytest.mark.parametrize(
    ("status", "body", "content_type"),
    [
        (
            400,
            json.dumps({"url": f"http://user:secret-password@127.0.0.1/{FORGED}?secret-query"}).encode(),
            "application/json",
        ),
        (400, json.dumps({"url": f"https://{FORGED}/?secret-query"}).encode(), "application/json"),
        (400, json.dumps({"url": "https://[::1/secret-query"}).encode(), "application/json"),
        (400, json.dumps({"url": "http://example.com\\secret-query"}).encode(), "application/json"),
        (400, json.dumps({"url": "http://user%3Asecret-password%40example.com/"}).encode(), "application/json"),
        (400, b'{"url": "https://no-such-host.invalid/a.jpg?secret-query#secret-page"}', "application/json"),
        (400, FORGED.encode(), "application/json"),
        (415, b"x", FORGED_HEADER),
        (422, FORGED.encode(), "image/png"),
        (422, SAMPLE[:2000], "image/jpeg"),
    ],
)
def test_nothing_secret_or_forged_gets_in(
    stack: Stack, logs: Callable[[], dict[str, list[str]]], status: int, body: bytes, content_type: str
) -> None:
    answer = post(stack, body, {"Content-Type": content_type})
    assert answer.status == status, answer.data
    request_id = answer.json()["requestId"]
    assert answer.headers["apigw-requestid"] == request_id
    found = lines_of(request_id, logs())
    assert (len(found["api"]), len(found["function"])) == (1, 1)
    assert len(found["sagemaker"]) == len(found["endpoint"]) <= 1
    check_clean(logs())


def test_a_direct_caller_of_the_function_chooses_no_line(
    stack: Stack, logs: Callable[[], dict[str, list[str]]]
) -> None:
    event = {
        "headers": {"content-type": "image/jpeg", "accept": FORGED, "authorization": "secret-token"},
        "requestContext": {"requestId": FORGED},
        "rawQueryString": "secret-query",
        "body": base64.b64encode(SAMPLE).decode(),
        "isBase64Encoded": True,
    }
    payload = json.dumps(event).encode()
    answer = stack.aws["lambda"].invoke(FunctionName=stack.outputs["functionName"], Payload=payload)
    assert json.loads(answer["Payload"].read())["statusCode"] == 200
    check_clean(logs())


@pytest.mark.parametrize(
    "path", ["/endpoints/%1b%5b2J%0a{}%e2%80%a8/invocations", "/%1b%0d%0a{}", "/a?token=secret-query"]
)
def test_nobody_forges_lines_of_the_stand_in(stack: Stack, logs: Callable[[], dict[str, list[str]]], path: str) -> None:
    marker = uuid.uuid4().hex
    headers = HOSTILE_HEADERS | {CUSTOM_ATTRIBUTES: marker, "X-Amz-Target": FORGED_HEADER}
    headers["Authorization"] = "AWS4-HMAC-SHA256 Credential=secret-token/20260101/us-east-1/sagemaker/aws4_request"
    answer = urllib3.request("POST", f"{stack.addresses.sagemaker_url}{path}", headers=headers, body=b"secret-page")
    assert answer.status in (400, 404)
    (line,) = lines_of(marker, logs())["sagemaker"]
    assert (line["requestId"], line["status"]) == (marker, answer.status)
    check_clean(logs())


def test_the_harness_sends_a_terminal_no_commands(stack: Stack, logs: Callable[[], dict[str, list[str]]]) -> None:
    """MiniStack and other containers than ours write text into their logs as it comes."""
    if not isinstance(stack, EmbeddedStack):
        pytest.skip("containers are not the harness's: docker compose shows their logs")
    log = stack.directory / "endpoints" / stack.outputs["endpointName"] / "container.log"
    before = log.stat().st_size
    with log.open("ab") as file:
        file.write("\x1b]0;title\x07\x1b[2J\x9b31m\u202ereversed\u2028\r[red]red\n".encode())
    try:
        terminal, other_end = pty.openpty()
        command = [sys.executable, "-m", "harness", "logs", "endpoint", f"--directory={stack.directory}"]
        with subprocess.Popen(command, cwd=PROJECT, stdout=other_end, env=os.environ | {"NO_COLOR": "1"}) as shown:
            os.close(other_end)
            written = b""
            while piece := _read(terminal):
                written += piece
        assert shown.returncode == 0
    finally:
        os.truncate(log, before)
    text = written.decode().replace("\r\n", "\n")
    assert r"\x1b]0;title\x07\x1b[2J\x9b31m\u202ereversed\u2028\r[red]red" in text
    assert not re.search(r"[^\n\t\x20-\x7e]", text)


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # its other end is closed
        return b""
