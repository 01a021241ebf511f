"""Logs are kept in memory, and not for ever: a stack that works for a day must not fill the laptop."""

import threading
from collections.abc import Mapping
from typing import Any

from ministack.services import cloudwatch_logs, lambda_svc

# MiniStack writes one stream for each call of a function, and one event for each line.
MAX_CALLS = 10_000
MAX_EVENTS = 10_000

_lock = threading.Lock()


def forget_old_logs() -> None:
    """Keep the latest calls of each function, and the latest events of each stream."""
    append, emit = cloudwatch_logs._append_log_events, lambda_svc._emit_lambda_logs

    def append_and_forget(stream: dict[str, Any], events: list[dict[str, Any]]) -> None:
        append(stream, events)
        with cloudwatch_logs._log_events_lock:
            old = stream["events"][:-MAX_EVENTS]
            del stream["events"][: len(old)]
        for event in old:
            cloudwatch_logs._log_records.pop(event.get("eventId"), None)

    def emit_and_forget(func: dict[str, Any], *args: Any, **more: Any) -> None:
        emit(func, *args, **more)
        group = cloudwatch_logs._log_groups.get(log_group_of(func.get("config") or func))
        with _lock:
            while group and len(group["streams"]) > MAX_CALLS:
                del group["streams"][next(iter(group["streams"]))]

    cloudwatch_logs._append_log_events, lambda_svc._emit_lambda_logs = append_and_forget, emit_and_forget


def log_group_of(config: Mapping[str, Any]) -> str:
    """Where a function with this configuration logs to."""
    group: str | None = (config.get("LoggingConfig") or {}).get("LogGroup")
    return group or f"/aws/lambda/{config['FunctionName']}"
