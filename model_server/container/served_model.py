"""The model that a container serves: loaded once, then called by many threads."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

from model_server.container.hooks import Hooks, load_hooks
from model_server.container.queue import Queue

DEFAULT_ACCEPT = "application/json"


class ServedModel:
    """A model directory's hooks and model."""

    def __init__(self, model_dir: Path, places: int = 1) -> None:
        """places: predictions at a time."""
        self._model_dir = model_dir
        self._queue = Queue(places)
        self._loaded: tuple[Hooks, Any] | None = None

    @property
    def loaded(self) -> bool:
        """Whether `load` is done."""
        return self._loaded is not None

    def load(self) -> None:
        """Import the model code and load the model; raises whatever they raise."""
        # Importing torch makes about a million objects that live as long as the process. Searching them for garbage,
        # time and again, takes a fifth of the start-up.
        gc.disable()
        try:
            hooks = load_hooks(self._model_dir)
            self._loaded = hooks, hooks.model_fn(str(self._model_dir))
        finally:
            gc.freeze()
            gc.enable()

    def invoke(self, body: bytes, content_type: str | None, accept: str | None) -> tuple[str | bytes, str]:
        """Pass one request through the hooks, and return the answer with its media type.

        As in AWS's containers, `output_fn` returns both, or the answer alone if its type is the one that was asked for.
        https://github.com/aws/sagemaker-inference-toolkit/blob/master/src/sagemaker_inference/transformer.py

        Only `predict_fn` keeps a core busy, so only that waits for a turn; `input_fn` may wait for a slow web server.

        Raises:
            QueueFull: too many requests are waiting for the model.
            RuntimeError: the model is not loaded.
            Exception: whatever the hooks raise. An error with an attribute `status_code` is the request's fault.
        """
        if self._loaded is None:
            raise RuntimeError(f"{self._model_dir} is not loaded")
        hooks, model = self._loaded
        accepted = DEFAULT_ACCEPT if accept in (None, "", "*/*") else accept
        data = hooks.input_fn(body, content_type)
        with self._queue.turn():
            prediction = hooks.predict_fn(data, model)
        answer = hooks.output_fn(prediction, accepted)
        return answer if isinstance(answer, tuple) else (answer, accepted)
