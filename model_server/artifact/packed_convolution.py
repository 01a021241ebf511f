"""Convolutions whose weights lie in memory as oneDNN's kernels read them.

PyTorch's own lay them out anew for every image, which takes a quarter of a ResNet-18's time and two fifths of a
ResNet-50's. PyTorch's compiler packs weights as well, but needs a C++ compiler, or an artifact for one CPU and version.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import torch
from torch import Tensor, nn
from torch.fx import GraphModule, Interpreter, symbolic_trace
from torch.fx.node import Node, Target
from torch.nn.utils import fuse_conv_bn_weights


def can_pack() -> bool:
    """Whether PyTorch has oneDNN here, and uses it."""
    return torch.backends.mkldnn.is_available() and bool(torch.backends.mkldnn.enabled)  # type: ignore[no-untyped-call]


def pack_convolutions(network: nn.Module, image_size: tuple[int, int]) -> nn.Module:
    """Return one of torchvision's classifiers, in evaluation mode, with packed convolutions where that is quicker.

    Batch normalisation becomes part of the convolutions first, which changes those of the given network as well.
    image_size: the height and width for which weights are laid out; images of other sizes are computed as well.

    Raises:
        RuntimeError: the network cannot take images of this size.
    """
    packed = symbolic_trace(network)
    with torch.inference_mode():
        _fold_batch_normalisation(packed)
        packing = _Packing(packed)
        packing.extra_traceback = False  # an error's message is what the layer says, not where in the graph that was
        packing.run(torch.zeros(1, 3, *image_size))
    return packed


def _fold_batch_normalisation(network: GraphModule) -> None:
    """Make it part of the convolution before it, where nothing else uses that, or what it computes.

    As `torch.fx.experimental.optimization.fuse` does, which copies all weights on the way and takes twice as long.
    """
    layers = dict(network.named_modules())

    def layer(node: Node) -> nn.Module | None:
        return layers.get(str(node.target)) if node.op == "call_module" else None

    calls = Counter(node.target for node in network.graph.nodes)
    for node in network.graph.nodes:
        if len(node.users) != 1 or calls[node.target] != 1:
            continue
        (user,) = node.users
        match layer(node), layer(user):
            case (
                nn.Conv2d() as convolution,
                nn.BatchNorm2d(running_mean=Tensor() as mean, running_var=Tensor() as variance) as norm,
            ):
                convolution.weight, convolution.bias = fuse_conv_bn_weights(
                    convolution.weight, convolution.bias, mean, variance, norm.eps, norm.weight, norm.bias
                )
                user.replace_all_uses_with(node)
                network.graph.erase_node(user)
    network.delete_all_unused_submodules()
    network.recompile()


class _Packing(Interpreter):
    """Runs a network for one image, `[1, 3, H, W]`, and packs each convolution for what first comes to it."""

    def call_module(self, target: Target, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        layer = self.fetch_attr(str(target))
        if not (isinstance(layer, nn.Conv2d) and _worth_packing(layer, *args)):
            return layer(*args, **kwargs)
        (images,) = args
        self.module.set_submodule(str(target), _PackedConvolution(layer, images.shape))
        # What comes next needs the shape alone, which no images have as well, and are convolved in no time.
        return images.new_zeros(len(images), *layer(images[:0]).shape[1:])


def _worth_packing(convolution: nn.Conv2d, images: Tensor) -> bool:
    """Whether it can be packed and then takes less time: of a single pixel, a matrix product, PyTorch's own does."""
    can_be_packed = convolution.padding_mode == "zeros" and not isinstance(convolution.padding, str)
    return can_be_packed and images.shape[2:].numel() > 1


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
