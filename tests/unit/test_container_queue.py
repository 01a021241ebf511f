"""The queue in front of a model, with real threads: at most `places` at a time, and nobody waits long."""

import gc
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest

from model_server.container.batches import Batches
from model_server.container.queue import MAX_WAIT, Queue, QueueFull

LONG = 60.0

Work = Callable[[], Any]


class Workers:
    """A queue to a model that does what it is asked to, one by one."""

    def __init__(self, places: int = 1, max_wait: float = MAX_WAIT) -> None:
        self.queue = Queue(lambda work: work, lambda works: [works[0]()], places, Batches(max_size=1), max_wait)

    def do(self, work: Work) -> Any:
        return self.queue.prediction(work)

    def wait_for(self, waiting: int) -> None:
        """Until so many wait."""
        while len(self.queue._waiting) < waiting:
            time.sleep(0.001)


@contextmanager
def occupied(workers: Workers) -> Iterator[threading.Event]:
    """A prediction that goes on until the event is set, or the block ends."""
    inside, end = threading.Event(), threading.Event()

    def predict() -> None:
        inside.set()
        end.wait(LONG)

    thread = threading.Thread(target=workers.do, args=[predict])
    thread.start()
    assert inside.wait(LONG)
    try:
        yield end
    finally:
        end.set()
        thread.join()


def predict(workers: Workers, seconds: float) -> None:
    workers.do(lambda: time.sleep(seconds))


def fail() -> None:
    raise ZeroDivisionError


def test_places_are_all_used_and_no_more() -> None:
    workers = Workers(places=3)
    together = threading.Barrier(3)
    inside: list[int] = []
    most: list[int] = []
    threads: set[int] = set()

    def prediction(number: int) -> None:
        inside.append(number)
        together.wait(LONG)  # passes only if three are inside at once
        most.append(len(inside))
        threads.add(threading.get_ident())
        together.wait(LONG)
        inside.remove(number)

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(lambda number: workers.do(lambda: prediction(number)), range(12)))
    assert most == [3] * 12
    assert len(threads) == 3


def test_turns_come_in_the_order_of_arrival() -> None:
    workers = Workers(max_wait=LONG)
    served: list[int] = []

    threads = [threading.Thread(target=workers.do, args=[partial(served.append, number)]) for number in range(8)]
    with occupied(workers):
        for waiting, thread in enumerate(threads, start=1):
            thread.start()
            workers.wait_for(waiting)
    for thread in threads:
        thread.join()
    assert served == list(range(8))


def assert_told_at_once(workers: Workers, max_wait: float) -> None:
    with occupied(workers):
        asked = time.monotonic()
        with pytest.raises(QueueFull):
            predict(workers, 0)
        assert time.monotonic() - asked < max_wait


def test_who_would_wait_too_long_is_told_at_once() -> None:
    """The wait is foreseen from earlier predictions, not waited for."""
    workers = Workers(max_wait=1)
    predict(workers, 1.1)
    assert_told_at_once(workers, max_wait=1)


def test_predictions_that_fail_do_not_change_what_is_foreseen() -> None:
    """Else whoever sends damaged images could make the others wait."""
    workers = Workers(max_wait=1)
    predict(workers, 1.1)
    for _ in range(40):
        with pytest.raises(ZeroDivisionError):
            workers.do(fail)
    assert_told_at_once(workers, max_wait=1)


def test_what_is_foreseen_follows_the_predictions() -> None:
    workers = Workers(max_wait=0.1)
    predict(workers, 0.15)
    for _ in range(40):
        predict(workers, 0)
    with occupied(workers) as end:
        threading.Timer(0.01, end.set).start()
        predict(workers, 0)


def test_a_wait_that_was_not_foreseen_ends_as_well() -> None:
    workers = Workers(max_wait=0.05)
    done: list[int] = []
    with occupied(workers), pytest.raises(QueueFull, match="The model is busy"):
        workers.do(lambda: done.append(1))
    workers.do(lambda: done.append(2))
    assert done == [2], "what was given up is not worked on later"


def test_an_error_that_looks_like_an_end_of_the_wait() -> None:
    def fail() -> None:
        raise TimeoutError("the model's own")

    with pytest.raises(TimeoutError, match="the model's own"):
        Workers().do(fail)


def test_work_may_take_longer_than_the_wait() -> None:
    def slow() -> str:
        time.sleep(0.2)
        return "done"

    assert Workers(max_wait=0.01).do(slow) == "done"


def test_a_place_is_given_back_when_a_prediction_fails() -> None:
    workers = Workers(max_wait=0)
    for _ in range(300):
        with pytest.raises(ZeroDivisionError):
            workers.do(fail)
    predict(workers, 0)


class Pixels:
    """What an image was decoded to, which is large."""


def test_an_error_keeps_nothing() -> None:
    workers, kept = Workers(), []

    def fail_with_pixels() -> None:
        pixels = Pixels()
        kept.append(weakref.ref(pixels))
        raise ZeroDivisionError

    gc.disable()
    try:
        for _ in range(5):
            with pytest.raises(ZeroDivisionError):
                workers.do(fail_with_pixels)
        workers.do(lambda: None)
        assert [pixels() for pixels in kept] == [None] * 5
    finally:
        gc.enable()


def test_what_was_given_up_is_not_kept() -> None:
    workers, pixels = Workers(max_wait=0.05), Pixels()
    kept = weakref.ref(pixels)
    with occupied(workers):
        with pytest.raises(QueueFull):
            workers.do(partial(id, pixels))
        del pixels
        assert kept() is None
