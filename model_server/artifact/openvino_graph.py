"""Computes a network with OpenVINO, which a container may have beside PyTorch: small networks are much faster.

https://docs.openvino.ai/2026/openvino-workflow/model-preparation/convert-model-pytorch.html
"""

from __future__ import annotations

import os
import sys
import threading
import warnings

import torch
from torch import Tensor, nn

# With this package, OpenVINO reports to Intel that it is used; without, it works as well.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
import openvino  # noqa: E402


class OpenVinoGraph:
    """A compiled network: float images `[N, 3, H, W]` in, logits `[N, number of labels]` out; called by any threads.

    As PyTorch does here, it computes each call with `torch.get_num_threads()` threads, and as many calls at a time as
    there are cores for.
    """

    def __init__(self, network: nn.Module, image_size: tuple[int, int]) -> None:
        """network: in evaluation mode. image_size: height and width of all images.

        Raises:
            RuntimeError: the network cannot take images of this size, or OpenVINO cannot compute it.
        """
        height, width = image_size
        with warnings.catch_warnings(), torch.inference_mode():
            # As in graph.py.
            warnings.simplefilter("ignore", torch.jit.TracerWarning)  # type: ignore[attr-defined]
            warnings.simplefilter("ignore", DeprecationWarning)
            model = openvino.convert_model(network, example_input=torch.zeros(1, 3, height, width))
        model.reshape([-1, 3, height, width])
        cores = os.cpu_count() or 1
        settings = {
            "INFERENCE_NUM_THREADS": cores,
            "NUM_STREAMS": max(1, cores // torch.get_num_threads()),
            "INFERENCE_PRECISION_HINT": "f32",  # not bfloat16, which it prefers where the CPU has that
        }
        self._compiled = openvino.Core().compile_model(model, "CPU", settings)
        self._of_thread = threading.local()

    def __call__(self, images: Tensor) -> Tensor:
        """Compute, with a request of the calling thread's own: its tensors are used again."""
        if not hasattr(self._of_thread, "request"):
            self._of_thread.request = self._compiled.create_infer_request()
        (logits,) = self._of_thread.request.infer([images.numpy()], share_inputs=True).values()
        return torch.from_numpy(logits)
