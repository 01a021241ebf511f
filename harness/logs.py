"""The logs of a running stack: two emulators, the function, the endpoint's container."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from harness.addresses import Addresses
from harness.clients import Clients
from harness.state import State

SOURCES = ("emulator", "sagemaker", "function", "endpoint")
POLL_SECONDS = 0.3


@dataclass(frozen=True)
class Line:
    """One line of a log."""

    source: str
    text: str


def lines(state: State, directory: Path, sources: tuple[str, ...]) -> Iterator[Line | None]:
    """What the logs hold, and then what is added to them.

    :return: an endless iterator; ``None`` means that all that is there was read.
    """
    readers = {
        "emulator": lambda: _tail(directory / "emulator.log"),
        "sagemaker": lambda: _tail(directory / "sagemaker.log"),
        "endpoint": lambda: _tail(directory / "endpoints" / state.outputs["endpointName"] / "container.log"),
        "function": lambda: _function_events(state.addresses, state.outputs["functionName"]),
    }
    opened = {source: readers[source]() for source in sources}
    while True:
        for source, reader in opened.items():
            while (text := next(reader)) is not None:
                yield Line(source, text)
        yield None
        time.sleep(POLL_SECONDS)


def _tail(file: Path) -> Iterator[str | None]:
    while not file.exists():
        yield None
    with file.open(errors="replace") as log:
        text = ""
        while True:
            text += log.readline()
            if text.endswith("\n"):
                yield text.rstrip("\n")
                text = ""
            else:
                yield None  # the rest of the line is still to come


def of_function(addresses: Addresses, function: str) -> list[str]:
    """What the function has logged, without what Lambda adds."""
    events = takewhile(lambda event: event is not None, _function_events(addresses, function))
    return [event for event in events if event is not None and event.startswith("{")]


def _function_events(addresses: Addresses, function: str) -> Iterator[str | None]:
    """The function writes to CloudWatch Logs, as on AWS."""
    logs = Clients(addresses)["logs"]
    group = f"/aws/lambda/{function}"
    seen: set[tuple[str, int, str]] = set()
    since = 0
    while True:
        try:
            pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group, startTime=since)
            events = [event for page in pages for event in page["events"]]
        except (ClientError, BotoCoreError):
            events = []  # the emulator is on its way up or down; the next poll tells
        for event in events:
            # The same milliseconds are asked for again, because more may have been logged in them.
            key = (event["logStreamName"], event["timestamp"], event["message"])
            if key not in seen:
                seen.add(key)
                since = max(since, event["timestamp"])
                yield event["message"].rstrip("\n")
        yield None
