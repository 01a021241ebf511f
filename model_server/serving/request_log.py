"""One line of the log for each request, without headers that carry credentials and without the body."""

from __future__ import annotations

import logging
import time

_MAX_LENGTH = 200  # what a caller sends need not fill the log

_log = logging.getLogger(__name__)


def log_answer(request_id: str, started_at: float, method: str, path: str, status: int, **more: object) -> None:
    """Write the line of a request that came when time.monotonic() was `started_at`, with what else is to be said."""
    fields = {
        "requestId": request_id,
        "method": method,
        "path": path,
        "status": status,
        "latencyMs": round((time.monotonic() - started_at) * 1000, 1),
        **more,
    }
    short = {name: value[:_MAX_LENGTH] if isinstance(value, str) else value for name, value in fields.items()}
    _log.info("answered", extra={"fields": short})
