"""Turns a network into a graph that computes the same without Python."""

from __future__ import annotations

import warnings
from itertools import chain
from pathlib import Path

import torch
from packed_convolution import can_pack, pack_convolutions
from torch import Tensor, nn


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
        traced = torch.jit.trace(_Flat(network), example, check_trace=False)  # type: ignore[no-untyped-call]
        return _frozen(traced, example)


class _Flat(nn.Module):
    """A network as one layer that has all of its tensors.

    Tracing makes a script module of each layer, a millisecond each, and freezing throws them away. The tensors are
    registered because what is traced finds them by identity, and a packed weight cannot become a constant instead.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        for number, tensor in enumerate(chain(network.parameters(), network.buffers())):
            self.register_buffer(f"tensor{number}", tensor)
        self._network = [network]  # in a list, so that it is no part of this one
        self.eval()

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self._network[0](images)
        return logits


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
        return _frozen(graph.eval(), torch.zeros(1, 3, *image_size))


def _frozen(graph: torch.jit.ScriptModule, example: Tensor) -> torch.jit.ScriptModule:
    """Freeze the graph, and run it, so that it is compiled, and what cannot run here fails before it serves.

    Left alone, TorchScript measures the first run and compiles again in the second, to fuse layers, for which PyTorch's
    wheels lack LLVM on CPUs.
    """
    frozen: torch.jit.ScriptModule = torch.jit.freeze(graph)
    strategy = torch.jit.set_fusion_strategy([])  # of the process; a graph keeps the one of its first run
    try:
        frozen(example)
    finally:
        torch.jit.set_fusion_strategy(strategy)
    return frozen
