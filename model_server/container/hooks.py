"""Loads the model code of an artifact: the four functions in `code/inference.py`."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any

Answer = tuple[str | bytes, str]


@dataclass(frozen=True)
class Hooks:
    """The functions of SageMaker's PyTorch contract, as the artifact defines them, and two of this container's own.

    Where an artifact has `prepare_fn` and `predict_batch_fn`, they take the place of `predict_fn`: the first makes of
    one request's data what the model takes, the second predicts for a list of those.
    """

    model_fn: Callable[[str], Any]
    input_fn: Callable[[bytes, str | None], Any]
    predict_fn: Callable[[Any, Any], Any]
    output_fn: Callable[[Any, str | None], str | bytes | Answer]
    prepare_fn: Callable[[Any, Any], Any] | None = None
    predict_batch_fn: Callable[[list[Any], Any], list[Any]] | None = None

    def answer(self, prediction: Any, accept: str) -> Answer:
        """What `output_fn` makes of a prediction, and its media type.

        As in AWS's containers, it returns both, or the answer alone if its type is the one that was asked for.
        https://github.com/aws/sagemaker-inference-toolkit/blob/master/src/sagemaker_inference/transformer.py
        """
        answer = self.output_fn(prediction, accept)
        return answer if isinstance(answer, tuple) else (answer, accept)


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
    found: dict[str, Any] = {field.name: getattr(inference, field.name, None) for field in fields(Hooks)}
    required = [field.name for field in fields(Hooks) if field.default is MISSING]
    missing = [name for name in required if not callable(found[name])]
    if missing:
        raise ValueError(f"{source} does not define {', '.join(missing)}")
    return Hooks(**found)
