"""The container over HTTP, with model code made for the purpose: what it promises for every model."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from harness.project import PROJECT
from model_server.container.cores import usable_cores
from tests.integration.container_process import Answer, Container, serving, wait_until

# Answers with the request itself, after waiting for the file that the request names, if it names one.
MODEL_CODE = """
import builtins, json, os, pathlib, sys, time

class BadRequest(Exception):
    def __init__(self, status_code, message):
        self.status_code, self.message, self.phrase = status_code, message, "phrase"

class Unspeakable(Exception):
    def __getattribute__(self, name):
        raise RuntimeError("not even its name")

def wait_for(path):
    while not os.path.exists(path):
        time.sleep(0.01)

def model_fn(model_dir):
    if os.environ.get("WAIT_TO_LOAD"):
        wait_for(os.environ["WAIT_TO_LOAD"])
    return "model"

def input_fn(body, content_type):
    if content_type == "text/bad":
        raise BadRequest(415, "no such type")
    return json.loads(body)

def predict_fn(data, model):
    if data.get("wait_for"):
        pathlib.Path(data["started"]).touch()
        wait_for(data["wait_for"])
    time.sleep(data.get("sleep", 0))
    if "raise" in data:
        raise getattr(builtins, data.get("kind", "RuntimeError"))(data["raise"])
    if data.get("unspeakable"):
        raise Unspeakable
    if "status_code" in data:
        raise BadRequest(data["status_code"], data.get("message"))
    if "print" in data:
        print(data["print"], file=sys.stderr)
    return (data["text"], data["type"]) if "type" in data else data["text"]

def output_fn(prediction, accept):
    if isinstance(prediction, tuple):
        return prediction
    answer = json.dumps([prediction, accept])
    return (answer, "text/csv") if prediction == "with its type" else answer
"""


def write_model(directory: Path, code: str = MODEL_CODE) -> Path:
    (directory / "code").mkdir(parents=True)
    (directory / "code" / "inference.py").write_text(code)
    return directory


@pytest.fixture(scope="module")
def container(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Container]:
    directory = tmp_path_factory.mktemp("container")
    with serving(write_model(directory / "model"), directory / "log", MAX_REQUEST_BYTES="1000") as running:
        running.wait_for_ping(200)
        yield running


def test_ping(container: Container) -> None:
    answer = container.request("GET", "/ping")
    assert (answer.status, answer.body) == (200, b"")


def test_request_passes_through_the_hooks(container: Container) -> None:
    answer = container.invoke({"text": "hello"}, Accept="application/x-npy")
    assert (answer.status, answer.json) == (200, ["hello", "application/x-npy"])
    assert answer.headers["Content-Type"] == "application/x-npy"


@pytest.mark.parametrize("headers", [{}, {"Accept": "*/*"}])
def test_answers_json_unless_asked_for_another_type(container: Container, headers: dict[str, str]) -> None:
    answer = container.invoke({"text": "hello"}, **headers)
    assert answer.json == ["hello", "application/json"]
    assert answer.headers["Content-Type"] == "application/json"


def test_hooks_may_name_the_type_of_their_answer(container: Container) -> None:
    answer = container.invoke({"text": "with its type"})
    assert answer.json == ["with its type", "application/json"]
    assert answer.headers["Content-Type"] == "text/csv"


# A body without a Content-Length.
CHUNKS = (b" " * 600, b" " * 600)


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status"),
    [
        ("GET", "/", None, {}, 404),
        ("POST", "/models", b"", {}, 404),
        ("GET", "/invocations", None, {}, 405),
        ("POST", "/ping", b"", {}, 405),
        ("OPTIONS", "/invocations", None, {}, 405),
        ("POST", "/invocations", b"x", {"Content-Type": "text/bad"}, 415),
        ("POST", "/invocations", b" " * 1001, {}, 413),
        ("POST", "/invocations", b" " * 20_000_000, {}, 413),
        ("POST", "/invocations", CHUNKS, {}, 413),
        ("POST", "/invocations", b"not what this model code expects", {}, 500),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_errors_are_json(
    container: Container,
    method: str,
    path: str,
    body: bytes | tuple[bytes, ...] | None,
    headers: dict[str, str],
    status: int,
) -> None:
    answer = container.request(method, path, body, headers)
    assert answer.status == status
    assert answer.headers["Content-Type"] == "application/json"
    assert isinstance(answer.json, dict)
    assert list(answer.json) == ["message"]
    assert "Traceback" not in answer.json["message"]
    assert container.request("GET", "/ping").status == 200


@pytest.mark.parametrize("kind", ["SystemExit", "KeyboardInterrupt", "StopIteration", "GeneratorExit", "MemoryError"])
def test_whatever_the_hooks_raise_is_an_answer(container: Container, kind: str) -> None:
    answer = container.invoke({"raise": "unusual", "kind": kind})
    assert answer.status == 500
    assert container.invoke({"text": "still here"}).status == 200


@pytest.mark.parametrize(
    "fault",
    [
        {"text": "x", "type": "text/plain\r\nSet-Cookie: a=b"},
        {"text": "x", "type": 1},
        {"unspeakable": True},
        {"raise": "\ud800", "kind": "ValueError"},
        {"status_code": 204},
        {"status_code": 999},
        {"status_code": True},
        {"status_code": "413"},
    ],
    ids=str,
)
def test_nonsense_of_the_hooks_is_an_error(container: Container, fault: dict[str, object]) -> None:
    answer = container.invoke(fault)
    assert answer.status == 500
    assert isinstance(answer.json, dict)
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("message", ["\ud800", "\n"])
def test_any_message_of_the_hooks_is_json(container: Container, message: str) -> None:
    answer = container.invoke({"status_code": 422, "message": message})
    assert (answer.status, answer.json) == (422, {"message": message})


def test_error_of_the_hooks_keeps_its_message(container: Container) -> None:
    answer = container.request("POST", "/invocations", b"x", {"Content-Type": "text/bad"})
    assert answer.json == {"message": "no such type"}


def answers_to(container: Container, *parts: bytes) -> bytes:
    """Everything that comes on a connection to which this is sent, until the server closes it."""
    with closing(socket.create_connection(("127.0.0.1", container.port), timeout=60)) as connection:
        for part in parts:
            connection.sendall(part)
        return b"".join(iter(lambda: connection.recv(65536), b""))


CHUNKED = b"POST /invocations HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "sent",
    [
        b"nothing of the kind\r\n\r\n",
        CHUNKED.replace(b"Host: x", b"Host: x\r\nConnection: Upgrade\r\nUpgrade: h2c") + b"2\r\n{}\r\n0\r\n\r\n",
    ],
    ids=["no HTTP", "a body with an upgrade"],
)
def test_what_is_no_request_is_refused_as_json(container: Container, sent: bytes) -> None:
    answer = answers_to(container, sent)
    assert answer.startswith(b"HTTP/1.1 400 ")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"Content-Type: application/json" in head
    assert list(json.loads(body)) == ["message"]
    assert container.request("GET", "/ping").status == 200


def test_a_body_with_broken_chunks_is_the_requests_fault(container: Container) -> None:
    answer = answers_to(container, CHUNKED + b"zz\r\n{}\r\n0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"its chunks are malformed" in answer


@pytest.mark.parametrize("path", ["/invocations", "/ping", "/nothing"])
def test_who_is_refused_while_sending_sees_why(container: Container, path: str) -> None:
    """Also where the connection ends with the answer."""
    body = b"x" * 20_000_000
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    answer = answers_to(container, head.encode(), body)
    assert answer.startswith(tuple(f"HTTP/1.1 {status} ".encode() for status in (404, 405, 413)))


def test_a_body_too_large_is_not_asked_for(container: Container) -> None:
    head = b"POST /invocations HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 9999\r\n"
    assert answers_to(container, head + b"Expect: 100-continue\r\n\r\n").startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("piece", [b"x" * 1000, b"X-Many: x\r\n" * 100], ids=["long", "many"])
def test_headers_without_end_are_cut_off(container: Container, piece: bytes) -> None:
    with closing(socket.create_connection(("127.0.0.1", container.port), timeout=60)) as connection:
        connection.sendall(b"GET /ping HTTP/1.1\r\nHost: x\r\nX-Long: ")
        with pytest.raises(ConnectionError):  # the 431 is lost on who does not listen
            for _ in range(50_000):
                connection.sendall(piece)
    assert container.request("GET", "/ping").status == 200


def test_who_does_not_wait_for_an_answer_gets_one(container: Container) -> None:
    body = b'{"text": "first"}'
    request = b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    answer = answers_to(container, request * 3)
    assert answer.count(b"HTTP/1.1 ") == answer.count(b"HTTP/1.1 200 ") == 1
    assert b"connection: close" in answer


def test_a_client_that_waits_for_100_continue(container: Container) -> None:
    head = b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
    with closing(socket.create_connection(("127.0.0.1", container.port), timeout=60)) as connection:
        connection.sendall(head)
        assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"{}")
        assert connection.recv(65536).startswith(b"HTTP/1.1 500 ")  # {} has no text


def test_a_body_that_breaks_off_disturbs_nobody(container: Container) -> None:
    with closing(socket.create_connection(("127.0.0.1", container.port), timeout=60)) as connection:
        connection.sendall(b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf")
    broken_off = wait_until(lambda: [line for line in log_of(container) if line.get("bytes") == 100])
    assert broken_off[0]["status"] == 400
    assert container.invoke({"text": "next"}).status == 200


@pytest.mark.parametrize(
    ("method", "path", "allowed"), [("GET", "/invocations", "POST"), ("POST", "/ping", "GET, HEAD")]
)
def test_405_says_what_is_allowed(container: Container, method: str, path: str, allowed: str) -> None:
    assert container.request(method, path).headers["Allow"] == allowed


def test_the_head_of_a_ping(container: Container) -> None:
    assert container.request("HEAD", "/ping").status == 200


def test_log_has_a_line_per_request_and_the_cause_of_failures(container: Container) -> None:
    container.invoke({"text": "private"}, **{"X-Amzn-SageMaker-Custom-Attributes": "order-17"})
    answer = container.invoke({"no": "text"}, **{"X-Amzn-SageMaker-Custom-Attributes": "order-18"})
    assert "order-18" in str(answer.json)

    def logged() -> dict[str, dict[str, object]] | None:
        answered = [line for line in log_of(container) if line["message"] == "answered"]
        by_id = {str(line["requestId"]): line for line in answered}
        return by_id if "order-18" in by_id else None

    by_id = wait_until(logged)
    assert (by_id["order-17"]["status"], by_id["order-18"]["status"]) == (200, 500)
    assert by_id["order-17"]["path"] == "/invocations"
    (failure,) = [line for line in log_of(container) if line.get("requestId") == "order-18" and "stack" in line]
    assert failure["message"] == "the model failed"
    assert "KeyError: 'text'" in str(failure["stack"])
    log = container.log.read_text()
    assert "private" not in log
    assert "/ping" not in log


def test_log_says_what_took_how_long(container: Container) -> None:
    given = {"X-Amzn-SageMaker-Custom-Attributes": "slow-one"}
    container.invoke({"text": "x", "sleep": 0.2}, **given)
    (line,) = wait_until(lambda: [line for line in log_of(container) if line.get("requestId") == "slow-one"])
    wait, prepare, predict = (float(str(line[name])) for name in ("waitMs", "prepareMs", "predictMs"))
    assert predict >= 200
    assert wait + prepare + predict <= float(str(line["latencyMs"])) + 1


def log_of(container: Container) -> list[dict[str, object]]:
    """Each line that was logged so far, all of which must be JSON objects."""
    lines = [json.loads(line) for line in container.log.read_text().split("\n")[:-1]]
    assert all(isinstance(line, dict) for line in lines)
    return lines


FORGED = '\n{"level": "INFO", "requestId": "forged-1"}\r\u2028\x1b[2J\x9b31m\0'


def test_what_the_model_prints_or_raises_forges_no_line(container: Container) -> None:
    container.invoke({"print": FORGED, "text": "x"})
    container.invoke({"raise": FORGED})
    lines = wait_until(lambda: [line for line in log_of(container) if line.get("printedTo") == "stderr"])
    assert [line["message"] for line in lines] == [FORGED.removeprefix("\n")]
    assert "forged-1" not in [line.get("requestId") for line in log_of(container)]
    assert not re.search(r"[^\n\x20-\x7e]", container.log.read_text())


@pytest.mark.parametrize(
    "given", ["", "short", "x" * 65, '{"requestId": "forged-2"}', "a b c d e f g", "id-\x9b31m-id"]
)
def test_what_is_no_id_gets_one(container: Container, given: str) -> None:
    def ids() -> list[str]:
        return [str(line["requestId"]) for line in log_of(container) if "requestId" in line]

    before = str(uuid.uuid4())
    container.invoke({"text": "x"}, **{"X-Amzn-SageMaker-Custom-Attributes": before})
    wait_until(lambda: before in ids())
    container.invoke({"text": "x"}, **{"X-Amzn-SageMaker-Custom-Attributes": given})
    wait_until(lambda: ids()[-1] != before)
    assert given not in ids()
    assert uuid.UUID(ids()[-1])


def test_what_would_wait_too_long_is_turned_away(container: Container, tmp_path: Path) -> None:
    """As many requests as there are cores are worked on; 32 are let in."""
    with ThreadPoolExecutor(40) as pool:
        requests = [
            {"text": n, "started": str(tmp_path / f"started-{n}"), "wait_for": str(tmp_path / "go")} for n in range(40)
        ]
        answers = [pool.submit(container.invoke, request) for request in requests]
        wait_until(lambda: sum(answer.done() for answer in answers) >= 8)
        assert len(list(tmp_path.glob("started-*"))) == usable_cores()
        assert container.request("GET", "/ping").status == 200
        (tmp_path / "go").touch()
        finished = [answer.result() for answer in answers]
    answered = {n for n, answer in enumerate(finished) if answer.status == 200}
    refused = [answer for answer in finished if answer.status == 429]
    assert len(answered) + len(refused) == 40
    assert len(refused) >= 8
    assert len(answered) >= usable_cores()
    assert all(finished[n].json == [n, "application/json"] for n in answered)
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in refused)
    assert all("The model is busy" in str(answer.json) for answer in refused)


def test_the_number_of_workers_can_be_chosen(tmp_path: Path) -> None:
    with (
        serving(write_model(tmp_path / "model"), tmp_path / "log", SAGEMAKER_MODEL_SERVER_WORKERS="3") as container,
        ThreadPoolExecutor(6) as pool,
    ):
        container.wait_for_ping(200)
        requests = [
            {"text": n, "started": str(tmp_path / f"started-{n}"), "wait_for": str(tmp_path / "go")} for n in range(6)
        ]
        answers = [pool.submit(container.invoke, request) for request in requests]
        wait_until(lambda: len(list(tmp_path.glob("started-*"))) == 3)
        (tmp_path / "go").touch()
        assert {answer.result().status for answer in answers} <= {200, 429}


def test_a_busy_moment_starts_no_threads(container: Container) -> None:
    process = psutil.Process(container.process.pid)
    before = process.num_threads()
    with ThreadPoolExecutor(40) as pool:
        list(pool.map(lambda number: container.invoke({"text": number, "sleep": 0.01}), range(200)))
    assert process.num_threads() == before


def test_keeps_connections_open(container: Container) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", container.port, timeout=60)
    sockets = set()
    for _ in range(3):
        connection.request("GET", "/ping")
        connection.getresponse().read()
        sockets.add(connection.sock)
    connection.close()
    assert len(sockets) == 1


def test_sigterm_lets_requests_finish(tmp_path: Path) -> None:
    with serving(write_model(tmp_path / "model"), tmp_path / "log") as running:
        running.wait_for_ping(200)
        request = {"text": "in time", "started": str(tmp_path / "started"), "wait_for": str(tmp_path / "go")}
        answers: list[Answer] = []
        client = threading.Thread(target=lambda: answers.append(running.invoke(request)))
        client.start()
        wait_until((tmp_path / "started").exists)
        with closing(http.client.HTTPConnection("127.0.0.1", running.port, timeout=60)) as connection:
            assert not announces_its_end(connection)
            running.process.send_signal(signal.SIGTERM)
            wait_until(lambda: announces_its_end(connection))
        assert running.process.poll() is None
        with pytest.raises(ConnectionRefusedError):
            running.request("GET", "/ping")
        (tmp_path / "go").touch()
        client.join(60)
        assert [answer.json for answer in answers] == [["in time", "application/json"]]
        assert running.process.wait(60) == 0


def announces_its_end(connection: http.client.HTTPConnection) -> bool:
    """Whether the server answers on a connection that it kept open, but will keep it no longer."""
    connection.request("GET", "/ping")
    response = connection.getresponse()
    response.read()
    return response.headers["Connection"] == "close"


def test_sigterm_ends_a_container_whose_model_hangs(tmp_path: Path) -> None:
    """SageMaker waits for 30 seconds and sends SIGKILL then."""
    with serving(write_model(tmp_path / "model"), tmp_path / "log") as running:
        running.wait_for_ping(200)
        request = {"text": "", "started": str(tmp_path / "started"), "wait_for": str(tmp_path / "never")}
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(running.invoke, request)
            wait_until((tmp_path / "started").exists)
            running.process.send_signal(signal.SIGTERM)
            assert running.process.wait(30) == 0
            assert (answer.result().status, answer.result().json) == (
                503,
                {"message": "The container is being stopped."},
            )
    assert "stack" not in running.log.read_text()


def test_nothing_outlives_a_killed_container(tmp_path: Path) -> None:
    """It is one process, and so it is while it works on a request that never ends."""
    with serving(write_model(tmp_path / "model"), tmp_path / "log") as running:
        running.wait_for_ping(200)
        request = {"text": "", "started": str(tmp_path / "started"), "wait_for": str(tmp_path / "never")}
        with socket.create_connection(("127.0.0.1", running.port)) as client:
            body = json.dumps(request).encode()
            client.sendall(b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            wait_until((tmp_path / "started").exists)
            assert psutil.Process(running.process.pid).children() == []
            running.process.kill()
            assert client.recv(1) == b""


def test_answers_503_while_the_model_loads(tmp_path: Path) -> None:
    go = tmp_path / "go"
    with serving(write_model(tmp_path / "model"), tmp_path / "log", WAIT_TO_LOAD=str(go)) as running:
        running.wait_for_ping(503)
        answer = running.invoke({"text": "early"})
        assert (answer.status, answer.json) == (503, {"message": "The model is being loaded."})
        go.touch()
        running.wait_for_ping(200)
        assert running.invoke({"text": "late"}).status == 200


def test_sigterm_while_the_model_loads(tmp_path: Path) -> None:
    model = write_model(tmp_path / "model")
    with serving(model, tmp_path / "log", WAIT_TO_LOAD=str(tmp_path / "never")) as running:
        running.wait_for_ping(503)
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(60) == 0


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("def model_fn(model_dir): ...\ndef predict_fn(data, model): ...", "does not define input_fn, output_fn"),
        (MODEL_CODE.replace('return "model"', 'raise ValueError("wrong weights")'), "wrong weights"),
        (MODEL_CODE.replace('return "model"', 'raise SystemError("broken")'), "broken"),
        (MODEL_CODE.replace('return "model"', 'sys.exit("no licence")'), "no licence"),
        ("import no_such_module", "No module named 'no_such_module'"),
        ("def model_fn(", "was never closed"),
    ],
)
def test_ends_when_the_model_cannot_be_loaded(tmp_path: Path, code: str, reason: str) -> None:
    with serving(write_model(tmp_path / "model", code), tmp_path / "log") as running:
        assert running.process.wait(60) == 1
    last = log_of(running)[-1]
    assert str(last["message"]).startswith(f"cannot load the model in {tmp_path / 'model'}: ")
    assert reason in str(last["message"])


def test_one_line_when_the_artifact_does_not_fit(tmp_path: Path) -> None:
    model = write_model(tmp_path / "model", MODEL_CODE.replace('return "model"', 'raise ValueError("wrong weights")'))
    with serving(model, tmp_path / "log") as running:
        running.process.wait(60)
    assert len(running.log.read_text().splitlines()) == 1


def test_one_line_when_the_port_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with serving(write_model(tmp_path / "model"), tmp_path / "log", SAGEMAKER_BIND_TO_PORT=port) as running:
            assert running.process.wait(60) == 1
    (line,) = log_of(running)
    assert "address already in use" in str(line["message"])


@pytest.mark.parametrize(
    ("arguments", "environment", "status", "complaint"),
    [
        ([], {}, 2, "usage: python -m model_server.container serve"),
        (["train"], {}, 2, "usage: python -m model_server.container serve"),
        (["serve"], {"SM_MODEL_DIR": "/no/such/folder"}, 1, "/no/such/folder does not exist. Set SM_MODEL_DIR"),
        (["serve"], {"SM_MODEL_DIR": "/", "SAGEMAKER_BIND_TO_PORT": "http"}, 1, "SAGEMAKER_BIND_TO_PORT must be"),
        (["serve"], {"SM_MODEL_DIR": "/", "MAX_REQUEST_BYTES": "6M"}, 1, "MAX_REQUEST_BYTES must be a whole number"),
        (["serve"], {"SM_MODEL_DIR": "/", "OMP_NUM_THREADS": "0"}, 1, "OMP_NUM_THREADS must be a whole number from 1"),
        (["serve"], {"SM_MODEL_DIR": "/", "SAGEMAKER_MODEL_SERVER_WORKERS": "-1"}, 1, "WORKERS must be a whole number"),
    ],
)
def test_wrong_use(arguments: list[str], environment: dict[str, str], status: int, complaint: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "model_server.container", *arguments],
        cwd=PROJECT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == status
    assert complaint in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
