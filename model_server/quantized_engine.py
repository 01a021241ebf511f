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
_BATCH_SIZES = (1, 2, 4)  # as requests come


def fastest_engine(file: Path, image_size: tuple[int, int]) -> str | None:
    """Return the engine with which the 8-bit graph in the file takes the least time; None where only others run."""
    engines = [engine for engine in ENGINES if engine in torch.backends.quantized.supported_engines]
    seconds = seconds_for([graph.load(file, image_size, engine) for engine in engines], image_size, _BATCH_SIZES)
    return engines[seconds.index(min(seconds))] if engines else None


@torch.inference_mode()
def seconds_for(
    graphs: Sequence[torch.jit.ScriptModule], image_size: tuple[int, int], batch_sizes: Sequence[int] = (1,)
) -> list[float]:
    """How long each graph takes for these batches, on one core.

    The quickest of many runs counts, in which the graphs take turns, so that all meet the same machine.
    """
    batches = [torch.zeros(size, 3, *image_size) for size in batch_sizes]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)

    def seconds(graph: torch.jit.ScriptModule) -> float:
        started_at = time.perf_counter()
        for batch in batches:
            graph(batch)
        return time.perf_counter() - started_at

    rounds = [[seconds(graph) for graph in graphs] for _ in range(_RUNS)]
    torch.set_num_threads(threads)
    return [min(runs) for runs in zip(*rounds, strict=True)]
