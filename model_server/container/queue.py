"""The queue in front of the model: who is worked on, who waits, and who is turned away."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from math import ceil
from typing import Any

from model_server.container.batches import Batches
from model_server.container.recent_mean import RecentMean
from model_server.container.threads import started_threads

# Seconds. A wait that a visitor hardly minds; whoever would have to wait longer is better told so at once.
MAX_WAIT = 0.5

# What is foreseen is a mean. Whoever was let in gives up after so many times that, and so many times MAX_WAIT at least.
_PATIENCE = 3


class QueueFull(Exception):
    """The request would have to wait too long. `retry_after`: whole seconds until another try makes sense."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"The model is busy. Try again in {retry_after} seconds.")
        self.retry_after = retry_after


Tell = Callable[["QueuedRequest"], None]


class QueuedRequest:
    """What comes of one request's data, step by step, and what the steps take."""

    def __init__(self, data: Any, finish: Callable[[Any], Any], tell: Tell) -> None:
        self.data = data
        self.finish = finish
        self.tell = tell
        self.put_at = time.monotonic()
        self.gives_up_at = float("inf")
        self.prepared: Any = None
        self.answer: Any = None
        self.error: BaseException | None = None
        self.seconds_to_prepare = 0.0
        self.seconds_to_wait = 0.0
        self.seconds_to_predict = 0.0

    def milliseconds(self) -> dict[str, float]:
        """What waiting for a thread and for the batch has taken, preparing, and the prediction of the whole batch."""
        return {
            "waitMs": self.seconds_to_wait * 1000,
            "prepareMs": self.seconds_to_prepare * 1000,
            "predictMs": self.seconds_to_predict * 1000,
        }

    def take_error(self) -> BaseException | None:
        """Return why there is no answer, once.

        An error knows the frames that it came through, and they this request. If it knew the error as well, all of
        them, and with them the image that was to blame, would stay until somebody searches for garbage.
        """
        error, self.error = self.error, None
        return error


class Queue:
    """Has its threads prepare and predict, in the order of arrival.

    It is bounded by time and not by length, for twenty predictions of 10 ms are a short wait and twenty of a second
    are a long one. What a request would have to wait is foreseen from how long requests take at present, and as if all
    threads began together: of two threads, the one for the third who waits is free after two predictions. A queue that
    is never long keeps its promise under any load: those who are let in are served as quickly as ever. But however slow
    the model is, one request may wait for each thread: a few who come at once are all served.
    https://aws.amazon.com/builders-library/avoiding-insurmountable-queue-backlogs/

    No thread idles for a batch to fill. One that has prepared a request goes on to prepare the next that waits, until a
    batch is full; once nobody waits, all that are prepared are shared out among it and those that still prepare.

    The threads are always the same: what a network computes stays in the memory that its thread already has, and in
    the core's cache.
    """

    def __init__(
        self,
        prepare: Callable[[Any], Any],
        predict: Callable[[list[Any]], list[Any]],
        places: int,
        max_batch_size: int,
        max_wait: float = MAX_WAIT,
    ) -> None:
        """prepare: for one request. predict: for several that are prepared. places: threads. max_wait: seconds."""
        self._prepare = prepare
        self._predict = predict
        self._places = places
        self._max_wait = max_wait
        self._threads = started_threads(places, "model")
        self._lock = threading.Lock()
        self._waiting: deque[QueuedRequest] = deque()
        self._crowded = threading.Event()
        self._batches = Batches(max_batch_size)
        self._preparing = 0
        self._free = places
        self._seconds = RecentMean()
        threading.Thread(target=self._refuse_the_overdue, name="overdue", daemon=True).start()

    def put(self, data: Any, finish: Callable[[Any], Any], tell: Tell) -> None:
        """Let a request wait for its turn, in which a thread prepares, predicts, and makes an answer of that.

        finish: makes the answer of the prediction.
        tell: called once, in another thread, when there is an answer or an error. It must not raise, nor take long.

        Raises:
            QueueFull: the wait would be too long. If it becomes much longer than foreseen, that is the error.
        """
        request = QueuedRequest(data, finish, tell)
        with self._lock:
            ahead = max(0, len(self._waiting) + len(self._batches) + 1 - self._free)
            wait = ceil(ahead / self._places) * self._seconds.value
            if ahead > self._places and wait > self._max_wait:
                raise self._full()
            if ahead:
                request.gives_up_at = time.monotonic() + _PATIENCE * max(wait, self._max_wait)
                self._crowded.set()
            self._threads.submit(self._turn)
            self._waiting.append(request)

    def _refuse_the_overdue(self) -> None:
        """Look after those who wait. Each may have to wait a little longer than its patience for that."""
        while self._crowded.wait():
            self._crowded.clear()
            time.sleep(self._max_wait)
            _tell(self._overdue())

    def _overdue(self) -> list[QueuedRequest]:
        now = time.monotonic()
        with self._lock:
            overdue = [request for request in self._waiting if request.gives_up_at <= now]
            for request in overdue:
                self._waiting.remove(request)
                request.error, request.seconds_to_wait = self._full(), now - request.put_at
            if self._waiting:
                self._crowded.set()
        return overdue

    def _full(self) -> QueueFull:
        return QueueFull(retry_after=max(1, round(self._max_wait)))

    def _turn(self) -> None:
        """Serve whoever has waited longest, and then who is prepared, unless that is better left to the next turn.

        Each request brings a turn, which need not be the one that serves it. Where its request has given up, a turn may
        still be the last chance of those who are prepared.
        """
        answered = self._prepare_next()
        # Where nothing came of the preparation, others are served: damaged images without end would let them wait.
        may_end = not answered
        while batch := self._next_batch(may_end):
            _tell(answered)
            answered, may_end = self._run(batch), True
        _tell(answered)  # now that the place is free for whoever asks again

    def _prepare_next(self) -> list[QueuedRequest]:
        """Prepare who has waited longest, and return it if that failed."""
        with self._lock:
            self._free -= 1
            if not self._waiting:
                return []
            request = self._waiting.popleft()
            self._preparing += 1
        started_at = time.monotonic()
        request.seconds_to_wait = started_at - request.put_at
        try:
            request.prepared = self._prepare(request.data)
        except BaseException as error:
            request.error = error
        request.seconds_to_prepare = time.monotonic() - started_at
        with self._lock:
            self._preparing -= 1
            if request.error is not None:
                return [request]
            self._batches.add(request)
        return []

    def _next_batch(self, may_end: bool) -> list[QueuedRequest]:
        """What to go on with; nothing, and the turn has ended, if nothing is left or the next turn will have more."""
        with self._lock:
            batch = []
            if self._batches.full or not self._waiting or not may_end:
                batch = self._batches.take(threads=1 + self._preparing)
            if not batch:
                self._free += 1
            return batch

    def _run(self, batch: list[QueuedRequest]) -> list[QueuedRequest]:
        """Predict, and return the batch, each with its answer or with the error."""
        started_at = time.monotonic()
        for request in batch:
            request.seconds_to_wait = started_at - request.put_at - request.seconds_to_prepare
        try:
            predictions = list(self._predict([request.prepared for request in batch]))
            if len(predictions) != len(batch):
                raise ValueError(f"the model made {len(predictions)} predictions for {len(batch)} requests")
        except BaseException as error:
            # Says nothing about how long the others take: it may be of a damaged image.
            for request in batch:
                request.error, request.seconds_to_predict = error, time.monotonic() - started_at
            return batch
        seconds_to_predict = time.monotonic() - started_at
        for request, prediction in zip(batch, predictions, strict=True):
            request.seconds_to_predict = seconds_to_predict
            _finish(request, prediction)
        seconds_each = (time.monotonic() - started_at) / len(batch)
        with self._lock:
            self._batches.learn(seconds_each)
            for request in batch:
                self._seconds.add(request.seconds_to_prepare + seconds_each)
        return batch


def _finish(request: QueuedRequest, prediction: Any) -> None:
    try:
        request.answer = request.finish(prediction)
    except BaseException as error:
        request.error = error


def _tell(requests: list[QueuedRequest]) -> None:
    """The callers alone have the requests from now on, with what an error keeps alive."""
    while requests:
        request = requests.pop(0)
        request.tell(request)
