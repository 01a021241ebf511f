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

from model_server.container.queue import MAX_WAIT, Queue, QueueFull
from tests.unit.container_caller import prediction

LONG = 60.0

Work = Callable[[], Any]


class Workers:
    """A queue to a model that does what it is asked to, one by one."""

    def __init__(self, places: int = 1, max_wait: float = MAX_WAIT) -> None:
        self.queue = Queue(lambda work: work, lambda works: [works[0]()], places, max_batch_size=1, max_wait=max_wait)

    def do(self, work: Work) -> Any:
        return prediction(self.queue, work)

    def wait_for(self, waiting: int) -> None:
        """Until so many wait."""
        wait_until(lambda: len(self.queue._waiting) == waiting)


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + LONG
    while not condition():
        assert time.monotonic() < end
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
    workers = Workers(places=3, max_wait=LONG)
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
        thread.join(LONG)
    assert served == list(range(8))


def assert_told_at_once(workers: Workers, max_wait: float) -> None:
    """Where one waits already, so that the next would have to wait for two."""
    with occupied(workers), one_waiting(workers):
        asked = time.monotonic()
        with pytest.raises(QueueFull, match="Try again in 1 seconds"):
            predict(workers, 0)
        assert time.monotonic() - asked < max_wait


@contextmanager
def one_waiting(workers: Workers) -> Iterator[None]:
    """Until a place is free, which is so at the end of a block around this one."""
    thread = threading.Thread(target=predict, args=(workers, 0), daemon=True)
    thread.start()
    workers.wait_for(1)
    yield


def test_who_would_wait_too_long_is_told_at_once() -> None:
    """The wait is foreseen from earlier predictions, not waited for."""
    workers = Workers(max_wait=1)
    predict(workers, 0.6)
    assert_told_at_once(workers, max_wait=1)


def test_one_may_wait_for_each_thread_however_slow_the_model() -> None:
    workers = Workers(places=2, max_wait=0.01)
    done: list[int] = []
    predict(workers, 0.5)
    with occupied(workers) as end, occupied(workers):
        callers = [threading.Thread(target=workers.do, args=[partial(done.append, number)]) for number in range(2)]
        for waiting, caller in enumerate(callers, start=1):
            caller.start()
            workers.wait_for(waiting)
        with pytest.raises(QueueFull):
            predict(workers, 0)
        end.set()
        for caller in callers:
            caller.join(LONG)
    assert done == [0, 1]


def test_threads_share_the_wait() -> None:
    """Four that take 0.8 s each are a wait of 1.6 s for two threads, and of 3.2 s for one."""
    workers = Workers(places=2, max_wait=2)
    predict(workers, 0.8)
    with occupied(workers), occupied(workers):
        callers = [threading.Thread(target=predict, args=(workers, 0)) for _ in range(4)]
        for waiting, caller in enumerate(callers, start=1):
            caller.start()
            workers.wait_for(waiting)
        with pytest.raises(QueueFull):
            predict(workers, 0)
    for caller in callers:
        caller.join(LONG)


def test_predictions_that_fail_do_not_change_what_is_foreseen() -> None:
    """Else whoever sends damaged images could make the others wait."""
    workers = Workers(max_wait=1)
    predict(workers, 0.6)
    for _ in range(40):
        with pytest.raises(ZeroDivisionError):
            workers.do(fail)
    assert_told_at_once(workers, max_wait=1)


def test_what_is_foreseen_follows_the_predictions() -> None:
    workers = Workers(max_wait=0.1)
    predict(workers, 0.15)
    for _ in range(40):
        predict(workers, 0)
    with occupied(workers) as end, one_waiting(workers):
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


def test_making_the_answer_counts_as_well() -> None:
    workers = Workers(max_wait=1)
    prediction(workers.queue, lambda: None, finish=lambda _: time.sleep(0.6))
    assert_told_at_once(workers, max_wait=1)


def test_work_may_take_longer_than_the_wait() -> None:
    def slow() -> str:
        time.sleep(0.2)
        return "done"

    assert Workers(max_wait=0.01).do(slow) == "done"


def test_a_place_is_given_back_before_the_answer() -> None:
    """Whoever asks again at once finds it free."""
    workers = Workers(places=2)
    for number in range(300):
        with pytest.raises(ZeroDivisionError):
            workers.do(fail)
        assert workers.queue._free == 2
        assert workers.do(partial(int, number)) == number
        assert workers.queue._free == 2


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
    gc.disable()  # so that nothing but the end of the last reference lets it go
    try:
        with occupied(workers):
            with pytest.raises(QueueFull):
                workers.do(partial(id, pixels))
            del pixels
            wait_until(lambda: kept() is None)  # the thread that has refused it may be on its way out
    finally:
        gc.enable()
