"""Imports torchvision, also where its C++ operators cannot load."""

from __future__ import annotations

import importlib
from types import ModuleType

import torch

_OPERATOR_MISSING = "operator torchvision::nms does not exist"


def import_torchvision() -> ModuleType:
    """Return the torchvision package.

    PyPI's torchvision wheel for Linux is built against the CUDA build of torch. Next to a CPU build its C++ library
    does not load, and importing torchvision fails because it registers Python counterparts for two operators, `nms`
    and `qnms`, that were to come from that library. Classifiers and transforms use neither, so declaring the operators
    without implementing them is enough. Detection models and `torchvision.io` decoders stay unavailable there.

    The declarations are made only after the import failed for exactly this reason: beside a working C++ library they
    would be duplicates, which is an error.
    """
    try:
        return importlib.import_module("torchvision")
    except RuntimeError as error:
        if _OPERATOR_MISSING not in str(error):
            raise
    for operator in ("nms", "qnms"):
        torch.library.define(f"torchvision::{operator}", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    return importlib.import_module("torchvision")
