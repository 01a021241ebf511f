"""A mean in which the latest counts most: an unusual value is soon forgotten, a lasting change soon learnt."""

from __future__ import annotations

_WEIGHT = 0.1


class RecentMean:
    """The mean of what was added: of all at first, and then of late. 0 before anything was."""

    def __init__(self) -> None:
        self.value = 0.0
        self._count = 0

    def add(self, latest: float) -> None:
        """Take the latest value into account."""
        self._count += 1
        self.value += max(_WEIGHT, 1 / self._count) * (latest - self.value)
