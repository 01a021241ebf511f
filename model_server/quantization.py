"""Post-training static quantisation: a network whose convolutions and matrix products compute in 8-bit integers.

https://docs.pytorch.org/docs/stable/quantization.html
"""

import copy
import warnings
from collections.abc import Collection

import torch
from torch import Tensor, nn
from torch.ao.quantization import get_default_qconfig_mapping
from torch.ao.quantization.quantize_fx import convert_fx, prepare_fx

# Weights in 8 bits for each channel, activations in 7, because CPUs without VNNI add two products in 16 bits. An
# artifact must answer alike on every instance type.
_BACKEND = "x86"
BATCH = 50


def quantize(network: nn.Module, calibration: Tensor, float_layers: Collection[str] = ()) -> torch.jit.ScriptModule:
    """Return the network in int8, as a graph for images `[N, 3, H, W]`.

    The ranges of its activations are learnt from the calibration images, float `[n, 3, H, W]`, as the network takes
    them. float_layers: names of modules that stay as they are.

    Raises:
        ValueError: the network cannot be quantised.
    """
    example = calibration[:1]
    layers = get_default_qconfig_mapping(_BACKEND)
    for name in float_layers:
        layers.set_module_name(name, None)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # of PyTorch's about itself: none is about the network
        try:
            prepared = prepare_fx(copy.deepcopy(network), layers, (example,))
            for batch in torch.split(calibration, BATCH):
                prepared(batch)
            traced: torch.jit.ScriptModule = torch.jit.trace(  # type: ignore[no-untyped-call]
                convert_fx(prepared), example, check_trace=False
            )
        except Exception as error:
            # Whatever a network's own code raises when it is traced: TraceError, TypeError, RuntimeError...
            raise ValueError(f"{type(network).__name__} cannot be quantised: {error}") from error
    return traced
