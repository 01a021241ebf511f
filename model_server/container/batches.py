"""Which requests are predicted for at once, where several come at once and batches pay."""

from __future__ import annotations

from math import ceil
from typing import Any

from model_server.container.recent_mean import RecentMean

MAX_SIZE = 8

# Seconds that a batch may take. Where one image takes longer than half of that, as with large networks, its layers keep
# a core busy as they are, and a batch would only let the first wait for the last.
MAX_SECONDS = 0.05


class Batches:
    """The prepared requests, and how many of them go together. Nothing here waits or locks: the queue does."""

    def __init__(self, max_size: int = MAX_SIZE) -> None:
        self._max_size = max_size
        self._prepared: list[Any] = []
        self._seconds_each = RecentMean()

    def __len__(self) -> int:
        """How many are prepared."""
        return len(self._prepared)

    @property
    def full(self) -> bool:
        """Whether one more would be too many for a batch."""
        return len(self._prepared) >= self._size

    @property
    def _size(self) -> int:
        """How many a batch may have, from how long one takes at present; one until that is known."""
        seconds = self._seconds_each.value or MAX_SECONDS
        return max(1, min(self._max_size, int(MAX_SECONDS / seconds)))

    def add(self, request: Any) -> None:
        """Put a prepared request last."""
        self._prepared.append(request)

    def take(self, threads: int) -> list[Any]:
        """Take the first out, and leave their share to the others of so many threads that will want a batch."""
        share = min(self._size, ceil(len(self._prepared) / threads))
        batch, self._prepared = self._prepared[:share], self._prepared[share:]
        return batch

    def learn(self, seconds_each: float) -> None:
        """Take into account how long a batch has taken for each of its requests."""
        self._seconds_each.add(seconds_each)
