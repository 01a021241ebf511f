"""One line of the log for each request, without headers that carry credentials and without the body."""

from __future__ import annotations

import logging
import time

from flask import g, request

from model_server.serving.request_id import request_id_of

_MAX_LENGTH = 200  # what a caller sends need not fill the log

_log = logging.getLogger(__name__)


def note_start() -> None:
    """Before anything else happens to a request: it gets its `g.request_id`, and its time begins to count."""
    g.started = time.monotonic()
    g.request_id = request_id_of(request.headers)


def log_answer(status: int, **more: object) -> None:
    """Write the line of the current request, with what else is to be said of it."""
    fields = {
        "requestId": g.request_id,
        "method": request.method,
        "path": request.path,
        "status": status,
        "latencyMs": round((time.monotonic() - g.started) * 1000, 1),
        **more,
    }
    short = {name: value[:_MAX_LENGTH] if isinstance(value, str) else value for name, value in fields.items()}
    _log.info("answered", extra={"fields": short})
