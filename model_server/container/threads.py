"""Pools of threads that are there from the beginning, so that a busy moment makes a container no larger."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor


def started_threads(count: int, name: str) -> ThreadPoolExecutor:
    """A pool that has all of its threads; one of the standard library's starts them when they are first needed."""
    threads = ThreadPoolExecutor(count, thread_name_prefix=name)
    together = threading.Barrier(count)
    for _ in range(count):
        threads.submit(together.wait)
    return threads
