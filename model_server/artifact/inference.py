"""The four functions that a SageMaker PyTorch container calls, and two with which this project's makes batches.

`model_fn` is called once. Every request then passes through `input_fn`, `predict_fn` and `output_fn`, in this project's
container not all in one thread; several requests may be under way at once. `prepare_fn` and `predict_batch_fn` are the
two halves of `predict_fn`.
Contract: https://sagemaker.readthedocs.io/en/stable/frameworks/pytorch/using_pytorch.html#serve-a-pytorch-model
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple

import graph
import torch
from allocator import return_free_memory, return_large_blocks
from checkpoint import read_state_dict
from classifier import load_classifier
from errors import RequestError
from image import to_tensor
from image_request import read_image
from manifest import Manifest
from torch import Tensor, nn

# What computes networks in float: torch (the default) or openvino. Graphs in 8 bits are PyTorch's.
RUNTIME = "INFERENCE_RUNTIME"
RUNTIMES = ("torch", "openvino")

Graph = Callable[[Tensor], Tensor]


class Model(NamedTuple):
    """A classifier and how to prepare its input."""

    network: Graph
    manifest: Manifest


def model_fn(model_dir: str) -> Model:
    """Load the model from the unpacked artifact and run it, so that the first request does not pay for that.

    Raises:
        ValueError: the artifact's parts do not fit each other; the message says which and how.
        OSError: a part is missing.
    """
    return_large_blocks()
    artifact = Path(model_dir)
    manifest = Manifest.read(artifact / "manifest.json")
    runtime = os.environ.get(RUNTIME, RUNTIMES[0])
    if runtime not in RUNTIMES:
        raise ValueError(f"{RUNTIME} must be {' or '.join(RUNTIMES)}, not {runtime!r}")
    try:
        network = _load_network(artifact, manifest, runtime)
    except (AssertionError, RuntimeError) as error:
        height, width = manifest.image_size
        raise ValueError(f"{manifest.architecture} cannot take images of {height} x {width} pixels: {error}") from error
    return_free_memory()
    return Model(network, manifest)


def _load_network(artifact: Path, manifest: Manifest, runtime: str) -> Graph:
    """What `model_server.optimize` wrote is a graph already; a checkpoint becomes one here."""
    if manifest.precision == "int8":
        return graph.load(artifact / "model.pt", manifest.image_size, manifest.quantized_engine)
    make_graph = _openvino_graph() if runtime == "openvino" else graph.trace
    # Nothing here may keep the weights: the graph has its own.
    return make_graph(
        load_classifier(
            manifest.architecture,
            read_state_dict(artifact / "model.pth"),
            len(manifest.labels),
            manifest.image_size,
        ),
        manifest.image_size,
    )


def _openvino_graph() -> Callable[[nn.Module, tuple[int, int]], Graph]:
    try:
        from openvino_graph import OpenVinoGraph
    except ModuleNotFoundError as error:
        if error.name != "openvino":
            raise
        raise ValueError(
            f"{RUNTIME} is openvino, which is not installed here. Set {RUNTIME}=torch, build the container with "
            f"--build-arg {RUNTIME}=openvino, or run: pip install -r locks/openvino.txt"
        ) from error
    return OpenVinoGraph


def input_fn(request_body: bytes | str, content_type: str | None) -> bytes:
    """Return the image file that the request carries or points to.

    It is decoded in `predict_fn`, which knows the size that the model wants.

    Raises:
        RequestError: status 415 or 400.
    """
    return read_image(request_body, content_type)


def predict_fn(image_file: bytes, model: Model) -> Tensor:
    """Return the logits, `[1, number of labels]`. Raises as `prepare_fn`."""
    (logits,) = predict_batch_fn([prepare_fn(image_file, model)], model)
    return logits


def prepare_fn(image_file: bytes, model: Model) -> Tensor:
    """Return what the network takes for one image, `[1, 3, H, W]`.

    Raises:
        RequestError: status 400, the image cannot be decoded.
    """
    return to_tensor(image_file, model.manifest)


def predict_batch_fn(images: list[Tensor], model: Model) -> list[Tensor]:
    """Return the logits for each of several prepared images, `[1, number of labels]` each."""
    with torch.inference_mode():
        return list(torch.split(model.network(torch.cat(images)), 1))


def output_fn(prediction: Tensor, accept: str | None) -> tuple[str, str]:
    """Return the logits as JSON, a list with one list of numbers for the one image, and their media type.

    Raises:
        RequestError: status 406.
        ValueError: a logit is NaN or infinite.
    """
    accepted = {item.partition(";")[0].strip().lower() for item in (accept or "*/*").split(",")}
    if accepted.isdisjoint({"application/json", "application/*", "*/*"}):
        raise RequestError(HTTPStatus.NOT_ACCEPTABLE, f"Answers are application/json, which is not among: {accept}")
    rows: list[list[float]] = prediction.tolist()
    if not all(math.isfinite(logit) for row in rows for logit in row):
        raise ValueError(f"the model computed {rows}, which JSON cannot express")
    return json.dumps(rows), "application/json"
