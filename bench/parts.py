"""Where one request spends its time.

How long it took the client, and what its function and its container have logged about it, belong together by the
request's id. What no log tells is measured beside it, by sockets that only send and receive (bench/bare_calls.py): what
a host takes to send the image, the stand-in for SageMaker to answer, and the container alone.
"""

import json
import statistics
from collections.abc import Iterable, Mapping
from typing import Any

from bench.stack import BenchmarkStack
from harness import logs

# In the order in which a request passes through. The gateway is MiniStack, with the process in which it runs the
# function; the clients are the function's, what its guarded fetcher and its client of the endpoint take beyond a bare
# socket; the hop is the stand-in for SageMaker; the answer is all that the container does beside decoding and
# predicting, until its answer has arrived.
PARTS = ("gateway", "function", "clients", "fetch", "hop", "decode", "forward", "answer")
EMULATED = ("gateway", "hop")
UNAVOIDABLE = ("fetch", "decode", "forward")
OURS = ("function", "clients", "answer")

Calls = Mapping[str, float]
"""What calls have taken, in milliseconds, by id."""


def split(stack: BenchmarkStack, totals: Calls, fetch: float, endpoint: Calls, container: Calls) -> dict[str, float]:
    """The median of each part, in milliseconds.

    :param totals: what each request took for the client.
    :param fetch: what a bare fetch of the image takes.
    :param endpoint: what bare calls of the stand-in took.
    :param container: what bare calls of the container took.
    """
    function = _by_id(logs.of_function(stack.addresses, stack.outputs["functionName"]))
    log = stack.directory / "endpoints" / stack.outputs["endpointName"] / "container.log"
    model = _by_id(log.read_text().splitlines())

    def beside_the_model(calls: Calls) -> float:
        # The line of the last call may still be to come: it is written after the answer.
        logged = [(taken, model[id_]) for id_, taken in calls.items() if id_ in model]
        return float(statistics.median(taken - line["prepareMs"] - line["predictMs"] for taken, line in logged))

    answer = beside_the_model(container)
    hop = beside_the_model(endpoint) - answer
    requests = []
    for id_, total in totals.items():
        outside = function[id_]["fetchMs"] + function[id_]["endpointMs"]
        parts = {"fetch": fetch, "hop": hop, "answer": answer}
        parts |= {"decode": model[id_]["prepareMs"], "forward": model[id_]["predictMs"]}
        parts |= {"clients": outside - sum(parts.values()), "function": function[id_]["latencyMs"] - outside}
        requests.append(parts | {"gateway": total - sum(parts.values())})
    return {part: statistics.median(request[part] for request in requests) for part in PARTS}


def _by_id(lines: Iterable[str]) -> dict[str, dict[str, Any]]:
    documents = (json.loads(line) for line in lines)
    return {document["requestId"]: document for document in documents if "latencyMs" in document}
