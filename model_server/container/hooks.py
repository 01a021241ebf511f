"""Loads the model code of an artifact: the four functions in `code/inference.py`."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Hooks:
    """The functions of SageMaker's PyTorch contract, as the artifact defines them."""

    model_fn: Callable[[str], Any]
    input_fn: Callable[[bytes, str | None], Any]
    predict_fn: Callable[[Any, Any], Any]
    output_fn: Callable[[Any, str | None], str | bytes | tuple[str | bytes, str]]


def load_hooks(model_dir: Path) -> Hooks:
    """Import `code/inference.py`; its folder comes first on `sys.path`, as in AWS's containers.

    One process can load the hooks of one model directory, for the modules beside `inference.py` are imported by their
    plain names.

    Raises:
        FileNotFoundError: there is no `code/inference.py`.
        ValueError: it lacks one of the functions.
    """
    source = model_dir / "code" / "inference.py"
    spec = importlib.util.spec_from_file_location("inference", source)
    if not source.is_file() or spec is None or spec.loader is None:
        raise FileNotFoundError(f"{source} does not exist; is {model_dir} an unpacked model.tar.gz?")
    sys.path.insert(0, str(source.parent))
    inference = importlib.util.module_from_spec(spec)
    sys.modules["inference"] = inference
    spec.loader.exec_module(inference)
    missing = [field.name for field in fields(Hooks) if not callable(getattr(inference, field.name, None))]
    if missing:
        raise ValueError(f"{source} does not define {', '.join(missing)}")
    return Hooks(**{field.name: getattr(inference, field.name) for field in fields(Hooks)})
