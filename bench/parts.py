"""Where one request spends its time.

How long it took the client, and what its function has logged about it, belong together by the request's id. What no log
tells is measured beside it: the container, asked without anything in front, and what it does with an image, by the same
model code in a process that does nothing else.
"""

import importlib
import json
import os
import statistics
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import psutil
import urllib3

from bench.stack import BenchmarkStack
from harness import logs

# In the order in which a request passes through. The gateway is MiniStack, with the process in which it runs the
# function; the hop is the stand-in for SageMaker, between function and container; the answer is all that the container
# does beside its work.
PARTS = ("gateway", "function", "fetch", "hop", "decode", "forward", "answer")
EMULATED = ("gateway", "hop")
UNAVOIDABLE = ("fetch", "decode", "forward")
OURS = ("function", "answer")


def model_calls(model: Path, image: bytes) -> dict[str, Callable[[], object]]:
    """Decoding one image, and one forward pass, as the artifact's own code does them."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # as in the container; torch reads it when it is imported
    sys.path.insert(0, str(model / "code"))
    inference = importlib.import_module("inference")
    torch = importlib.import_module("torch")
    loaded = inference.model_fn(str(model))
    tensor = inference.to_tensor(image, loaded.manifest)

    def decode() -> object:
        return inference.to_tensor(image, loaded.manifest)

    def forward() -> object:
        with torch.inference_mode():
            return loaded.network(tensor)

    return {"decode": decode, "forward": forward}


def container_call(stack: BenchmarkStack, image: bytes) -> Callable[[], object]:
    """Asking the model's container itself, as SageMaker does."""
    health = urllib3.request("GET", f"{stack.addresses.sagemaker_url}/_health").json()
    process = psutil.Process(health["endpoints"][0]["container_pid"])
    [port] = {each.laddr.port for each in process.net_connections() if each.status == psutil.CONN_LISTEN}
    pool = urllib3.connection_from_url(f"http://127.0.0.1:{port}", retries=False)
    headers = {"Content-Type": "image/jpeg"}
    return lambda: pool.urlopen("POST", "/invocations", body=image, headers=headers).data


def split(
    stack: BenchmarkStack, totals: Mapping[str, float], container: float, decode: float, forward: float
) -> dict[str, float]:
    """The median of each part, in milliseconds.

    :param totals: by id, what each request took for the client.
    :param container: what the container takes for an image, decoding and forward pass included.
    """
    function = _by_id(logs.of_function(stack.addresses, stack.outputs["functionName"]))
    requests = [
        {
            "gateway": total - function[id_]["latencyMs"],
            "function": function[id_]["latencyMs"] - function[id_]["fetchMs"] - function[id_]["endpointMs"],
            "fetch": function[id_]["fetchMs"],
            "hop": function[id_]["endpointMs"] - container,
            "decode": decode,
            "forward": forward,
            "answer": container - decode - forward,
        }
        for id_, total in totals.items()
    ]
    return {part: statistics.median(request[part] for request in requests) for part in PARTS}


def _by_id(lines: Iterable[str]) -> dict[str, dict[str, Any]]:
    documents = (json.loads(line) for line in lines)
    return {document["requestId"]: document for document in documents if "latencyMs" in document}
