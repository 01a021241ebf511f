"""Convolutions whose weights lie in memory as oneDNN's kernels read them.

PyTorch's own lay them out anew for every image, which takes a quarter of a ResNet-18's time and two fifths of a
ResNet-50's. PyTorch's compiler packs weights as well, but needs a C++ compiler, or an artifact for one CPU and version.
"""

from __future__ import annotations

from functools import partial
from typing import cast

import torch
from torch import Tensor, nn
from torch.fx.experimental.optimization import fuse


def can_pack() -> bool:
    """Whether PyTorch has oneDNN here, and uses it."""
    return torch.backends.mkldnn.is_available() and bool(torch.backends.mkldnn.enabled)  # type: ignore[no-untyped-call]


def pack_convolutions(network: nn.Module, image_size: tuple[int, int]) -> nn.Module:
    """Return one of torchvision's classifiers, in evaluation mode, with packed convolutions where that is quicker.

    Batch normalisation becomes part of the convolutions first. image_size: the height and width for which weights are
    laid out; images of other sizes are computed as well.

    Raises:
        RuntimeError: the network cannot take images of this size.
    """
    packed = fuse(network, inplace=True)
    for name, input_size in _input_sizes(packed, image_size).items():
        packed.set_submodule(name, _PackedConvolution(cast(nn.Conv2d, packed.get_submodule(name)), input_size))
    return packed


def _input_sizes(network: nn.Module, image_size: tuple[int, int]) -> dict[str, torch.Size]:
    """The names of the convolutions that gain by it, and what each is given for one image, `[1, C, H, W]`."""
    sizes: dict[str, torch.Size] = {}

    def note(name: str, _: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        # Of a single pixel it is a matrix product, for which PyTorch's own takes less time.
        if inputs[0].shape[2:].numel() > 1:
            sizes[name] = inputs[0].shape

    hooks = [
        layer.register_forward_pre_hook(partial(note, name))
        for name, layer in network.named_modules()
        if isinstance(layer, nn.Conv2d) and layer.padding_mode == "zeros" and not isinstance(layer.padding, str)
    ]
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


# Tracing could not record the call of the operator, one of whose arguments is an empty list.
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
