"""The function as Lambda runs it: unpacked from its zip, in a process of its own, called with events.

Around it are real HTTP servers: an image host, and one that speaks the wire format of InvokeEndpoint.
"""

from __future__ import annotations

import base64
import gzip
import json
import os
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import boto3
import psutil
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from harness.project import PROJECT
from tests.integration.certificate import make_certificate

# The event and the answer that the contract gives, word for word.
DIRECT_EVENT = {"body": '{\n  "url": "https://aft-vbi-pds.s3.amazonaws.com/bin-images/10460.jpg"\n}'}
DIRECT_ANSWER = {
    "statusCode": 200,
    "headers": {"Content-Type": "text/plain", "Access-Control-Allow-Origin": "*"},
    "body": "Most likely answer: there is 1 object(s) in the bin",
}

LOGITS = b"[[3.99, 1.47, 0.04, -1.28, -2.40]]"
JPEG = b"\xff\xd8\xff\xe0" + bytes(50_000)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)
WEBP = b"RIFF\x64\x00\x00\x00WEBPVP8 " + bytes(92)
MAX_IMAGE_BYTES = 4_000_000
PLENTY = 29.0  # seconds that a call may take: the function's timeout
LITTLE = 1.5  # the same, where the time is to run out

KEY_ID, SECRET, TOKEN = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "session/token=="
REGION = "us-east-1"
ENDPOINT_NAME = "object-counting-endpoint"

Answer = Callable[["Request"], None]


class Request(BaseHTTPRequestHandler):
    """A request to one of the servers, and the way to answer it."""

    protocol_version = "HTTP/1.1"
    server: Server

    def handle(self) -> None:
        self.server.connections += 1
        super().handle()

    def do_GET(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.requests.append(self)
        self.server.answer(self)

    do_POST = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    """A loopback server that answers as the test at hand says."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Request)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.answer: Answer
        self.requests: list[Request] = []
        self.connections = 0

    def handle_error(self, *_: object) -> None:
        """Clients that hang up are part of the tests."""

    def __enter__(self) -> Server:
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


def reply(status: int, body: bytes, **headers: str) -> Answer:
    def answer(request: Request) -> None:
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    return answer


def hang(request: Request) -> None:
    request.connection.settimeout(PLENTY)
    request.connection.recv(1)  # until the client hangs up


def hang_up(request: Request) -> None:
    """What a client sees when the process behind a connection is killed: a reset in place of an answer."""
    request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    request.connection.close()
    request.close_connection = True


def half_an_answer(request: Request) -> None:
    request.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n[[3.99, 1.")
    request.close_connection = True


def drip(before: bytes) -> Answer:
    """One byte every tenth of a second, for ever; what comes first, comes at once."""

    def answer(request: Request) -> None:
        request.wfile.write(before)
        while True:
            request.wfile.write(b" ")
            time.sleep(0.1)

    return answer


def stream_forever(request: Request) -> None:
    request.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n" + JPEG)
    while True:
        request.wfile.write(bytes(65536))


def aws_error(status: int, code: str, message: str = "", **members: object) -> Answer:
    body = json.dumps({"Message": message, **members}).encode()
    return reply(status, body, x_amzn_ErrorType=code)


def model_error(status: int, original: str) -> Answer:
    message = f"Received client error ({status}) from primary with message {original!r}."
    return aws_error(424, "ModelError", message, OriginalStatusCode=status, OriginalMessage=original)


# Runs the handler as Lambda's runtime does. INTERNET maps names of public hosts to ports on this machine, for there
# is no public network in a test; all that the function itself does to reach them stays real.
RUNTIME = """
import importlib, json, os, socket, sys, time

internet = json.loads(os.environ["INTERNET"])
getaddrinfo, connect, PUBLIC = socket.getaddrinfo, socket.socket.connect, "52.92.1.1"

def look_up(host, port, *args, **options):
    found = internet.get(host, "").split()
    addresses = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port or 0)) for address in found]
    return addresses or getaddrinfo(host, port, *args, **options)

def connect_to(self, address):
    connect(self, ("127.0.0.1", internet[PUBLIC]) if address[0] == PUBLIC else address)

socket.getaddrinfo, socket.socket.connect = look_up, connect_to

class Context:
    aws_request_id = "request-id-of-lambda"
    def __init__(self, seconds): self.end = time.monotonic() + seconds
    def get_remaining_time_in_millis(self): return int((self.end - time.monotonic()) * 1000)

handler = importlib.import_module("handlers.predict.app").handler
for line in sys.stdin:
    call = json.loads(line)
    print(json.dumps(handler(call["event"], Context(call["seconds"]))), flush=True)
if os.environ.get("MODULES"):
    with open(os.environ["MODULES"], "w") as file:
        json.dump(sorted(sys.modules), file)
"""


class Outcome(NamedTuple):
    response: dict[str, Any]
    log: dict[str, Any]

    @property
    def json(self) -> dict[str, Any]:
        body: dict[str, Any] = json.loads(self.response["body"])
        return body


class Function:
    """One execution environment of the function."""

    def __init__(self, code: Path, log: Path, environment: dict[str, str]) -> None:
        self._log_file = log.open("w")
        self._log = log.open()
        self._process = subprocess.Popen(
            [sys.executable, "-c", RUNTIME],
            cwd=code,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log_file,
            text=True,
        )

    def call(self, event: object, seconds: float = PLENTY) -> Outcome:
        assert self._process.stdin
        assert self._process.stdout
        print(json.dumps({"event": event, "seconds": seconds}), file=self._process.stdin, flush=True)
        response = self._process.stdout.readline()
        log = self._log.read()
        assert response, log
        [line] = log.splitlines()  # one line per call, no more and no less
        return Outcome(json.loads(response), json.loads(line))

    @property
    def memory(self) -> int:
        """Bytes in use."""
        return int(psutil.Process(self._process.pid).memory_info().rss)

    def close(self) -> None:
        self._process.communicate()
        self._log_file.close()
        self._log.close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for the host of the contract's event."""
    return make_certificate(tmp_path_factory.mktemp("tls") / "certificate.pem", "DNS:aft-vbi-pds.s3.amazonaws.com")


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The deployment package: the files of handlers/predict, under that path, and the labels."""
    path = tmp_path_factory.mktemp("package") / "predict.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted((PROJECT / "handlers/predict").glob("*.py")):
            archive.write(file, file.relative_to(PROJECT))
        archive.writestr("handlers/predict/labels.json", '["1", "2", "3", "4", "5"]')
    return path


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[Server, Server, Server]]:
    with Server() as images, Server() as runtime, Server() as public:
        yield images, runtime, public


@pytest.fixture
def images(servers: tuple[Server, Server, Server]) -> Server:
    """A trusted image host, which answers with a JPEG unless a test says otherwise."""
    servers[0].answer = reply(200, JPEG)
    servers[0].requests.clear()
    return servers[0]


@pytest.fixture
def runtime(servers: tuple[Server, Server, Server]) -> Server:
    """The SageMaker runtime, which answers with logits unless a test says otherwise."""
    servers[1].answer = reply(200, LOGITS, Content_Type="application/json")
    servers[1].requests.clear()
    return servers[1]


@pytest.fixture(scope="module")
def environment(servers: tuple[Server, Server, Server], package: Path) -> dict[str, str]:
    images, runtime, _ = servers
    return {
        "PATH": os.environ["PATH"],
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_SESSION_TOKEN": TOKEN,
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",  # an emulator sets it; the function must not use it
        "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": runtime.url,
        "ENDPOINT_NAME": ENDPOINT_NAME,
        "MODEL_NAME": "object-counting-model",
        "ANSWER_TEMPLATE": "Most likely answer: there is {label} object(s) in the bin",
        "TRUSTED_IMAGE_ORIGINS": f"http://images.localhost:{images.server_port} {images.url}",
        "INTERNET": json.dumps({"rebound.example.com": "10.0.0.1"}),
    }


@pytest.fixture(scope="module")
def code(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package, unpacked as Lambda does it."""
    folder = tmp_path_factory.mktemp("task")
    with zipfile.ZipFile(package) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture
def start(code: Path, environment: dict[str, str], tmp_path: Path) -> Iterator[Callable[..., Function]]:
    """Start an execution environment with other environment variables; it ends with the test."""
    with ExitStack() as stack:

        def start(**variables: str) -> Function:
            function = Function(code, tmp_path / "stderr", {**environment, **variables})
            stack.callback(function.close)
            return function

        yield start


@pytest.fixture(scope="module")
def function(code: Path, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Function]:
    """An execution environment that all tests share, so that each is a warm call after the one before."""
    function = Function(code, tmp_path_factory.mktemp("log") / "stderr", environment)
    yield function
    function.close()


def http_event(body: str | bytes | None, **headers: str) -> dict[str, Any]:
    """An event of an HTTP API, as far as the function reads it."""
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "POST /predict",
        "rawPath": "/predict",
        "headers": {name.replace("_", "-"): value for name, value in headers.items()},
        "requestContext": {"http": {"method": "POST", "path": "/predict"}, "requestId": "request-id-of-api"},
        "isBase64Encoded": isinstance(body, bytes),
    }
    if body:
        event["body"] = base64.b64encode(body).decode() if isinstance(body, bytes) else body
    return event


def url_event(url: object, **headers: str) -> dict[str, Any]:
    return http_event(json.dumps({"url": url}), content_type="application/json", **headers)


@pytest.fixture
def good_request_works(function: Function, images: Server, runtime: Server) -> Iterator[None]:
    """After whatever the test did."""
    yield
    images.answer, runtime.answer = reply(200, JPEG), reply(200, LOGITS)
    assert function.call(url_event(f"{images.url}/1.jpg")).response == DIRECT_ANSWER


def assert_problem(outcome: Outcome, status: int, detail: str) -> None:
    """The answer is the problem, in the shape of RFC 9457, and gives nothing away."""
    response = outcome.response
    assert (response["statusCode"], outcome.log["status"]) == (status, status)
    assert response["headers"]["Content-Type"] == "application/problem+json"
    assert response["headers"]["Access-Control-Allow-Origin"] == "*"
    assert ("Retry-After" in response["headers"]) == (status == 503)
    assert set(outcome.json) == {"type", "title", "status", "detail", "requestId"}
    assert outcome.json["status"] == status
    assert detail in outcome.json["detail"]
    assert outcome.json["requestId"] == outcome.log["requestId"]
    for secret in ("127.0.0.1", "10.0.0.1", "Traceback", ENDPOINT_NAME, "arn:aws", SECRET):
        assert secret not in response["body"]


# The contract's good cases


def test_the_package_is_small_and_bundles_nothing(package: Path) -> None:
    with zipfile.ZipFile(package) as archive:
        names = {Path(name) for name in archive.namelist()}
        assert {name.suffix for name in names} == {".py", ".json"}
        assert {name.parent for name in names} == {Path("handlers/predict")}
    assert package.stat().st_size < 30_000


def test_a_call_loads_nothing_that_it_does_not_use(
    start: Callable[..., Function], images: Server, runtime: Server, tmp_path: Path
) -> None:
    function = start(MODULES=str(tmp_path / "modules.json"))
    assert function.call(url_event(f"{images.url}/1.jpg")).response["statusCode"] == 200
    function.close()
    loaded = {name.partition(".")[0] for name in json.loads((tmp_path / "modules.json").read_text())}
    assert not loaded & {
        "boto3",
        "botocore",
        "s3transfer",
        "jmespath",
        "dateutil",
        "requests",
        "asyncio",
        "dataclasses",
    }


def test_the_direct_event_of_the_contract(
    start: Callable[..., Function], certificate: Path, servers: tuple[Server, Server, Server], runtime: Server
) -> None:
    """Word for word, through DNS and TLS, with the image host at an address that counts as public."""
    public = servers[2]
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    public.socket = tls.wrap_socket(public.socket, server_side=True)
    public.answer = reply(200, JPEG)
    internet = {"aft-vbi-pds.s3.amazonaws.com": "52.92.1.1", "52.92.1.1": public.server_port}
    function = start(INTERNET=json.dumps(internet), SSL_CERT_FILE=str(certificate))
    assert function.call(DIRECT_EVENT).response == DIRECT_ANSWER
    assert public.requests[0].path == "/bin-images/10460.jpg"
    assert public.requests[0].headers["Host"] == "aft-vbi-pds.s3.amazonaws.com"
    assert runtime.requests[0].body == JPEG


def test_a_direct_event_with_nothing_but_a_body(function: Function, images: Server, runtime: Server) -> None:
    outcome = function.call({"body": json.dumps({"url": f"{images.url}/1.jpg"})})
    assert outcome.response == DIRECT_ANSWER
    assert outcome.log["requestId"] == "request-id-of-lambda"


def test_an_event_of_an_http_api(function: Function, images: Server, runtime: Server) -> None:
    outcome = function.call(url_event(f"{images.url}/1.jpg"))
    assert outcome.response == DIRECT_ANSWER
    [asked] = runtime.requests
    assert (asked.command, asked.path) == ("POST", f"/endpoints/{ENDPOINT_NAME}/invocations")
    assert (asked.headers["Content-Type"], asked.headers["Accept"]) == ("image/jpeg", "application/json")
    assert asked.body == JPEG


def test_a_json_body_in_base64(function: Function, images: Server, runtime: Server) -> None:
    event = http_event(json.dumps({"url": f"{images.url}/1.jpg"}).encode(), content_type="application/json")
    assert function.call(event).response == DIRECT_ANSWER


def test_the_image_host_may_be_a_name_under_localhost(function: Function, images: Server, runtime: Server) -> None:
    url = f"http://images.localhost:{images.server_port}/1.jpg"
    assert function.call(url_event(url)).response == DIRECT_ANSWER


def test_the_answer_as_json(function: Function, images: Server, runtime: Server) -> None:
    outcome = function.call(url_event(f"{images.url}/1.jpg", accept="application/json"))
    assert outcome.response["headers"] == {
        "Content-Type": "application/json",
        "Access-Control-Allow-Origin": "*",
    }
    answer = outcome.json
    probabilities = answer["probabilities"]
    assert list(probabilities) == ["1", "2", "3", "4", "5"]
    assert sum(probabilities.values()) == pytest.approx(1, abs=1e-5)
    assert probabilities["1"] == pytest.approx(0.903721)
    assert (answer["count"], answer["label"]) == (1, "1")
    assert answer["model"] == "object-counting-model"
    assert answer["requestId"] == "request-id-of-api"
    assert answer["latencyMs"] > 0


@pytest.mark.parametrize(("label", "logits"), [("2", b"[[0, 9, 1, 1, 1]]"), ("5", b"[[-1, -2, -3, -4, 0]]")])
def test_the_answer_is_the_most_likely_label(
    label: str, logits: bytes, function: Function, images: Server, runtime: Server
) -> None:
    runtime.answer = reply(200, logits)
    outcome = function.call(url_event(f"{images.url}/1.jpg"))
    assert outcome.response["body"] == f"Most likely answer: there is {label} object(s) in the bin"


@pytest.mark.parametrize("declared", ["image/jpeg", "image/png", "image/webp", "IMAGE/PNG; q=1"])
@pytest.mark.parametrize(("image", "media_type"), [(JPEG, "image/jpeg"), (PNG, "image/png"), (WEBP, "image/webp")])
def test_an_uploaded_image_goes_on_as_what_it_is(
    declared: str, image: bytes, media_type: str, function: Function, runtime: Server
) -> None:
    assert function.call(http_event(image, content_type=declared)).response == DIRECT_ANSWER
    [asked] = runtime.requests
    assert (asked.body, asked.headers["Content-Type"]) == (image, media_type)


def test_an_upload_of_exactly_the_limit(function: Function, runtime: Server) -> None:
    image = JPEG.ljust(MAX_IMAGE_BYTES, b"x")
    assert function.call(http_event(image, content_type="image/jpeg")).response == DIRECT_ANSWER
    assert len(runtime.requests[0].body) == MAX_IMAGE_BYTES


# Bad requests


@pytest.mark.parametrize(
    ("event", "status", "detail"),
    [
        (http_event(None, content_type="application/json"), 400, "has no body"),
        (http_event(None), 400, "has no body"),
        (http_event(None, content_type="image/jpeg"), 400, "has no body"),
        (http_event("url=1", content_type="application/json"), 400, "not valid JSON"),
        (http_event("{", content_type="application/json"), 400, "not valid JSON"),
        (http_event("[" * 100_000, content_type="application/json"), 400, "not valid JSON"),
        (http_event("\ud800", content_type="application/json"), 400, "not valid JSON"),
        (http_event(b"\xff\xfe{", content_type="application/json"), 400, "not valid JSON"),
        (http_event("{}", content_type="application/json"), 400, "no `url`"),
        (http_event("[]", content_type="application/json"), 400, "no `url`"),
        (http_event('"url"', content_type="application/json"), 400, "no `url`"),
        (http_event("null", content_type="application/json"), 400, "no `url`"),
        (http_event('{"URL": "https://example.com"}', content_type="application/json"), 400, "no `url`"),
        (url_event(""), 400, "no `url`"),
        (url_event(None), 400, "not a string"),
        (url_event(1), 400, "not a string"),
        (url_event(["https://example.com"]), 400, "not a string"),
        (http_event("a=b", content_type="application/x-www-form-urlencoded"), 415, "x-www-form-urlencoded"),
        (http_event('{"url": "x"}', content_type="text/plain"), 415, "image/webp"),
        (http_event(b"GIF89a", content_type="image/gif"), 415, "image/gif"),
        (http_event(b"x", content_type="application/octet-stream"), 415, "application/json"),
        (http_event(b"x", content_type=""), 415, "application/json"),
        (http_event(b"x", content_type="\r\nx: y" + "z" * 9999), 415, "application/json"),
        (http_event(JPEG * 81, content_type="image/jpeg"), 413, "4000000 bytes"),
        (http_event(bytes(20_000_000), content_type="image/jpeg"), 413, "4000000 bytes"),
        (http_event("x" * 20_000_000, content_type="application/json"), 413, "4000000 bytes"),
        (http_event(b"<html></html>", content_type="image/jpeg"), 422, "not an image"),
        (http_event(b"RIFF1234WAVE", content_type="image/webp"), 422, "not an image"),
        ({"body": "x", "isBase64Encoded": True, "headers": {"Content-Type": "image/png"}}, 400, "base64"),
        ({"body": "\xe9===", "isBase64Encoded": True, "headers": {"Content-Type": "image/png"}}, 400, "base64"),
        ({"body": {"url": "https://example.com"}}, 400, "must be a string"),
        ({"body": "{}", "headers": [1]}, 400, "no `url`"),
        ({}, 400, "has no body"),
        ([], 400, "JSON object"),
        (None, 400, "JSON object"),
    ],
    ids=lambda value: str(value)[:60].encode("ascii", "replace").decode() if isinstance(value, dict) else None,
)
@pytest.mark.usefixtures("good_request_works")
def test_requests_that_are_wrong(event: object, status: int, detail: str, function: Function, runtime: Server) -> None:
    assert_problem(function.call(event), status, detail)
    assert runtime.requests == []


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/1.jpg",
        "file:///etc/passwd",
        "http://localhost:4566/",
        "http://127.0.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]/",
        "http://0x7f000001/",
        "https://rebound.example.com/1.jpg",
        "https://no-such-host.invalid/1.jpg",
        "http://\ud800/",
    ],
)
@pytest.mark.usefixtures("good_request_works")
def test_urls_that_are_refused(url: str, function: Function, runtime: Server) -> None:
    outcome = function.call(url_event(url))
    assert_problem(outcome, 400, "URL")
    assert outcome.log["error"] in {"InvalidUrl", "AddressNotAllowed"}
    assert runtime.requests == []


@pytest.mark.usefixtures("good_request_works")
def test_only_the_log_says_that_a_name_does_not_exist(function: Function) -> None:
    private, unknown = (function.call(url_event(f"https://{host}/")) for host in ("10.0.0.1", "no-such-host.invalid"))
    assert {**private.json, "requestId": ""} == {**unknown.json, "requestId": ""}
    assert "could not be found" in unknown.log["note"]


@pytest.mark.parametrize(
    ("answer", "status", "detail"),
    [
        (reply(404, b"not here"), 422, "404"),
        (reply(302, b"", Location="http://169.254.169.254/latest/meta-data/"), 400, "not allowed"),
        (reply(302, b"", Location="http://127.0.0.1/"), 400, "not allowed"),
        (reply(200, b"<!doctype html><title>An image</title>", Content_Type="image/jpeg"), 422, "not an image"),
        (reply(200, b""), 422, "not an image"),
        (reply(200, JPEG, Content_Encoding="gzip"), 422, "compressed"),
        (reply(200, bytes(MAX_IMAGE_BYTES + 1)), 413, "4000000 bytes"),
        (stream_forever, 413, "4000000 bytes"),
        (hang_up, 422, "broke off"),
        (half_an_answer, 422, "broke off"),
    ],
)
@pytest.mark.usefixtures("good_request_works")
def test_image_hosts_that_misbehave(
    answer: Answer, status: int, detail: str, function: Function, images: Server, runtime: Server
) -> None:
    images.answer = answer
    assert_problem(function.call(url_event(f"{images.url}/1.jpg")), status, detail)
    assert runtime.requests == []


@pytest.mark.usefixtures("good_request_works")
def test_an_image_host_that_hangs(function: Function, images: Server, runtime: Server) -> None:
    images.answer = hang
    outcome = function.call(url_event(f"{images.url}/1.jpg"), seconds=LITTLE)
    assert_problem(outcome, 422, "too long")
    assert outcome.log["error"] == "FetchTimeout"
    assert outcome.log["latencyMs"] < LITTLE * 1000


# An endpoint that does not answer as hoped


@pytest.mark.parametrize(
    ("answer", "status", "detail", "error"),
    [
        (model_error(400, '{"message": "The image is truncated."}'), 422, "The image is truncated.", "ModelError"),
        (model_error(415, '{"message": ""}'), 422, "cannot read this image", "ModelError"),
        (model_error(413, "<html>"), 422, "cannot read this image", "ModelError"),
        (model_error(429, '{"message": "The model is busy."}'), 503, "Too many requests", "ModelError"),
        (model_error(500, '{"message": "CUDA at 10.0.0.1"}'), 503, "again in 5 seconds", "ModelError"),
        (model_error(0, ""), 503, "again in 5 seconds", "ModelError"),
        (
            aws_error(400, "ValidationError", f"Endpoint {ENDPOINT_NAME} of account 1 not found."),
            503,
            "not in service",
            "ValidationError",
        ),
        (aws_error(429, "ModelNotReadyException"), 503, "warming up", "ModelNotReadyException"),
        (aws_error(400, "ThrottlingException"), 503, "Too many requests", "ThrottlingException"),
        (aws_error(429, "TooManyRequestsException"), 503, "at the moment", "TooManyRequestsException"),
        (aws_error(503, "ServiceUnavailable"), 503, "at the moment", "ServiceUnavailable"),
        (aws_error(500, "InternalFailure:http://internal.amazon.com/"), 503, "moment", "InternalFailure"),
        (aws_error(530, "com.amazonaws.sagemaker#InternalDependencyException"), 503, "moment", "InternalDependency"),
        (reply(502, b"<html>Bad Gateway</html>"), 503, "at the moment", "None"),
        (reply(429, b'{"__type": "ModelNotReadyException"}'), 503, "warming up", "ModelNotReadyException"),
        (aws_error(403, "AccessDeniedException", "no"), 500, "not set up", "AccessDeniedException"),
        (aws_error(403, "ExpiredTokenException", "no"), 500, "not set up", "ExpiredTokenException"),
        (hang_up, 503, "at the moment", "ProtocolError"),
        (half_an_answer, 503, "at the moment", "ProtocolError"),
        (reply(200, b"[[1, 2, 3]]"), 500, "does not fit", "UnexpectedAnswer"),
        (reply(200, b"[[1, 2, 3, 4, NaN]]"), 500, "does not fit", "UnexpectedAnswer"),
        (reply(200, b"[[1, 2, 3, 4, Infinity]]"), 500, "does not fit", "UnexpectedAnswer"),
        (reply(200, b'[["1", "2", "3", "4", "5"]]'), 500, "does not fit", "UnexpectedAnswer"),
        (reply(200, b'{"logits": [1, 2, 3, 4, 5]}'), 500, "does not fit", "UnexpectedAnswer"),
        (reply(200, b"\xff"), 500, "does not fit", "UnexpectedAnswer"),
        (reply(200, b"[" * 200_000), 500, "does not fit", "UnexpectedAnswer"),
        (reply(502, b"[" * 200_000), 503, "at the moment", "None"),
        (reply(200, LOGITS + bytes(2 * 1024**2)), 500, "does not fit", "UnexpectedAnswer"),
        (reply(200, gzip.compress(bytes(50 * 1024**2)), Content_Encoding="gzip"), 500, "does not fit", "Unexpected"),
        (stream_forever, 500, "does not fit", "UnexpectedAnswer"),
    ],
)
@pytest.mark.usefixtures("good_request_works")
def test_endpoints_that_cannot_answer(
    answer: Answer, status: int, detail: str, error: str, function: Function, runtime: Server
) -> None:
    runtime.answer = answer
    outcome = function.call(http_event(JPEG, content_type="image/jpeg"))
    assert_problem(outcome, status, detail)
    assert error in outcome.log["error"]
    assert outcome.log["note"]


def test_the_log_names_the_permission_that_is_missing(function: Function, runtime: Server) -> None:
    runtime.answer = aws_error(403, "AccessDeniedException", "User: r is not authorized")
    note = function.call(http_event(JPEG, content_type="image/jpeg")).log["note"]
    assert f"sagemaker:InvokeEndpoint on endpoint/{ENDPOINT_NAME}" in note
    assert "User: r is not authorized" in note


@pytest.mark.parametrize("image", [PNG, PNG.ljust(MAX_IMAGE_BYTES, b"x")], ids=["small", "large"])
@pytest.mark.usefixtures("good_request_works")
def test_an_endpoint_that_hangs(image: bytes, function: Function, runtime: Server) -> None:
    runtime.answer = hang
    outcome = function.call(http_event(image, content_type="image/png"), seconds=LITTLE)
    assert_problem(outcome, 504, "too long")
    assert outcome.log["latencyMs"] < LITTLE * 1000


@pytest.mark.parametrize(
    "before",
    [b"HTTP/1.1 200 OK\r\nX-Slow:", b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"],
    ids=["headers", "body"],
)
@pytest.mark.usefixtures("good_request_works")
def test_an_endpoint_that_drips(before: bytes, function: Function, runtime: Server) -> None:
    runtime.answer = drip(before)
    outcome = function.call(http_event(JPEG, content_type="image/jpeg"), seconds=LITTLE)
    assert_problem(outcome, 504, "too long")
    assert outcome.log["latencyMs"] < LITTLE * 1000


def test_no_time_left(function: Function, runtime: Server) -> None:
    outcome = function.call(http_event(JPEG, content_type="image/jpeg"), seconds=0.1)
    assert_problem(outcome, 504, "too long")
    assert runtime.requests == []


@pytest.mark.usefixtures("good_request_works")
def test_an_answer_that_ends_with_its_connection(function: Function, runtime: Server) -> None:
    def answer(request: Request) -> None:
        request.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        time.sleep(0.2)  # so that it does not come in one piece
        request.wfile.write(LOGITS)
        request.close_connection = True

    runtime.answer = answer
    assert function.call(http_event(JPEG, content_type="image/jpeg")).response == DIRECT_ANSWER


@pytest.mark.usefixtures("good_request_works")
def test_what_nobody_thought_of_is_a_500_with_its_stack_in_the_log(function: Function, runtime: Server) -> None:
    runtime.answer = aws_error(424, "ModelError", OriginalStatusCode="not a number")
    outcome = function.call(http_event(JPEG, content_type="image/jpeg"))
    assert_problem(outcome, 500, "request id")
    assert "Traceback" in outcome.log["stack"]
    assert outcome.log["error"] == "TypeError"


# The connection to the endpoint


def test_one_connection_serves_many_calls(function: Function, runtime: Server) -> None:
    function.call(http_event(PNG, content_type="image/png"))
    before = runtime.connections
    for _ in range(3):
        assert function.call(http_event(PNG, content_type="image/png")).response == DIRECT_ANSWER
    assert runtime.connections == before


def test_a_connection_that_went_stale_is_replaced(function: Function, runtime: Server) -> None:
    function.call(http_event(PNG, content_type="image/png"))
    first = len(runtime.requests)

    def once(request: Request) -> None:
        runtime.answer = reply(200, LOGITS)
        hang_up(request)

    runtime.answer = once
    assert function.call(http_event(PNG, content_type="image/png")).response == DIRECT_ANSWER
    assert len(runtime.requests) == first + 2


def test_a_fresh_connection_that_breaks_is_not_tried_again(function: Function, runtime: Server) -> None:
    runtime.answer = hang_up
    function.call(http_event(PNG, content_type="image/png"))  # leaves no connection behind
    runtime.requests.clear()
    assert_problem(function.call(http_event(PNG, content_type="image/png")), 503, "at the moment")
    assert len(runtime.requests) == 1


def test_nobody_listens_at_the_endpoint(start: Callable[..., Function]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    function = start(AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME=url)
    outcome = function.call(http_event(JPEG, content_type="image/jpeg"))
    assert_problem(outcome, 503, "at the moment")
    assert outcome.log["error"] == "NewConnectionError"


def test_an_endpoint_that_does_not_even_read_the_image(start: Callable[..., Function]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:  # connections wait in its backlog
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        function = start(AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME=url)
        image = JPEG.ljust(MAX_IMAGE_BYTES, b"x")
        outcome = function.call(http_event(image, content_type="image/jpeg"), seconds=LITTLE)
    assert_problem(outcome, 504, "too long")


@contextmanager
def silence(address: tuple[str, int]) -> Iterator[int]:
    """A port where connections are neither accepted nor refused, as the queue of its listener is full."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(address)
        listener.listen(0)
        for _ in range(4):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


def test_an_endpoint_all_of_whose_addresses_are_silent(start: Callable[..., Function]) -> None:
    with silence(("127.0.0.1", 0)) as port:
        function = start(
            AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME=f"http://runtime.example:{port}",
            INTERNET=json.dumps({"runtime.example": "127.0.0.1 127.0.0.1 127.0.0.1"}),
        )
        outcome = function.call(http_event(JPEG, content_type="image/jpeg"), seconds=LITTLE)
    assert_problem(outcome, 504, "too long")
    assert outcome.log["latencyMs"] < LITTLE * 1000


def test_an_endpoint_one_of_whose_addresses_is_silent(start: Callable[..., Function], runtime: Server) -> None:
    with silence(("127.0.0.2", runtime.server_port)):
        function = start(
            AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME=f"http://runtime.example:{runtime.server_port}",
            INTERNET=json.dumps({"runtime.example": "127.0.0.2 127.0.0.1"}),
        )
        outcome = function.call(http_event(JPEG, content_type="image/jpeg"), seconds=3.0)
    assert outcome.response["statusCode"] == 200


def _signature(request: Request, secret: str) -> str:
    """The Authorization header that a request must have, computed from what arrived."""
    signed = request.headers["Authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
    headers = {name: request.headers[name] for name in signed if name not in {"host", "x-amz-date"}}
    url = f"http://{request.headers['Host']}{request.path}"
    check = AWSRequest(request.command, url, headers, data=request.body)
    check.context["timestamp"] = check.headers["X-Amz-Date"] = request.headers["X-Amz-Date"]
    signer = SigV4Auth(Credentials(KEY_ID, secret, TOKEN), "sagemaker", REGION)
    signature = signer.signature(signer.string_to_sign(check, signer.canonical_request(check)), check)
    names = ";".join(signed)
    return f"AWS4-HMAC-SHA256 Credential={signer.scope(check)}, SignedHeaders={names}, Signature={signature}"


def test_requests_are_signed_as_boto3_signs_them(function: Function, runtime: Server) -> None:
    function.call(http_event(PNG, content_type="image/png"))
    client = boto3.client(
        "sagemaker-runtime",
        endpoint_url=runtime.url,
        region_name=REGION,
        aws_access_key_id=KEY_ID,
        aws_secret_access_key=SECRET,
        aws_session_token=TOKEN,
    )
    client.invoke_endpoint(EndpointName=ENDPOINT_NAME, Body=PNG, ContentType="image/png", Accept="application/json")
    ours, theirs = runtime.requests
    for request in (ours, theirs):
        assert request.headers["Authorization"] == _signature(request, SECRET)
        assert request.headers["Authorization"] != _signature(request, "another secret")
    for name in ("Host", "Content-Type", "Accept", "Content-Length", "X-Amz-Security-Token"):
        assert ours.headers[name] == theirs.headers[name]
    assert (ours.command, ours.path, ours.body) == (theirs.command, theirs.path, theirs.body)


# The log


def test_the_log_line_of_a_good_call(function: Function, images: Server, runtime: Server) -> None:
    log = function.call(url_event(f"{images.url}/private/1.jpg?X-Amz-Signature=secret")).log
    assert log.keys() == {
        "level",
        "requestId",
        "status",
        "latencyMs",
        "imageHost",
        "imageBytes",
        "fetchMs",
        "endpointMs",
        "label",
    }
    assert (log["level"], log["requestId"], log["status"]) == ("INFO", "request-id-of-api", 200)
    assert (log["imageHost"], log["imageBytes"]) == ("127.0.0.1", len(JPEG))
    assert log["latencyMs"] >= log["fetchMs"] + log["endpointMs"] - 0.2  # each is rounded


@pytest.mark.parametrize(
    "url",
    [
        'https://example.com"}\n{"level": "ERROR", "status": 200}/1.jpg',
        "https://user:password@example.com/1.jpg?signature=secret",
        "https://[::1/?signature=secret",
        f"https://{'secret.' * 100_000}example.com/",
    ],
)
def test_what_a_caller_sends_neither_forges_a_log_line_nor_leaks_into_it(url: str, function: Function) -> None:
    log = function.call(url_event(url)).log
    assert (log["level"], log["status"]) == ("INFO", 400)
    assert len(json.dumps(log)) < 1000
    assert "=secret" not in json.dumps(log)
    assert "password" not in json.dumps(log)


def test_what_is_refused_does_not_stay_in_memory(function: Function) -> None:
    """Python's own URL parser remembers whole URLs."""
    megabytes = 3
    function.call(url_event(f"http://a/{'x' * megabytes * 10**6}"))
    before = function.memory
    for number in range(30):
        assert function.call(url_event(f"http://{number}/{'x' * megabytes * 10**6}")).response["statusCode"] == 400
    assert function.memory - before < 10 * megabytes * 10**6


# The environment


def test_a_missing_variable_stops_the_cold_start_and_is_named(code: Path, environment: dict[str, str]) -> None:
    result = subprocess.run(
        [sys.executable, "-c", "import handlers.predict.app"],
        cwd=code,
        env={**environment, "MODEL_NAME": ""},
        capture_output=True,
        text=True,
    )
    assert result.returncode != 0
    assert "MODEL_NAME is not set" in result.stderr.splitlines()[-1]
