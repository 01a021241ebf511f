"""Computes a network with OpenVINO, which a container may have beside PyTorch.

https://docs.openvino.ai/2026/openvino-workflow/running-inference.html
"""

from __future__ import annotations

import os
import sys
import threading
import warnings

import torch
from torch import Tensor, nn

# With this package, OpenVINO reports to Intel that it is used; without, it works as well.
sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
import openvino  # noqa: E402
from openvino.frontend import FrontEndManager  # noqa: E402
from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder  # noqa: E402


class OpenVinoGraph:
    """A compiled network: float images `[N, 3, H, W]` in, logits `[N, number of labels]` out; called by any threads.

    As PyTorch does here, it computes each call with `torch.get_num_threads()` threads, and as many calls at a time as
    the container has workers.
    """

    def __init__(self, network: nn.Module, image_size: tuple[int, int]) -> None:
        """network: in evaluation mode. image_size: height and width of all images.

        Raises:
            RuntimeError: the network cannot take images of this size.
            ValueError: OpenVINO cannot compute it.
        """
        image = torch.zeros(1, 3, *image_size)
        with torch.inference_mode():
            network(image)
        self._of_thread = threading.local()
        try:
            self._compiled = _compile(network, image)
            self(image)  # what fails in the first run only, or is slow in it, is so here
        except Exception as error:
            # Its errors have many classes; some are RuntimeErrors, others not. Some say a page, others nothing.
            reason = " ".join(str(error).split()) or type(error).__name__
            name = type(network).__name__
            raise ValueError(
                f"OpenVINO cannot compute {name}, but PyTorch can: set INFERENCE_RUNTIME=torch. {reason}"
            ) from error

    def __call__(self, images: Tensor) -> Tensor:
        """Compute, with a request of the calling thread's own: its tensors are used again."""
        if not hasattr(self._of_thread, "request"):
            self._of_thread.request = self._compiled.create_infer_request()
        (logits,) = self._of_thread.request.infer([images.numpy()], share_inputs=True).values()
        return torch.from_numpy(logits)


def _compile(network: nn.Module, image: Tensor) -> openvino.CompiledModel:
    """Compile the network for any number of images of this size.

    openvino.convert_model() does the same, but silences all loggers meanwhile.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", torch.jit.TracerWarning)  # type: ignore[attr-defined]  # as in graph.py
        warnings.simplefilter("ignore", DeprecationWarning)
        decoder = TorchScriptPythonDecoder(network, example_input=image)
    frontend = FrontEndManager().load_by_framework("pytorch")
    converted = frontend.convert(frontend.load(decoder))
    converted.reshape([-1, *image.shape[1:]])
    workers = int(os.environ.get("SAGEMAKER_MODEL_SERVER_WORKERS", "1"))
    settings = {
        "INFERENCE_NUM_THREADS": workers * torch.get_num_threads(),
        "NUM_STREAMS": workers,
        "INFERENCE_PRECISION_HINT": "f32",  # not bfloat16, which it prefers where the CPU has that
    }
    return openvino.Core().compile_model(converted, "CPU", settings)
