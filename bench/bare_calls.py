"""HTTP calls by a socket that only sends and receives: nothing can be faster, so they are what a call must take."""

import socket
from collections.abc import Callable, Mapping
from itertools import count
from urllib.parse import urlsplit

import psutil
import urllib3

from bench.stack import BenchmarkStack
from handlers.predict.credentials import Credentials
from handlers.predict.signature import sign
from harness.emulators import CREDENTIALS
from model_server.serving.request_id import CUSTOM_ATTRIBUTES

_CREDENTIALS = Credentials(CREDENTIALS["AWS_ACCESS_KEY_ID"], CREDENTIALS["AWS_SECRET_ACCESS_KEY"], None)


def fetch(stack: BenchmarkStack, path: str) -> Callable[[], None]:
    """What gets a file of the page over a new connection, as from a host that was never asked before."""
    port, host = stack.addresses.aws_port, urlsplit(stack.outputs["pageUrl"]).netloc
    request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()

    def call() -> None:
        with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
            connection.sendall(request)
            received = b"".join(iter(lambda: connection.recv(65536), b""))
        if not received.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"the page answered {received[:1000]!r}")

    return call


def endpoint(stack: BenchmarkStack, image: bytes) -> Callable[[], str]:
    """What asks the stand-in for SageMaker, and returns the request's id."""
    path = f"/endpoints/{stack.outputs['endpointName']}/invocations"
    headers = {"Content-Type": "image/jpeg"}
    url = f"{stack.addresses.sagemaker_url}{path}"
    signed = sign(url, headers, image, _CREDENTIALS, "sagemaker", "us-east-1")
    return _posts(stack.addresses.sagemaker_port, path, signed, image)


def container(stack: BenchmarkStack, image: bytes) -> Callable[[], str]:
    """What asks the model's container itself, and returns the request's id."""
    health = urllib3.request("GET", f"{stack.addresses.sagemaker_url}/_health").json()
    process = psutil.Process(health["endpoints"][0]["container_pid"])
    [port] = {each.laddr.port for each in process.net_connections() if each.status == psutil.CONN_LISTEN}
    return _posts(port, "/invocations", {"Content-Type": "image/jpeg"}, image)


def _posts(port: int, path: str, headers: Mapping[str, str], image: bytes) -> Callable[[], str]:
    """What posts the image over a connection that is kept."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=60)
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: {len(image)}\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    numbers = count()

    def call() -> str:
        request_id = f"bare-call-{port}-{next(numbers)}"
        connection.sendall(f"{head}{CUSTOM_ATTRIBUTES}: {request_id}\r\n\r\n".encode() + image)
        answer = b""
        # The logits of one image are a list in a list, an error is an object.
        while not answer.endswith((b"]]", b"}")) and (received := connection.recv(65536)):
            answer += received
        if not (answer.startswith(b"HTTP/1.1 200") and answer.endswith(b"]]")):
            raise RuntimeError(f"port {port} answered {answer!r}")
        return request_id

    return call
