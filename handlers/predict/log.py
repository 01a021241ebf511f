"""One line of JSON per call."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


class CallLog:
    """Collects what a call was about, and writes it as one line whose fields CloudWatch Logs Insights finds.

    JSON escapes line breaks and control characters, so what a caller sends cannot forge a second line.
    """

    def __init__(self, request_id: str) -> None:
        self._started = time.monotonic()
        self._fields: dict[str, object] = {"requestId": request_id}

    def add(self, **fields: object) -> None:
        """Put fields into the line; what is empty is left out."""
        self._fields |= {name: value for name, value in fields.items() if value not in ("", None)}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure a part of the call, also one that fails: `fetch` becomes the field `fetchMs`."""
        started = time.monotonic()
        try:
            yield
        finally:
            self._fields[f"{name}Ms"] = _milliseconds_since(started)

    @property
    def latency_ms(self) -> float:
        """Milliseconds since the call began."""
        return _milliseconds_since(self._started)

    def write(self, status: int) -> None:
        """Write the line, at once and in one piece: Lambda may freeze the process when the handler returns.

        It goes to stderr, where MiniStack waits up to 50 ms for a first line before it ends a call.
        """
        line = {
            "level": "ERROR" if status >= 500 else "INFO",
            "status": status,
            "latencyMs": self.latency_ms,
            **self._fields,
        }
        sys.stderr.write(json.dumps(line) + "\n")
        sys.stderr.flush()


def _milliseconds_since(started: float) -> float:
    return round((time.monotonic() - started) * 1000, 2)
