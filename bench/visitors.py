"""Visitors for the load tests: what they ask, and whether what they are told is what the API has promised.

Locust makes the process cooperative (gevent) when it is imported, so this import comes first wherever it is used.
"""

from locust import FastHttpUser, poisson, task  # isort: skip
import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import click
import numpy as np
from jsonschema import Draft202012Validator
from locust.env import Environment
from locust.exception import StopUser

from harness.project import PROJECT

BUSY = 503
GIVE_UP_SECONDS = 35  # longer than the 30 s after which an HTTP API answers anyway

_SAMPLES = [(PROJECT / f"site/samples/{objects}.jpg").read_bytes() for objects in range(1, 6)]
_chance = np.random.default_rng(1)
_PRIVATE = ("Traceback", 'File "', "127.0.0.1")
_DESCRIPTION = json.loads((PROJECT / "site/openapi.json").read_text())


class Request(NamedTuple):
    """One request, and the status that it deserves."""

    body: bytes
    media_type: str
    status: int


class Answer(NamedTuple):
    """What came back. `sent_at` is a time.monotonic() value; status 0 means that nothing came back."""

    status: int
    seconds: float
    sent_at: float


@dataclass
class Visit:
    """All that a crowd was told."""

    answers: list[Answer] = field(default_factory=list)
    broken_promises: list[str] = field(default_factory=list)

    def seconds(self, status: int) -> list[float]:
        """How long the answers of a status took, in ascending order."""
        return sorted(answer.seconds for answer in self.answers if answer.status == status)


def upload() -> Request:
    """The bytes of a sample."""
    return Request(_SAMPLES[_chance.integers(len(_SAMPLES))], "image/jpeg", 200)


def mixture(page_url: str) -> Callable[[], Request]:
    """Uploads and URLs in equal parts, and 5 % bad input of all kinds."""

    def url(address: str, status: int) -> Request:
        return Request(json.dumps({"url": address}).encode(), "application/json", status)

    bad = [
        Request(b'{"url": ', "application/json", 400),
        Request(b'{"image": "1.jpg"}', "application/json", 400),
        url("http://169.254.169.254/latest/meta-data/", 400),
        url("http://user@example.com/", 400),
        Request(_SAMPLES[0], "image/gif", 415),
        Request(_SAMPLES[0][:2000], "image/jpeg", 422),
        Request(b"hello", "image/png", 422),
        url(f"{page_url}/samples/no-such.jpg", 422),
        Request(_SAMPLES[0] + bytes(6_000_000), "image/jpeg", 413),
    ]

    def request() -> Request:
        kind = _chance.random()
        if kind < 0.05:
            return bad[_chance.integers(len(bad))]
        return upload() if kind < 0.525 else url(f"{page_url}/samples/{_chance.integers(1, 6)}.jpg", 200)

    return request


def show_broken(visit: Visit) -> None:
    """Show some of the answers that were not what was promised."""
    for promise in visit.broken_promises[:20]:
        click.echo(promise, err=True)


def send_crowd(
    predict_url: str,
    visitors: int,
    request: Callable[[], Request],
    *,
    requests: int | None = None,
    seconds: float | None = None,
    rate: float | None = None,
    progress: Callable[[Visit], object] = lambda visit: None,
) -> Visit:
    """Let visitors ask until they have asked so often, or for so long, each as fast as it is answered or at a rate.

    rate: requests per second of all together (a Poisson process), as long as enough of them are not waiting.
    """
    visit, numbers, end = Visit(), count(), time.monotonic() + (seconds or float("inf"))
    asking: set[FastHttpUser] = set()
    parts = urlsplit(predict_url)

    class Visitor(FastHttpUser):
        host = f"http://127.0.0.1:{parts.port}"
        connection_timeout = network_timeout = GIVE_UP_SECONDS
        if rate is not None:
            wait_time = poisson(rate / visitors)

        def on_start(self) -> None:
            if rate is not None:  # the process has its rate from the start, too
                time.sleep(_chance.exponential(visitors / rate))

        @task
        def ask(self) -> None:
            if next(numbers) >= (requests or float("inf")) or time.monotonic() > end:
                raise StopUser
            asking.add(self)
            try:
                _ask(self.client, parts.netloc, parts.path, request(), visit)
            finally:
                asking.discard(self)

    runner = Environment(user_classes=[Visitor]).create_local_runner()
    runner.start(visitors, spawn_rate=visitors)
    while (runner.user_count or not visit.answers) and (asking or time.monotonic() < end):
        progress(visit)
        time.sleep(0.2)
    runner.quit()
    return visit


def _ask(client: Any, host: str, path: str, request: Request, visit: Visit) -> None:
    headers = {"Host": host, "Content-Type": request.media_type, "Accept": "application/json"}
    sent_at = time.monotonic()
    answered: AbstractContextManager[Any] = client.post(path, data=request.body, headers=headers, catch_response=True)
    with answered as response:
        status = response.status_code or 0
        visit.answers.append(Answer(status, time.monotonic() - sent_at, sent_at))
        visit.broken_promises += _broken_promises(request, status, response.headers or {}, response.text or "")
        response.success()  # Locust's own statistics are not used


def _broken_promises(request: Request, status: int, headers: Any, body: str) -> Iterator[str]:
    """In which ways an answer is not what `site/openapi.json` says."""
    if status not in (request.status, BUSY):
        yield f"{status} instead of {request.status}: {body[:200]}"
        return
    media_type = str(headers.get("Content-Type", "")).partition(";")[0]
    validator = _validators(str(status)).get(media_type)
    if validator is None:
        yield f"{status} with Content-Type {media_type!r}: {body[:200]}"
    elif not validator.is_valid(json.loads(body)):
        yield f"{status} with another body than described: {body[:200]}"
    if status == BUSY and not str(headers.get("Retry-After", "")).isdecimal():
        yield f"{status} without Retry-After: {body[:200]}"
    if any(private in body for private in _PRIVATE):
        yield f"{status} says too much: {body[:200]}"


@cache
def _validators(status: str) -> dict[str, Draft202012Validator]:
    """For each media type of a status, its schema."""
    content = _DESCRIPTION["paths"]["/predict"]["post"]["responses"][status]["content"]
    components = {"components": _DESCRIPTION["components"]}
    return {name: Draft202012Validator(described["schema"] | components) for name, described in content.items()}
