"""The queue in front of the model: who is worked on, who waits, and who is turned away."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

# Seconds. A wait that a visitor hardly minds; whoever would have to wait longer is better told so at once.
MAX_WAIT = 1.0

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


class Queue:
    """Gives each request its turn, in the order of arrival.

    It is bounded by time and not by length, for twenty predictions of 10 ms are a short wait and twenty of a second
    are a long one. What a request would have to wait is foreseen from how long predictions take at present. A queue
    that is never long keeps its promise under any load: those who are let in are served as quickly as ever.
    https://aws.amazon.com/builders-library/avoiding-insurmountable-queue-backlogs/
    """

    def __init__(self, places: int, max_wait: float = MAX_WAIT) -> None:
        """places: predictions at a time. max_wait: seconds."""
        self._places = places
        self._max_wait = max_wait
        self._lock = threading.Lock()
        self._free = places
        self._waiting: deque[threading.Event] = deque()
        self._mean_seconds = 0.0

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a place, and hold it for one prediction.

        Raises:
            QueueFull: the wait would be longer than `max_wait`, or has become much longer.
        """
        self.enter()
        started = time.monotonic()
        try:
            yield
            # One that fails, such as that of a damaged image, says nothing about how long the others take.
            self.learn(time.monotonic() - started)
        finally:
            self.leave()

    def enter(self) -> None:
        """Wait for a place; `leave` or `pass_on` gives it back. Raises as `turn`."""
        with self._lock:
            if self._free:
                self._free -= 1
                return
            if (len(self._waiting) + 1) * self._mean_seconds / self._places > self._max_wait:
                raise self._full()
            turn = threading.Event()
            self._waiting.append(turn)
        if turn.wait(_PATIENCE * self._max_wait):
            return
        with self._lock:
            if turn.is_set():  # in the last moment
                return
            self._waiting.remove(turn)
            raise self._full()

    def learn(self, seconds: float) -> None:
        """Take into account how long a prediction has kept a place busy."""
        with self._lock:
            self._mean_seconds = smoothed(self._mean_seconds, seconds) if self._mean_seconds else seconds

    def pass_on(self) -> bool:
        """Give the place to who has waited longest; False, and the place is kept, if nobody waits."""
        with self._lock:
            return self._hand_over()

    def leave(self) -> None:
        """Give the place back."""
        with self._lock:
            if not self._hand_over():
                self._free += 1

    def _hand_over(self) -> bool:
        if not self._waiting:
            return False
        self._waiting.popleft().set()
        return True

    def _full(self) -> QueueFull:
        return QueueFull(retry_after=max(1, round(self._max_wait)))
