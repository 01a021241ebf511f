"""Where one request spends its time.

How long it took the client, and what its function and its container have logged about it, belong together by the
request's id. What no log tells is measured beside it: what the container takes from the first byte of a request to the
last of its answer, asked without anything in front.
"""

import json
import socket
import statistics
from collections.abc import Callable, Iterable, Mapping
from itertools import count
from typing import Any

import psutil
import urllib3

from bench.stack import BenchmarkStack
from harness import logs
from model_server.serving.request_id import CUSTOM_ATTRIBUTES

# In the order in which a request passes through. The gateway is MiniStack, with the process in which it runs the
# function; the hop is the stand-in for SageMaker, between function and container, with the function's client of it; the
# answer is all that the container does beside decoding and predicting, until its answer is sent.
PARTS = ("gateway", "function", "fetch", "hop", "decode", "forward", "answer")
EMULATED = ("gateway", "hop")
UNAVOIDABLE = ("fetch", "decode", "forward")
OURS = ("function", "answer")


def container_call(stack: BenchmarkStack, image: bytes) -> Callable[[], str]:
    """What asks the model's container itself, and returns the request's id. It does nothing but send and receive."""
    health = urllib3.request("GET", f"{stack.addresses.sagemaker_url}/_health").json()
    process = psutil.Process(health["endpoints"][0]["container_pid"])
    [port] = {each.laddr.port for each in process.net_connections() if each.status == psutil.CONN_LISTEN}
    connection = socket.create_connection(("127.0.0.1", port), timeout=60)
    head = f"POST /invocations HTTP/1.1\r\nHost: container\r\nContent-Type: image/jpeg\r\nContent-Length: {len(image)}"
    numbers = count()

    def call() -> str:
        request_id = f"container-{next(numbers)}"
        connection.sendall(f"{head}\r\n{CUSTOM_ATTRIBUTES}: {request_id}\r\n\r\n".encode() + image)
        answer = b""
        # The logits of one image are a list in a list, an error is an object.
        while not answer.endswith((b"]]", b"}")) and (received := connection.recv(65536)):
            answer += received
        if not (answer.startswith(b"HTTP/1.1 200") and answer.endswith(b"]]")):
            raise RuntimeError(f"the container answered {answer!r}")
        return request_id

    return call


def split(stack: BenchmarkStack, totals: Mapping[str, float], container_calls: Mapping[str, float]) -> dict[str, float]:
    """The median of each part, in milliseconds.

    :param totals: by id, what each request took for the client.
    :param container_calls: by id, what each of the container's own took.
    """
    function = _by_id(logs.of_function(stack.addresses, stack.outputs["functionName"]))
    log = stack.directory / "endpoints" / stack.outputs["endpointName"] / "container.log"
    container = _by_id(log.read_text().splitlines())
    # The line of the last call may still be to come: it is written after the answer.
    answer = statistics.median(
        taken - _model(container[id_]) for id_, taken in container_calls.items() if id_ in container
    )
    requests = [
        {
            "gateway": total - function[id_]["latencyMs"],
            "function": function[id_]["latencyMs"] - function[id_]["fetchMs"] - function[id_]["endpointMs"],
            "fetch": function[id_]["fetchMs"],
            "hop": function[id_]["endpointMs"] - _model(container[id_]) - answer,
            "decode": container[id_]["prepareMs"],
            "forward": container[id_]["predictMs"],
            "answer": answer,
        }
        for id_, total in totals.items()
    ]
    return {part: statistics.median(request[part] for request in requests) for part in PARTS}


def _model(line: dict[str, float]) -> float:
    return line["prepareMs"] + line["predictMs"]


def _by_id(lines: Iterable[str]) -> dict[str, dict[str, Any]]:
    documents = (json.loads(line) for line in lines)
    return {document["requestId"]: document for document in documents if "latencyMs" in document}
