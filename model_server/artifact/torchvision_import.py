"""Imports torchvision, also where its C++ operators cannot load, and without PyTorch's compiler."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import torch

_OPERATOR_MISSING = "operator torchvision::nms does not exist"
_COMPILER = "torch._dynamo.utils"


def import_torchvision() -> ModuleType:
    """Return the torchvision package.

    PyPI's torchvision wheel for Linux is built against the CUDA build of torch. Next to a CPU build its C++ library
    does not load, and importing torchvision fails because it registers Python counterparts for two operators, `nms`
    and `qnms`, that were to come from that library. Classifiers and transforms use neither, so declaring the operators
    without implementing them is enough. Detection models and `torchvision.io` decoders stay unavailable there.

    The declarations are made only after the import failed for exactly this reason: beside a working C++ library they
    would be duplicates, which is an error.
    """
    with _compiler_on_demand():
        try:
            return importlib.import_module("torchvision")
        except RuntimeError as error:
            if _OPERATOR_MISSING not in str(error):
                raise
        for operator in ("nms", "qnms"):
            schema = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
            torch.library.define(f"torchvision::{operator}", schema)
        return importlib.import_module("torchvision")


@contextmanager
def _compiler_on_demand() -> Iterator[None]:
    """Put the import of PyTorch's compiler off until something of it is used.

    torchvision imports one function of it, with which detection models ask whether they can be compiled. With all that
    the compiler imports in turn, from SymPy to distributed training, that is 800 modules: 1 s and 70 MB for nothing.
    """
    if _COMPILER in sys.modules:
        yield
        return
    sys.modules[_COMPILER] = _Compiler(_COMPILER)
    try:
        yield
    finally:
        _forget_stand_in()


class _Compiler(ModuleType):
    """Stands for the module while torchvision is imported."""

    def is_compile_supported(self, device_type: str) -> Any:
        """Ask the module itself."""
        return _compiler().is_compile_supported(device_type)

    def __getattr__(self, name: str) -> Any:
        """Whatever another version of torchvision may import, it finds."""
        if name.startswith("__"):  # Python itself looks for `__path__`
            raise AttributeError(name)
        return getattr(_compiler(), name)


def _compiler() -> ModuleType:
    _forget_stand_in()
    return importlib.import_module(_COMPILER)


def _forget_stand_in() -> None:
    if isinstance(sys.modules.get(_COMPILER), _Compiler):
        sys.modules.pop(_COMPILER, None)
