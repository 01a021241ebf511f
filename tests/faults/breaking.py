"""How a part is broken: killed, stopped for a while, slowed down for a while."""

import contextlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from harness.processes import STEADY_SECONDS
from tests.faults.callers import Callers
from tests.faults.system import Part, System

RUNNING, STOPPED = 0.05, 0.45
"""Seconds: a slow part works for a tenth of the time."""


def kill(part: Part, system: System, callers: Callers) -> float:
    """SIGKILL; who guards the part must start it again. An image host has a guard that waits for complaints.

    :return: when the part was broken and nobody would hinder its return.
    """
    processes = system.processes(part)
    if part is Part.STAND_IN:  # what ends right after its start is not started again
        time.sleep(max(0.0, processes[0].create_time() + STEADY_SECONDS + 1 - time.time()))
    callers.be_under_way()
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):  # it noticed that the one before it was gone
            process.kill()
    killed = time.monotonic()
    if part is Part.IMAGE_HOST:
        system.stop_image_host()
        callers.wait_until_all_feel_it()
        system.start_image_host()
        killed = time.monotonic()
    return killed


def stop(part: Part, system: System, callers: Callers) -> float:
    """SIGSTOP, and SIGCONT when every caller has felt it."""
    processes = system.processes(part)
    callers.be_under_way()
    try:
        each(processes, "suspend")
        callers.wait_until_all_feel_it()
    finally:
        each(processes, "resume")
    return time.monotonic()


def slow(part: Part, system: System, callers: Callers) -> float:
    """Stop and continue in turns, until every caller has felt it."""
    processes = system.processes(part)
    callers.be_under_way()
    with _slowed(processes):
        callers.wait_until_all_feel_it()
    return time.monotonic()


def talk(nonsense: str, system: System, callers: Callers) -> float:
    """Let the container without a model answer some kind of nonsense, until every caller has felt it."""
    system.fault_file.write_text(nonsense)
    try:
        callers.wait_until_all_feel_it()
    finally:
        system.fault_file.write_text("")
    return time.monotonic()


@contextmanager
def _slowed(processes: list[psutil.Process]) -> Iterator[None]:
    over = threading.Event()

    def take_turns() -> None:
        while not over.is_set():
            each(processes, "suspend")
            time.sleep(STOPPED)
            each(processes, "resume")
            time.sleep(RUNNING)

    thread = threading.Thread(target=take_turns)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def each(processes: list[psutil.Process], action: str) -> None:
    """Suspend or resume those that are still there."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            getattr(process, action)()
