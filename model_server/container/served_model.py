"""The model that a container serves: loaded once, then asked by many threads and run by a few."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from model_server.container.batches import MAX_SIZE
from model_server.container.hooks import Hooks, load_hooks
from model_server.container.queue import Queue, Tell
from model_server.serving.garbage import no_search_for_garbage

DEFAULT_ACCEPT = "application/json"


class _Loaded(NamedTuple):
    hooks: Hooks
    queue: Queue


class ServedModel:
    """A model directory's hooks and model."""

    def __init__(self, model_dir: Path, places: int = 1, max_batch_size: int = MAX_SIZE) -> None:
        """places: how many threads may work at a time. max_batch_size: images that one of them predicts for at once."""
        self._model_dir = model_dir
        self._places = places
        self._max_batch_size = max_batch_size
        self._loaded: _Loaded | None = None

    @property
    def loaded(self) -> bool:
        """Whether `load` is done."""
        return self._loaded is not None

    def load(self) -> None:
        """Import the model code and load the model; raises whatever they raise."""
        with no_search_for_garbage():  # the model code imports torch
            hooks = load_hooks(self._model_dir)
        with no_search_for_garbage():  # apart from that: what the model itself leaves behind is searched for once
            model = hooks.model_fn(str(self._model_dir))
            self._loaded = _Loaded(hooks, self._queue(hooks, model))

    def invoke(self, body: bytes, content_type: str | None, accept: str | None, tell: Tell) -> None:
        """Pass one request through the hooks.

        What keeps a core busy waits for a turn with the model; `input_fn` does not, for it may wait for a slow web
        server. `tell` is called once, in another thread, with the answer and its media type, or with the error.

        Raises:
            QueueFull: too many requests are waiting for the model.
            RuntimeError: the model is not loaded.
            Exception: whatever `input_fn` raises. An error with an attribute `status_code` is the request's fault.
        """
        if self._loaded is None:
            raise RuntimeError(f"{self._model_dir} is not loaded")
        hooks, queue = self._loaded
        accepted = DEFAULT_ACCEPT if accept in (None, "", "*/*") else accept
        data = hooks.input_fn(body, content_type)
        queue.put(data, lambda prediction: hooks.answer(prediction, accepted), tell)

    def _queue(self, hooks: Hooks, model: Any) -> Queue:
        """What makes a prediction of what `input_fn` returns, in its turn; several at once if the hooks can."""
        if hooks.prepare_fn and hooks.predict_batch_fn:
            prepare, predict = hooks.prepare_fn, hooks.predict_batch_fn
            return Queue(
                lambda data: prepare(data, model),
                lambda prepared: predict(prepared, model),
                self._places,
                self._max_batch_size,
            )
        return Queue(lambda data: data, lambda one: [hooks.predict_fn(one[0], model)], self._places, max_batch_size=1)
