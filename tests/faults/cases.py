"""The faults, what a caller may read while they last, and how one is tried."""

import contextlib
import functools
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass

from botocore.exceptions import ClientError

from harness.project import PROJECT
from model_server.sagemaker.server import THREADS
from tests.faults import breaking, deploying
from tests.faults.callers import Callers
from tests.faults.census import Census, leftovers
from tests.faults.system import ENDPOINT, Part, System

AT_REST, UNDER_LOAD = 1, 16
"""How many callers there are; at rest, the one begins when the harm is done."""

RECOVERY_SECONDS = 60.0
TOO_MANY = "Too many requests at the moment"

Fault = Callable[[System, Callers], float]
"""Breaks something; returns when (as time.monotonic() counts) nothing hindered a good answer any more."""


@dataclass(frozen=True)
class Case:
    """A fault, and what callers may see of it besides good answers."""

    what: str
    fault: Fault
    callers: int
    may_see: frozenset[int] = frozenset()
    must_see: bool = False
    """Whether somebody must have seen one of those: the fault cannot go unnoticed."""

    @property
    def situation(self) -> str:
        return "at rest" if self.callers == AT_REST else f"{self.callers} requests"

    def __str__(self) -> str:
        return f"{self.what}, {self.situation}"


@dataclass(frozen=True)
class Outcome:
    """What was seen of a fault."""

    case: Case
    answers: Counter[tuple[int, str]]
    """Status and text, of all callers together."""
    slowest: float
    recovery: float
    """Seconds until the next good answer, from when nothing hindered it any more."""
    leftovers: dict[tuple[str, str], int]


def try_out(case: Case, system: System, before: Census) -> Outcome:
    """Break something, wait until everything is good again, and see what is left of it.

    :raises AssertionError: for an answer that the contract does not have, or when it does not recover.
    """
    with Callers(system, case.callers) as callers:
        if case.callers == UNDER_LOAD:
            callers.wait_until_each(lambda answer: answer.is_good)
        over = case.fault(system, callers)
        callers.ask_at_once()
        callers.wait_until_each(lambda answer: answer.is_good and answer.asked >= over, RECOVERY_SECONDS)
    answers = callers.answers
    for answer in answers:
        answer.check()
    return Outcome(
        case,
        Counter((answer.status, answer.text) for answer in answers),
        slowest=max(answer.seconds for answer in answers),
        recovery=min(answer.answered for answer in answers if answer.is_good and answer.asked >= over) - over,
        leftovers=leftovers(system, before),
    )


def violation(outcome: Outcome) -> str | None:
    """What should not have been, or None. Where many ask at once, some may always be told that they are too many."""
    too_many = {answer for answer in outcome.answers if outcome.case.callers > AT_REST and TOO_MANY in answer[1]}
    seen = {status for status, _ in outcome.answers.keys() - too_many} - {200}
    if forbidden := seen - outcome.case.may_see:
        return f"callers read {sorted(forbidden)}"
    if outcome.case.must_see and not seen:
        return "nobody noticed the fault"
    if outcome.leftovers:
        return f"left behind: {outcome.leftovers}"
    return None


def warmed_up(system: System) -> Census:
    """What the stack has when every pool is full: a fault may fill one, but not make it larger."""
    containers = system.processes(Part.CONTAINER)
    image = (PROJECT / "site/samples/2.jpg").read_bytes()
    runtime = system.stack.aws["sagemaker-runtime"]

    def invoke(_: int) -> None:
        with contextlib.suppress(ClientError):  # a container does not take so many
            runtime.invoke_endpoint(EndpointName=ENDPOINT, Body=image, ContentType="image/jpeg")

    with ThreadPoolExecutor(THREADS) as pool:
        breaking.each(containers, "suspend")
        invocations = [pool.submit(invoke, number) for number in range(THREADS)]
        wait(invocations, timeout=2)
        breaking.each(containers, "resume")
    for invocation in invocations:
        invocation.result()
    with Callers(system, UNDER_LOAD) as callers:
        stand_in = system.processes(Part.STAND_IN)
        breaking.each(stand_in, "suspend")
        callers.start()
        time.sleep(1)  # until every request has a worker of the function
        breaking.each(stand_in, "resume")
        callers.wait_until_each(lambda answer: answer.is_good)
    return Census.at_most(system)


def _broken_parts() -> list[Case]:
    cases = []
    for part, meanwhile in (
        (Part.CONTAINER, {"killed": 503, "stopped": 504, "slowed down": 504}),
        (Part.STAND_IN, {"killed": 503, "stopped": 504, "slowed down": 504}),
        (Part.WORKER, {"killed": 500, "stopped": 500, "slowed down": 504}),
        (Part.IMAGE_HOST, {"killed": 422, "stopped": 422, "slowed down": 422}),
    ):
        for manner, status in meanwhile.items():
            fault = {"killed": breaking.kill, "stopped": breaking.stop, "slowed down": breaking.slow}[manner]
            # One that is slow answers as long as its callers have time. A worker that is not there is started.
            must_see = manner == "stopped" or (manner == "killed" and part is not Part.WORKER)
            for callers in (AT_REST, UNDER_LOAD):
                may_see = frozenset({status})
                cases.append(Case(f"{part} {manner}", functools.partial(fault, part), callers, may_see, must_see))
    return cases


def _deployments() -> list[Case]:
    not_there = frozenset({503})
    return [
        Case("endpoint updated", deploying.update, AT_REST),
        Case("endpoint updated", deploying.update, UNDER_LOAD),
        Case("endpoint deleted, and created again", deploying.delete_and_create, AT_REST, not_there, True),
        Case("endpoint deleted, and created again", deploying.delete_and_create, UNDER_LOAD, not_there, True),
        Case("endpoint updated, S3 object missing", deploying.update_without_object, UNDER_LOAD),
        Case("endpoint created, S3 object missing", deploying.create_without_object, UNDER_LOAD, not_there, True),
        Case("container killed, S3 object missing", deploying.kill_without_object, UNDER_LOAD, not_there, True),
    ]


def _nonsense() -> list[Case]:
    unfit, unusable, silent = frozenset({500}), frozenset({503}), frozenset({504})
    meanwhile = {
        **dict.fromkeys(("no JSON", "HTML", "an empty body", "a wrong shape", "an object", "NaN"), unfit),
        **dict.fromkeys(("brackets only", "2 MB"), unfit),
        **dict.fromkeys(("7 MB", "no HTTP", "headers, then the end", "status 500"), unusable),
        **dict.fromkeys(("headers, then nothing", "one byte a second"), silent),
    }
    return [
        Case(f"container answers {answer}", functools.partial(breaking.talk, answer), UNDER_LOAD, statuses, True)
        for answer, statuses in meanwhile.items()
    ]


BROKEN_PARTS = _broken_parts()
"""With the sample model. They take the time that a container takes to load it."""

DEPLOYMENTS = _deployments()
"""With the sample model, too."""

ANSWERS = [
    *_nonsense(),
    Case("disk full, endpoint updated", deploying.update_on_full_disk, UNDER_LOAD),
    Case(
        "container never answers /ping when started again",
        deploying.kill_for_silent_container,
        UNDER_LOAD,
        frozenset({503}),
        must_see=True,
    ),
    Case("endpoint updated, container never answers /ping", deploying.update_to_silent_container, UNDER_LOAD),
]
"""With a container that has no model, and does as it is told."""
