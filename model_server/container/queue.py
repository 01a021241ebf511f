"""The queue in front of the model: who is worked on, who waits, and who is turned away."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TypeVar

Answer = TypeVar("Answer")

# Seconds. A wait that a visitor hardly minds; whoever would have to wait longer is better told so at once.
MAX_WAIT = 0.7

# What is foreseen is a mean. Who was let in is given so many times the longest wait before the wait is given up.
_PATIENCE = 3

# How much the latest prediction counts in the mean: an unusual one is soon forgotten, a lasting change soon learnt.
_WEIGHT = 0.1


def smoothed(mean: float, latest: float) -> float:
    """The mean of late, with the latest value in it."""
    return mean + _WEIGHT * (latest - mean)


class QueueFull(Exception):
    """The request would have to wait too long. `retry_after`: whole seconds until another try makes sense."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"The model is busy. Try again in {retry_after} seconds.")
        self.retry_after = retry_after


class _Answer(Future[Answer]):
    """Is read once."""

    def result(self, timeout: float | None = None) -> Answer:
        """Return or raise what it was set to, and forget the error.

        An error knows the frames that it came through, and they this object: together they would keep the image that
        was to blame, until somebody searches for garbage.
        """
        try:
            return super().result(timeout)
        finally:
            if self.done():
                self._exception = None


class Queue:
    """Has its threads work on requests, in the order of arrival.

    It is bounded by time and not by length, for twenty predictions of 10 ms are a short wait and twenty of a second
    are a long one. What a request would have to wait is foreseen from how long predictions take at present. A queue
    that is never long keeps its promise under any load: those who are let in are served as quickly as ever.
    https://aws.amazon.com/builders-library/avoiding-insurmountable-queue-backlogs/

    The threads are always the same: what a network computes stays in the memory that its thread already has, and in
    the core's cache.
    """

    def __init__(self, places: int, max_wait: float = MAX_WAIT) -> None:
        """places: threads, each with one turn at a time. max_wait: seconds."""
        self._places = places
        self._max_wait = max_wait
        self._threads = ThreadPoolExecutor(places, thread_name_prefix="model")
        self._lock = threading.Lock()
        self._free = places
        self._waiting = 0
        self._mean_seconds = 0.0

    def do(self, work: Callable[[], Answer]) -> Answer:
        """Wait for a turn of this work, and return what it does.

        Raises:
            QueueFull: the wait would be longer than `max_wait`, or has become much longer.
            Exception: whatever the work raises.
        """

        given = [work]

        def turn(answer: Future[Answer]) -> None:
            if not answer.set_running_or_notify_cancel():
                self.leave()
                return
            started_at = time.monotonic()
            try:
                done = given.pop()()
            except BaseException as error:
                # Says nothing about how long the others take: it may be of a damaged image.
                self.leave()
                answer.set_exception(error)
            else:
                self.learn(time.monotonic() - started_at)
                self.leave()
                answer.set_result(done)

        try:
            return self.ask(turn)
        finally:
            given.clear()

    def ask(self, turn: Callable[[Future[Answer]], None]) -> Answer:
        """Wait for the answer to a request. Raises as `do`.

        turn: what a thread does when it is the request's turn, and ends by `leave` or `pass_on`. Then it answers, so
            that whoever asks again finds the place free, or leaves that to a later turn. If the request has been given
            up meanwhile, which the answer knows, nobody reads it. Until then the turn is kept: it should not hold on
            to the request's data.
        """
        answer: _Answer[Answer] = _Answer()
        patience = None
        with self._lock:
            if self._free:
                self._free -= 1
            elif (self._waiting + 1) * self._mean_seconds / self._places > self._max_wait:
                raise self._full()
            else:
                self._waiting += 1
                patience = _PATIENCE * self._max_wait
            self._threads.submit(turn, answer)
        if not wait([answer], patience).done and answer.cancel():  # its turn has not begun
            raise self._full()
        return answer.result()

    def learn(self, seconds: float) -> None:
        """Take into account how long a prediction has kept a thread busy."""
        with self._lock:
            self._mean_seconds = smoothed(self._mean_seconds, seconds) if self._mean_seconds else seconds

    def pass_on(self) -> bool:
        """End a turn for the sake of who has waited longest; False, and it goes on, if nobody waits."""
        with self._lock:
            return self._hand_over()

    def leave(self) -> None:
        """End a turn."""
        with self._lock:
            if not self._hand_over():
                self._free += 1

    def _hand_over(self) -> bool:
        if not self._waiting:
            return False
        self._waiting -= 1
        return True

    def _full(self) -> QueueFull:
        return QueueFull(retry_after=max(1, round(self._max_wait)))
