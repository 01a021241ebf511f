"""Layers whose weights lie in memory as oneDNN's kernels read them.

PyTorch's own convolution lays them out anew for every image, which takes a quarter of a ResNet-18's time and nearly
half of a ResNet-50's. Its matrix product is MKL's, which is slow on AMD's CPUs: a ConvNeXt takes twice as long there.
`torch.compile` packs weights as well, but needs a C++ compiler where the model is served.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.fx.experimental.optimization import fuse

Layer = nn.Conv2d | nn.Linear


def pack_layers(network: nn.Module, image_size: tuple[int, int]) -> nn.Module:
    """Return the network, in evaluation mode, with packed layers; as it is, where PyTorch has no oneDNN.

    Batch normalisation becomes part of the convolutions first. The given network is used up, so that no weight is in
    memory twice. image_size: the height and width for which weights are laid out; others are computed as well.

    Raises:
        RuntimeError: the network cannot take images of this size.
    """
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return network
    network = fuse(network, inplace=True)
    names = {layer: name for name, layer in network.named_modules() if isinstance(layer, Layer)}
    for layer, input_size in _input_sizes(network, names, image_size).items():
        if isinstance(layer, nn.Linear):
            network.set_submodule(names[layer], _PackedLinear(layer, input_size))
        elif layer.padding_mode == "zeros" and not isinstance(layer.padding, str):
            network.set_submodule(names[layer], _PackedConvolution(layer, input_size))
    return network


def _input_sizes(network: nn.Module, layers: Iterable[Layer], image_size: tuple[int, int]) -> dict[Layer, torch.Size]:
    """What each of the layers is given for one image; those are left out whose weights others use directly."""
    sizes: dict[Layer, torch.Size] = {}

    def note(layer: Layer, inputs: tuple[Tensor, ...]) -> None:
        sizes[layer] = inputs[0].shape

    hooks = [layer.register_forward_pre_hook(note) for layer in layers]
    with torch.inference_mode():
        network(torch.zeros(1, 3, *image_size))
    for hook in hooks:
        hook.remove()
    return sizes


class _PackedConvolution(nn.Module):
    """For inference, on images `[N, C, H, W]`."""

    weight: Tensor
    bias: Tensor | None

    def __init__(self, convolution: nn.Conv2d, input_size: torch.Size) -> None:
        super().__init__()
        self._geometry = (convolution.padding, convolution.stride, convolution.dilation, convolution.groups)
        weight = convolution.weight.detach().to_mkldnn()
        packed = torch.ops.aten.mkldnn_reorder_conv2d_weight(weight, *self._geometry, input_size)
        self.register_buffer("weight", packed)
        self.register_buffer("bias", convolution.bias)

    def forward(self, images: Tensor) -> Tensor:
        result: Tensor = _convolve(images, self.weight, self.bias, *self._geometry)
        return result


class _PackedLinear(nn.Module):
    """For inference, on rows `[..., in_features]`."""

    weight: Tensor
    bias: Tensor | None

    def __init__(self, linear: nn.Linear, input_size: torch.Size) -> None:
        super().__init__()
        packed = torch.ops.mkldnn._reorder_linear_weight(linear.weight.detach(), input_size[:-1].numel())
        self.register_buffer("weight", packed)
        self.register_buffer("bias", linear.bias)

    def forward(self, rows: Tensor) -> Tensor:
        result: Tensor = _multiply(rows, self.weight, self.bias)
        return result


# Tracing could not record the calls of the operators, one of whose arguments is an empty list.


@torch.jit.script_if_tracing  # type: ignore[untyped-decorator]
def _convolve(
    images: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    padding: tuple[int, int],
    stride: tuple[int, int],
    dilation: tuple[int, int],
    groups: int,
) -> Tensor:
    images = images.contiguous(memory_format=torch.channels_last)
    return torch.ops.mkldnn._convolution_pointwise(  # type: ignore[no-any-return]
        images, weight, bias, padding, stride, dilation, groups, "none", [], None
    )


@torch.jit.script_if_tracing  # type: ignore[untyped-decorator]
def _multiply(rows: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    return torch.ops.mkldnn._linear_pointwise(rows, weight, bias, "none", [], None)  # type: ignore[no-any-return]
