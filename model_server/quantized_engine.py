"""Whose 8-bit kernels are the fastest for a network: oneDNN's for large layers, FBGEMM's for many small ones.

On one core, a ResNet-18 took 3.2 times as long with FBGEMM's; the sample model, a MobileNet, 1.3 times as long with
oneDNN's, and in batches 2.4 times: its convolutions lay their weights out anew for each batch that is not of the size
that they met first.
"""

import sys
import time
from collections.abc import Sequence
from pathlib import Path

import torch

from model_server.package import MODEL_CODE

sys.path.insert(0, str(MODEL_CODE))
import graph

# PyTorch's names: `x86` has most of its kernels from oneDNN.
ENGINES = ("x86", "fbgemm")

_RUNS = 50


def fastest_engine(file: Path, image_size: tuple[int, int]) -> str:
    """Return the engine with which the 8-bit graph in the file takes the least time for one image on one core."""
    engines = [engine for engine in ENGINES if engine in torch.backends.quantized.supported_engines]
    seconds = seconds_per_image([graph.load(file, image_size, engine) for engine in engines], image_size)
    return engines[seconds.index(min(seconds))]


@torch.inference_mode()
def seconds_per_image(graphs: Sequence[torch.jit.ScriptModule], image_size: tuple[int, int]) -> list[float]:
    """The quickest of many runs of each graph; they take turns, so that all meet the same machine."""
    image = torch.zeros(1, 3, *image_size)

    def seconds(graph: torch.jit.ScriptModule) -> float:
        started_at = time.perf_counter()
        graph(image)
        return time.perf_counter() - started_at

    rounds = [[seconds(graph) for graph in graphs] for _ in range(_RUNS)]
    return [min(runs) for runs in zip(*rounds, strict=True)]
