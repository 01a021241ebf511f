"""Logs of one line of JSON for each record, which nothing that is logged can break out of.

JSON escapes line breaks and control characters, and all that is not ASCII is escaped as well. So neither a request
nor what the model's code prints can forge a second line, or send a terminal a command. (Code that writes to the file
descriptor itself can, but the model's author is trusted.)
"""

from __future__ import annotations

import io
import json
import logging
import sys
import threading
from datetime import UTC, datetime
from types import TracebackType
from typing import TextIO

log = logging.getLogger(__name__)


class JsonFormatter(logging.Formatter):
    """Time, level and message of a record, its `fields` (`extra={"fields": {...}}`), and the stack of an error."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["stack"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


class PrintedLines(io.TextIOBase):
    """Stands in for `sys.stdout` or `sys.stderr`: what is printed becomes a record for each line."""

    encoding = "utf-8"

    def __init__(self, name: str, stream: TextIO) -> None:
        self._name = name
        self._stream = stream
        self._of_thread = threading.local()  # so that threads do not print into each other's lines

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        """Of the real stream, for code that writes by itself, such as `faulthandler`."""
        return self._stream.fileno()

    def write(self, text: str) -> int:
        *lines, rest = (getattr(self._of_thread, "rest", "") + text).split("\n")
        self._of_thread.rest = rest
        for line in lines:
            self._log(line)
        return len(text)

    def flush(self) -> None:
        rest = getattr(self._of_thread, "rest", "")
        self._of_thread.rest = ""
        self._log(rest)

    def _log(self, line: str) -> None:
        if line.strip():
            log.info("%s", line, extra={"fields": {"printedTo": self._name}})


class JsonHandler(logging.StreamHandler[TextIO]):
    """Writes records; on a full disk they are lost, for a line is worth less than the answer that it is about."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self.setFormatter(JsonFormatter())

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 -- logging's name
        if not isinstance(sys.exception(), OSError):
            super().handleError(record)


def log_as_json(stream: TextIO) -> None:
    """Log everything of this process to `stream`: records, what is printed, warnings, and errors nobody caught."""
    logging.basicConfig(handlers=[JsonHandler(stream)], level=logging.INFO)
    logging.captureWarnings(True)
    sys.stdout, sys.stderr = PrintedLines("stdout", stream), PrintedLines("stderr", stream)
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_uncaught_in_thread


def _log_uncaught(kind: type[BaseException], error: BaseException, stack: TracebackType | None) -> None:
    log.critical("uncaught %s", kind.__name__, exc_info=(kind, error, stack))


def _log_uncaught_in_thread(event: threading.ExceptHookArgs) -> None:
    if event.exc_value is not None:
        log.critical(
            "uncaught %s in thread %s",
            event.exc_type.__name__,
            event.thread and event.thread.name,
            exc_info=(event.exc_type, event.exc_value, event.exc_traceback),
        )
