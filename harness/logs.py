"""The logs of a running stack: two emulators, the API, the function, the endpoint's container."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from harness.addresses import Addresses
from harness.state import State

SOURCES = ("emulator", "sagemaker", "api", "function", "endpoint")
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
        "api": lambda: _events(state.addresses, access_log_group(state.addresses, state.outputs["apiId"])),
        "function": lambda: _events(state.addresses, _function_group(state.outputs["functionName"])),
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
    with file.open(errors="replace", newline="\n") as log:
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
    events = takewhile(lambda event: event is not None, _events(addresses, _function_group(function)))
    return [event for event in events if event is not None and event.startswith("{")]


def access_log_group(addresses: Addresses, api_id: str) -> str:
    """Where the API writes a line for each request."""
    from harness.clients import Clients

    stage = Clients(addresses)["apigatewayv2"].get_stage(ApiId=api_id, StageName="$default")
    arn: str = stage["AccessLogSettings"]["DestinationArn"]
    return arn.removesuffix(":*").rpartition(":log-group:")[2]


def _function_group(function: str) -> str:
    return f"/aws/lambda/{function}"


def _events(addresses: Addresses, group: str) -> Iterator[str | None]:
    """What is in a group of CloudWatch Logs, where the API and the function write, as on AWS."""
    # Imported here as in harness/cli.py.
    from botocore.exceptions import BotoCoreError, ClientError

    from harness.clients import Clients

    logs = Clients(addresses)["logs"]
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
