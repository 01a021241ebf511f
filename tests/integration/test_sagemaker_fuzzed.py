"""The stand-in under requests and archives that nobody in their right mind sends.

``EXAMPLES=3000 make test TEST=tests/integration/test_sagemaker_fuzzed.py`` makes a larger run.
"""

import gzip
import io
import json
import os
import re
import socket
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.model import Shape
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model_server.sagemaker import autoscaling
from model_server.sagemaker.operations import OPERATIONS
from model_server.sagemaker.service_model import operation_model, operations
from tests.integration.sagemaker_stand_in import StandIn, running_stand_in

FUZZ = settings(
    max_examples=int(os.environ.get("EXAMPLES", "200")),
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
SIGNATURE = (
    b"AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/sagemaker/aws4_request, SignedHeaders=host, Signature=0"
)
Header = tuple[bytes, bytes]


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory, s3_endpoint: str) -> Iterator[StandIn]:
    with running_stand_in(tmp_path_factory.mktemp("stand-in"), s3_endpoint) as running:
        yield running


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory, s3_endpoint: str) -> Iterator[StandIn]:
    """Another one, with an endpoint that echoes."""
    with running_stand_in(tmp_path_factory.mktemp("serving"), s3_endpoint) as running:
        running.create_endpoint("echo")
        yield running


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.body)
        return document


def exchange(stand_in: StandIn, method: bytes, target: bytes, headers: Sequence[Header], body: bytes) -> Answer:
    """Send what is given, as it is, and nothing after it."""
    address = urlsplit(stand_in.url)
    lines = [b"%s %s HTTP/1.1" % (method, target), *(b"%s: %s" % header for header in headers)]
    with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
        connection.sendall(b"\r\n".join([*lines, b"Connection: close", b"", body]))
        connection.shutdown(socket.SHUT_WR)
        received = b""
        while piece := connection.recv(65536):
            received += piece
    received = received.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
    head, _, content = received.partition(b"\r\n\r\n")
    status, *fields = head.decode("latin-1").split("\r\n")
    return Answer(int(status.split()[1]), dict(f.lower().split(": ", 1) for f in fields), content)


def check_control_plane(answer: Answer) -> None:
    """A success, or an error of the JSON 1.1 protocol that blames the request."""
    assert answer.headers["content-type"] == "application/x-amz-json-1.1", answer
    assert re.fullmatch(r"[0-9a-f-]{36}", answer.headers["x-amzn-requestid"])
    if answer.status != 200:
        assert 400 <= answer.status < 500, answer
        assert re.fullmatch(r"[A-Za-z]+", answer.json["__type"])
        assert answer.json.get("message") or answer.json.get("Message")


def check_runtime(answer: Answer) -> None:
    """An error of the REST JSON protocol that blames the request."""
    assert 400 <= answer.status < 500, answer
    assert answer.headers["content-type"] == "application/json"
    assert re.fullmatch(r"[0-9a-f-]{36}", answer.headers["x-amzn-requestid"])
    assert re.fullmatch(r"[a-z]+", answer.headers["x-amzn-errortype"])
    assert answer.json.get("message") or answer.json.get("Message")


@pytest.fixture
def nothing_is_left(stand_in: StandIn) -> Iterator[None]:
    """Whatever came, no resource and no file is there, and no error of the stand-in's own was logged."""
    stand_in.logged()
    yield
    client = stand_in.sagemaker
    assert client.list_models()["Models"] == []
    assert client.list_endpoint_configs()["EndpointConfigs"] == []
    assert client.list_endpoints()["Endpoints"] == []
    assert [path for path in stand_in.directory.rglob("*") if path.is_file()] == []
    check_log(stand_in)


def check_log(stand_in: StandIn) -> None:
    """No error of the stand-in's own was logged, and nothing but JSON."""
    logged = stand_in.logged()
    assert logged
    assert [line for line in logged if line["level"] not in ("INFO", "WARNING") or "stack" in line] == []


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["x" * 70_000, "\ud800", "\0"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def values(shape: Shape, depth: int = 0) -> st.SearchStrategy[Any]:
    """Values that are nearly what a shape of the service model asks for."""
    if depth > 4:
        return json_values
    made: Any = shape
    right: st.SearchStrategy[Any]
    match shape.type_name:
        case "structure":
            right = st.fixed_dictionaries(
                {name: values(made.members[name], depth + 1) for name in made.required_members},
                optional={
                    name: values(member, depth + 1)
                    for name, member in made.members.items()
                    if name not in made.required_members
                },
            )
        case "list":
            right = st.lists(values(made.member, depth + 1), max_size=2)
        case "map":
            right = st.dictionaries(st.text(max_size=10), values(made.value, depth + 1), max_size=2)
        case "string":
            right = st.sampled_from(made.enum) if made.enum else st.sampled_from(STRINGS)
        case "boolean":
            right = st.booleans()
        case "integer" | "long":
            right = st.integers(-1, 2) | st.integers()
        case _:
            right = st.floats()
    # Seldom enough for the rest of a large request to be looked at.
    return st.integers(0, 30).flatmap(lambda dice: json_values if dice == 0 else right)


STRINGS = [
    "a",
    "m",
    "arn:aws:iam::000000000000:role/x",
    "s3://b/k",
    "",
    "-",
    "x" * 64,
    "é",
    "../..",
    "a\0",
    "\u202e",
    "arn:aws:sagemaker:us-east-1:000000000000:model/m",
]


@st.composite
def requests_of_operations(draw: st.DrawFn) -> tuple[str, Any]:
    operation = draw(st.sampled_from(sorted(OPERATIONS)))
    shape = operation_model(operation).input_shape
    assert shape is not None
    return operation, draw(values(shape))


def call(stand_in: StandIn, operation: str, document: object) -> Answer:
    body = json.dumps(document).encode()
    headers = [
        (b"Host", b"127.0.0.1"),
        (b"Authorization", SIGNATURE),
        (b"X-Amz-Target", b"SageMaker." + operation.encode()),
        (b"Content-Type", b"application/x-amz-json-1.1"),
        (b"Content-Length", b"%d" % len(body)),
    ]
    return exchange(stand_in, b"POST", b"/", headers, body)


@pytest.mark.usefixtures("nothing_is_left")
@FUZZ
@given(requests_of_operations())
def test_inputs_that_are_nearly_right(stand_in: StandIn, request_: tuple[str, Any]) -> None:
    operation, document = request_
    answer = call(stand_in, operation, document)
    check_control_plane(answer)
    if answer.status == 200 and operation.startswith("Create"):
        resource = operation.removeprefix("Create")
        name = f"{resource}Name"
        assert call(stand_in, f"Delete{resource}", {name: document[name]}).status == 200


@st.composite
def requests_of_autoscaling(draw: st.DrawFn) -> tuple[str, Any]:
    operation = draw(st.sampled_from(operations(autoscaling.SERVICE)))
    shape = operation_model(operation, autoscaling.SERVICE).input_shape
    assert shape is not None
    return operation, draw(values(shape))


@pytest.mark.usefixtures("nothing_is_left")
@FUZZ
@given(requests_of_autoscaling())
def test_autoscaling_that_is_nearly_right(stand_in: StandIn, request_: tuple[str, Any]) -> None:
    operation, document = request_
    body = json.dumps(document).encode()
    headers = [
        (b"Host", b"127.0.0.1"),
        (b"Authorization", SIGNATURE.replace(b"/sagemaker/", b"/application-autoscaling/")),
        (b"X-Amz-Target", (autoscaling.TARGET_PREFIX + operation).encode()),
        (b"Content-Length", b"%d" % len(body)),
    ]
    answer = exchange(stand_in, b"POST", b"/", headers, body)
    assert answer.status == 200 or (400 <= answer.status < 500 and answer.json["__type"]), answer


odd_bytes = st.binary(max_size=20).map(lambda text: re.sub(rb"[\r\n\0]", b"", text))
odd_headers: st.SearchStrategy[Header] = st.tuples(
    st.sampled_from(
        [
            *(
                b"Authorization",
                b"Host",
                b"Content-Type",
                b"Accept",
                b"X-Amz-Target",
                b"X-Amz-Date",
                b"X-Amz-Security-Token",
            ),
            *(b"Content-Encoding", b"Expect", b"Range", b"X-HTTP-Method-Override", b"X-Forwarded-For", b"Upgrade"),
            *(b"X-Amzn-SageMaker-Custom-Attributes", b"X-Amzn-SageMaker-Target-Model", b"X-Amzn-SageMaker-Session-Id"),
            *(b"X-Amzn-SageMaker-Target-Variant", b"X-Amzn-SageMaker-Inference-Id", b"X-Request-Id", b"Cookie"),
        ]
    ),
    st.one_of(
        odd_bytes,
        st.sampled_from(
            [
                *(
                    b"",
                    b"gzip",
                    b"text/html",
                    b"application/json; charset=utf-16",
                    b"multipart/form-data",
                    b"SageMaker.",
                ),
                *(
                    b"SageMaker.ListModels",
                    b"sagemaker.listmodels",
                    b"AnyScaleFrontendService.X",
                    b"x" * 5000,
                    b"[::1",
                    b":",
                    b"a:b:c",
                ),
                *(
                    "é\u2028".encode(),
                    b"application/x-www-form-urlencoded",
                    b"100-continue",
                    b"evil.example.com",
                    SIGNATURE,
                ),
            ]
        ),
    ),
)
framings = st.sampled_from(
    [
        ([(b"Content-Length", b"2")], b"{}"),
        ([(b"Content-Length", b"2000")], b"{}"),
        ([(b"Content-Length", b"-1")], b"{}"),
        ([(b"Content-Length", b"abc")], b"{}"),
        ([(b"Content-Length", b"9" * 30)], b"{}"),
        ([(b"Content-Length", b"2"), (b"Content-Length", b"3")], b"{}"),
        ([(b"Transfer-Encoding", b"chunked")], b"2\r\n{}\r\n0\r\n\r\n"),
        ([(b"Transfer-Encoding", b"chunked")], b"2\r\n{}"),
        ([(b"Transfer-Encoding", b"chunked")], b"zz\r\n{}\r\n0\r\n\r\n"),
        ([(b"Transfer-Encoding", b"chunked")], b"-2\r\n{}\r\n0\r\n\r\n"),
        ([(b"Transfer-Encoding", b"chunked")], b"ffffffffffffffff\r\n{}"),
        ([(b"Transfer-Encoding", b"chunked")], b"2\r\n{}XX0\r\n\r\n"),
        ([(b"Transfer-Encoding", b"chunked"), (b"Content-Length", b"2")], b"2\r\n{}\r\n0\r\n\r\n"),
        ([(b"Transfer-Encoding", b"gzip, chunked")], b"2\r\n{}\r\n0\r\n\r\n"),
        ([(b"Transfer-Encoding", b"identity")], b"{}"),
        ([], b""),
    ]
)
targets = st.sampled_from(
    [
        *(
            b"/",
            b"//",
            b"/?x",
            b"/_health/",
            b"/x",
            b"*",
            b"/endpoints/e/invocations",
            b"/endpoints/e/invocations?x=%0a",
        ),
        *(
            b"/endpoints/%00/invocations",
            b"/endpoints/%2e%2e/invocations",
            b"/endpoints/" + b"x" * 3000 + b"/invocations",
        ),
        *(
            b"/endpoints//invocations",
            b"/endpoints/\xff\xfe/invocations",
            b"/endpoints/%ff/invocations",
            b"http://a/",
            b"/%",
        ),
        *(
            b"/endpoints/e/invocations-response-stream",
            b"/endpoints/e/async-invocations",
            b"/endpoints/\xc3\xa9/invocations",
        ),
    ]
)
methods = st.sampled_from(
    [b"POST"] * 6 + [b"GET", b"PUT", b"DELETE", b"HEAD", b"OPTIONS", b"PATCH", b"TRACE", b"CONNECT", b"post"]
)


@pytest.mark.usefixtures("nothing_is_left")
@FUZZ
@given(methods, targets, st.booleans(), st.lists(odd_headers, max_size=4), framings)
def test_requests_that_are_wrong_all_over(
    stand_in: StandIn,
    method: bytes,
    target: bytes,
    signed: bool,
    headers: list[Header],
    framing: tuple[list[Header], bytes],
) -> None:
    usual = [(b"Host", b"127.0.0.1"), (b"X-Amz-Target", b"SageMaker.ListModels"), (b"Authorization", SIGNATURE)]
    odd = {name.lower() for name, _ in headers}
    sent = [header for header in usual if header[0].lower() not in odd and (signed or header[0] != b"Authorization")]
    answer = exchange(stand_in, method, target, [*sent, *headers, *framing[0]], framing[1])
    if method == b"HEAD" and not answer.body:  # with a body where the request could not be read as HTTP at all
        assert 400 <= answer.status < 500
    elif answer.headers["content-type"] == "application/json":
        check_runtime(answer)
    else:
        check_control_plane(answer)


@FUZZ
@given(st.lists(odd_headers, max_size=5), framings)
def test_invocations_that_are_odd(serving: StandIn, headers: list[Header], framing: tuple[list[Header], bytes]) -> None:
    odd = {name.lower() for name, _ in headers}
    usual = [(b"Host", b"127.0.0.1"), (b"Authorization", SIGNATURE)]
    sent = [header for header in usual if header[0].lower() not in odd]
    answer = exchange(serving, b"POST", b"/endpoints/echo/invocations", [*sent, *headers, *framing[0]], framing[1])
    if answer.headers["content-type"] == "application/x-amz-json-1.1":
        assert answer.json["__type"] == "MalformedHttpRequestException"
    elif answer.status != 200:
        check_runtime(answer)
    check_log(serving)


@pytest.mark.usefixtures("nothing_is_left")
@pytest.mark.parametrize("operation", ["ListModels", "CreateModel", "CreateEndpoint"])
@pytest.mark.parametrize(
    "body",
    [b"[" * 10**6, b'{"a":' * 10**5, b'{"a":"' + b"x" * 10**6 + b'"}', b'{"ModelName":"' + b"a" * 900_000 + b'"}'],
)
def test_bodies_that_are_deep_or_large(stand_in: StandIn, operation: str, body: bytes) -> None:
    headers = [
        (b"Host", b"127.0.0.1"),
        (b"Authorization", SIGNATURE),
        (b"X-Amz-Target", b"SageMaker." + operation.encode()),
    ]
    answer = exchange(stand_in, b"POST", b"/", [*headers, (b"Content-Length", b"%d" % len(body))], body)
    assert answer.status in (400, 413)
    check_control_plane(answer)


@pytest.mark.parametrize(
    ("target", "operation", "body", "limit", "refusal"),
    [
        (b"/", b"SageMaker.ListModels", b"{}", 1024**2, 413),
        (
            b"/",
            b"AnyScaleFrontendService.DescribeScalingPolicies",
            b'{"ServiceNamespace": "sagemaker"}',
            1024**2,
            413,
        ),
        (b"/endpoints/echo/invocations", b"", b"x", 6 * 1024**2, 400),
    ],
    ids=["control plane", "autoscaling", "runtime"],
)
def test_a_body_in_chunks_is_taken_whole_or_refused(
    serving: StandIn, target: bytes, operation: bytes, body: bytes, limit: int, refusal: int
) -> None:
    service = b"application-autoscaling" if operation.startswith(b"AnyScale") else b"sagemaker"
    headers = [
        (b"Host", b"127.0.0.1"),
        (b"Authorization", SIGNATURE.replace(b"/sagemaker/", b"/%s/" % service)),
        (b"X-Amz-Target", operation),
        (b"Transfer-Encoding", b"chunked"),
    ]
    for size, status in [(limit, 200), (limit + 1, refusal)]:
        chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (size, body.ljust(size))
        answer = exchange(serving, b"POST", target, headers, chunks)
        assert answer.status == status, answer
        assert "size" not in answer.json or answer.json["size"] == size
    assert str(limit) in str(answer.json)


def _tar(*members: tarfile.TarInfo) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for member in members:
            tar.addfile(member)
    return buffer.getvalue()


def _member(name: str, kind: bytes = tarfile.REGTYPE, **fields: object) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = kind
    for field, value in fields.items():
        setattr(info, field, value)
    return info


ARCHIVES = {
    "traversal": (_tar(_member("../../up")), "has '..' in its path"),
    "absolute": (_tar(_member("/etc/cron.d/x")), "has an absolute or foreign path"),
    "symlink": (_tar(_member("code", tarfile.SYMTYPE, linkname="/tmp"), _member("code/x")), "is a link to '/tmp'"),  # noqa: S108 -- in an archive
    "hardlink": (_tar(_member("a"), _member("b", tarfile.LNKTYPE, linkname="a")), "is a link to 'a'"),
    "device": (_tar(_member("null", tarfile.CHRTYPE, devmajor=1, devminor=3)), "neither a plain file nor a folder"),
    "fifo": (_tar(_member("pipe", tarfile.FIFOTYPE)), "neither a plain file nor a folder"),
    "twice": (_tar(_member("a"), _member("a")), "File exists"),
    "escapes": (_tar(_member("\x1b[2J")), r"'\x1b[2J' has a character that cannot be shown"),
    "giant": (gzip.compress(_member("giant", size=10**13).tobuf(tarfile.GNU_FORMAT)), "bytes unpacked"),
    "sparse": (
        gzip.compress(_member("s", tarfile.GNUTYPE_SPARSE, size=10**13).tobuf(tarfile.GNU_FORMAT)),
        "sparse file",
    ),
    "million": (
        b"".join(gzip.compress(b"".join(_member(f"{k}/{n}").tobuf() for n in range(1000))) for k in range(11)) * 90,
        "more than 10000 members",
    ),
    "bomb": (
        gzip.compress(_member("x").tobuf() + bytes(1024)) + gzip.compress(bytes(10**7)) * 1000,
        "goes on after the end",
    ),
    "truncated": (_tar(_member("model.pth"))[:-12], "not a valid tar.gz"),
    "text": (b"not an archive", "not a valid tar.gz"),
}


@pytest.mark.usefixtures("nothing_is_left")
@pytest.mark.parametrize("kind", ARCHIVES)
def test_archives_that_nobody_should_unpack(stand_in: StandIn, tmp_path: Path, kind: str) -> None:
    content, reason = ARCHIVES[kind]
    stand_in.configure(kind, stand_in.upload_bytes(f"{kind}.tar.gz", content))
    client = stand_in.sagemaker
    client.create_endpoint(EndpointName=kind, EndpointConfigName=kind)
    described = stand_in.settled(kind)
    assert described["EndpointStatus"] == "Failed"
    assert reason in described["FailureReason"]
    assert described["FailureReason"].isprintable()
    assert list((stand_in.directory / "endpoints" / kind).iterdir()) == []
    client.delete_endpoint(EndpointName=kind)
    client.get_waiter("endpoint_deleted").wait(EndpointName=kind, WaiterConfig={"Delay": 1, "MaxAttempts": 20})
    client.delete_endpoint_config(EndpointConfigName=kind)
    client.delete_model(ModelName=kind)
    assert [path for path in stand_in.directory.rglob("*") if path.is_file()] == []
