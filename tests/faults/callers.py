"""Callers of the API: each asks about the same image, again and again, and notes what it reads.

They do not wear the machine out: a busy one shows late what a fault does, and nothing that a calm one does not. But
when something breaks, all of them have a question under way.
"""

import json
import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType

import urllib3

from tests.faults.system import System

API_SECONDS = 30.0
"""After this an HTTP API answers in the function's place."""

GOOD = "Most likely answer: there is 2 object(s) in the bin"
GATEWAY_ERROR = '{"message":"Internal Server Error"}'
"""What AWS answers for a function that crashed or was ended. It is not ours, and has no problem details."""

PAUSE = 1.0
"""Seconds between an answer and the next question: callers are not as patient as they are told to be. One caller alone
asks four times as often, to see sooner when all is good again."""

UNDER_WAY = 0.05
"""Seconds after which, of so many questions, some are still at the function and others already at the model."""

SECRET = re.compile(r"Traceback|127\.0\.0\.1|localhost|/tmp|\.py\b|sagemaker|boto|urllib", re.IGNORECASE)

REQUEST_ID = re.compile(r'"requestId": "[^"]*"')
"""Random letters, which may spell anything."""


@dataclass(frozen=True)
class Answer:
    """One answer, and when the question was asked and answered, as time.monotonic() counts."""

    asked: float
    answered: float
    status: int
    media_type: str
    retry_after: str | None
    body: str

    @property
    def seconds(self) -> float:
        return self.answered - self.asked

    @property
    def is_good(self) -> bool:
        return self.status == 200

    @property
    def text(self) -> str:
        """What a person reads in it, in short."""
        if self.media_type == "application/problem+json":
            return str(json.loads(self.body)["detail"])
        return self.body

    def check(self) -> None:
        """Whether the contract has such an answer: docs say which, RFC 9457 how it looks."""
        assert self.seconds < API_SECONDS, self
        assert not SECRET.search(REQUEST_ID.sub("", self.body)), self
        if self.is_good:
            assert self.body == GOOD, self
        elif self.body != GATEWAY_ERROR:
            assert self.media_type == "application/problem+json", self
            problem = json.loads(self.body)
            assert problem["status"] == self.status, self
            assert problem["title"] and problem["detail"] and problem["requestId"], self
            assert (self.status == 503) == (self.retry_after is not None), self
            assert self.retry_after is None or int(self.retry_after) >= 1, self


class Callers:
    """A number of callers that ask at the same time, from `start` until the end of the ``with`` block."""

    def __init__(self, system: System, number: int) -> None:
        self._system = system
        self._answers: list[list[Answer]] = [[] for _ in range(number)]
        self._errors: list[BaseException] = []
        self._changed = threading.Condition()
        self._calls_to_ask = 0
        self._leaving = False
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> "Callers":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leaving = True
        self.ask_at_once()
        for thread in self._threads:
            thread.join()

    @property
    def answers(self) -> Sequence[Answer]:
        return [answer for answers in self._answers for answer in answers]

    def start(self) -> None:
        """Begin to ask, if they do not already."""
        if not self._threads:
            self._threads = [threading.Thread(target=self._ask, args=(answers,)) for answers in self._answers]
            for thread in self._threads:
                thread.start()

    def ask_at_once(self) -> None:
        """Let all who are between two questions ask the next one now."""
        with self._changed:
            self._calls_to_ask += 1
            self._changed.notify_all()

    def be_under_way(self) -> None:
        """Let their questions be everywhere between here and the model."""
        if self._threads:
            self.ask_at_once()
            time.sleep(UNDER_WAY)

    def wait_until_each(self, has: Callable[[Answer], bool], seconds: float = 60) -> None:
        """Let them ask until each has got an answer of a kind."""
        self.start()

        def everybody() -> bool:
            if self._errors:
                raise self._errors[0]
            return all(any(map(has, answers)) for answers in self._answers)

        with self._changed:
            assert self._changed.wait_for(everybody, seconds), f"not every caller got it in {seconds} s"

    def wait_until_all_feel_it(self) -> None:
        """Let each of them get an answer that cannot have been on its way already."""
        if self._threads:
            time.sleep(1)
            soon = time.monotonic()
            self.ask_at_once()
            self.wait_until_each(lambda answer: answer.answered > soon)
        else:
            self.wait_until_each(lambda answer: True)

    def _rest(self, seconds: float) -> None:
        """Wait that long, or until somebody says that it is enough. Call with the lock held."""
        calls = self._calls_to_ask
        self._changed.wait_for(lambda: self._leaving or self._calls_to_ask > calls, seconds)

    def _ask(self, answers: list[Answer]) -> None:
        url = self._system.stack.outputs["predictUrl"]
        host = url.split("/")[2]
        address = f"http://127.0.0.1:{self._system.stack.addresses.aws_port}/predict"
        question = json.dumps({"url": self._system.image_url})
        # A connection for each question: hypercorn, which MiniStack runs on, keeps those that a client has left.
        headers = {"Host": host, "Content-Type": "application/json", "Connection": "close"}
        try:
            with urllib3.PoolManager(retries=False, timeout=2 * API_SECONDS) as connections:
                while not self._leaving:
                    asked = time.monotonic()
                    response = connections.request("POST", address, body=question, headers=headers)
                    answer = Answer(
                        asked,
                        time.monotonic(),
                        response.status,
                        response.headers.get("Content-Type", ""),
                        response.headers.get("Retry-After"),
                        response.data.decode(errors="replace"),
                    )
                    with self._changed:
                        answers.append(answer)
                        self._changed.notify_all()
                        self._rest(PAUSE if len(self._answers) > 1 else PAUSE / 4)
        except BaseException as error:
            with self._changed:
                self._errors.append(error)
                self._changed.notify_all()
