"""Predictions for several requests at once, where several come at once and batches pay."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from math import ceil
from typing import Any

from model_server.container.queue import Queue, smoothed

MAX_SIZE = 8

# Seconds that a batch may take. Where one image takes longer than half of that, as with large networks, its layers keep
# a core busy as they are, and a batch would only let the first wait for the last.
MAX_SECONDS = 0.05


_Give = Callable[[], None]


@dataclass
class _Request:
    prediction: Future[Any]
    prepared: Any
    seconds: float
    """What the preparation took."""


class Batches:
    """Prepares each request in its turn, and predicts for those together that are prepared.

    Nobody waits for a batch to fill. Whoever has prepared a request passes the turn on to whoever waits for one; if
    nobody does, there is no reason to wait, and all that are prepared are shared out among those who have turns.
    """

    def __init__(
        self,
        queue: Queue,
        prepare: Callable[[Any], Any],
        predict: Callable[[list[Any]], list[Any]],
        max_size: int = MAX_SIZE,
    ) -> None:
        self._queue = queue
        self._prepare = prepare
        self._predict = predict
        self._max_size = max_size
        self._lock = threading.Lock()
        self._prepared: list[_Request] = []
        self._preparing = 0
        self._seconds_each = MAX_SECONDS  # until it is known

    def prediction(self, data: Any) -> Any:
        """The prediction for one request's data.

        Raises:
            QueueFull: the wait would be too long.
            Exception: whatever preparing or predicting raises.
        """
        given = [data]
        try:
            return self._queue.ask(partial(self._turn, given))
        finally:
            given.clear()

    def _turn(self, given: list[Any], prediction: Future[Any]) -> None:
        answers: list[_Give] = []
        with self._lock:
            self._preparing += 1
        try:
            if prediction.set_running_or_notify_cancel():
                started_at = time.monotonic()
                request = _Request(prediction, self._prepare(given.pop()), time.monotonic() - started_at)
                with self._lock:
                    self._prepared.append(request)
        except BaseException as error:
            answers = [partial(prediction.set_exception, error)]
        finally:
            with self._lock:
                self._preparing -= 1
        while batch := self._next_batch():
            _give(answers)
            answers = self._run(batch)
        _give(answers)

    def _next_batch(self) -> list[_Request]:
        """What to use the turn for; nothing, and it has ended, if somebody else wants it or nothing is left."""
        with self._lock:
            size = self._size()
            if len(self._prepared) < size and self._queue.pass_on():
                return []
            share = min(size, ceil(len(self._prepared) / (1 + self._preparing)))
            batch, self._prepared = self._prepared[:share], self._prepared[share:]
        if not batch:
            self._queue.leave()
        return batch

    def _size(self) -> int:
        """How many a batch may have, from how long one takes at present."""
        return max(1, min(self._max_size, int(MAX_SECONDS / self._seconds_each)))

    def _run(self, batch: list[_Request]) -> list[_Give]:
        """Predict, and return what gives each its prediction, or all the error."""
        started_at = time.monotonic()
        try:
            predictions = self._predict([request.prepared for request in batch])
            if len(predictions) != len(batch):
                raise ValueError(f"the model made {len(predictions)} predictions for {len(batch)} requests")
        except BaseException as error:
            return [partial(request.prediction.set_exception, error) for request in batch]
        seconds_each = (time.monotonic() - started_at) / len(batch)
        with self._lock:
            self._seconds_each = smoothed(self._seconds_each, seconds_each)
        for request in batch:
            self._queue.learn(request.seconds + seconds_each)
        return [partial(each.prediction.set_result, made) for each, made in zip(batch, predictions, strict=True)]


def _give(answers: list[_Give]) -> None:
    while answers:
        answers.pop()()
