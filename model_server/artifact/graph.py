"""Turns a network into a graph that computes the same without Python."""

from __future__ import annotations

import warnings
from pathlib import Path

import torch
from packed_convolution import can_pack, pack_convolutions
from torch import nn

# TorchScript measures the first runs, and compiles the graph anew after them.
_WARM_UP_RUNS = 3


def trace(network: nn.Module, image_size: tuple[int, int]) -> torch.jit.ScriptModule:
    """Return the network as a frozen graph for images `[1, 3, H, W]`.

    Batch normalisation becomes part of the convolutions, weights are laid out as CPUs read them, and a run neither
    calls Python for each layer nor holds its lock: threads compute side by side.

    Raises:
        RuntimeError: the network cannot take images of this size.
    """
    with warnings.catch_warnings(), torch.inference_mode():
        # Of shapes that become constants, which is meant, and that TorchScript gets no new features.
        warnings.simplefilter("ignore", torch.jit.TracerWarning)  # type: ignore[attr-defined]
        warnings.simplefilter("ignore", DeprecationWarning)
        if can_pack():
            network = pack_convolutions(network, image_size)
        else:
            network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        example = torch.zeros(1, 3, *image_size)
        traced = torch.jit.trace(network, example, check_trace=False)  # type: ignore[no-untyped-call]
        return _warmed_up(torch.jit.freeze(traced), image_size)


def load(file: Path, image_size: tuple[int, int], quantized_engine: str | None = None) -> torch.jit.ScriptModule:
    """Return the graph that `torch.jit.save` wrote.

    quantized_engine: whose kernels compute in 8 bits, where the CPU can run them; the process's other graphs keep
    theirs, for weights are laid out for an engine when they are loaded.

    Raises:
        ValueError: the file is no such graph.
        RuntimeError: the graph cannot take images of this size.
    """
    if quantized_engine in torch.backends.quantized.supported_engines:
        torch.backends.quantized.engine = quantized_engine
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            graph = torch.jit.load(file, map_location="cpu")  # type: ignore[no-untyped-call]
        except RuntimeError as error:
            raise ValueError(f"{file.name} is not a TorchScript file: {error}") from error
        return _warmed_up(torch.jit.freeze(graph.eval()), image_size)


def _warmed_up(graph: torch.jit.ScriptModule, image_size: tuple[int, int]) -> torch.jit.ScriptModule:
    """Run the graph until it is compiled, so that no request pays for that."""
    for _ in range(_WARM_UP_RUNS):
        graph(torch.zeros(1, 3, *image_size))
    return graph
