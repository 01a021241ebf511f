"""The queue in front of a model, with real threads: at most `places` at a time, and nobody waits long."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from model_server.container.queue import Queue, QueueFull

LONG = 60.0


@contextmanager
def occupied(queue: Queue) -> Iterator[threading.Event]:
    """A prediction that goes on until the event is set, or the block ends."""
    inside, end = threading.Event(), threading.Event()

    def predict() -> None:
        with queue.turn():
            inside.set()
            end.wait(LONG)

    thread = threading.Thread(target=predict)
    thread.start()
    assert inside.wait(LONG)
    try:
        yield end
    finally:
        end.set()
        thread.join()


def predict(queue: Queue, seconds: float) -> None:
    with queue.turn():
        time.sleep(seconds)


def test_places_are_all_used_and_no_more() -> None:
    queue = Queue(places=3)
    together = threading.Barrier(3)
    inside: list[int] = []
    most = []

    def prediction(number: int) -> None:
        with queue.turn():
            inside.append(number)
            together.wait(LONG)  # passes only if three are inside at once
            most.append(len(inside))
            together.wait(LONG)
            inside.remove(number)

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(prediction, range(12)))
    assert most == [3] * 12


def test_turns_come_in_the_order_of_arrival() -> None:
    queue = Queue(places=1, max_wait=LONG)
    served: list[int] = []

    def prediction(number: int) -> None:
        with queue.turn():
            served.append(number)

    threads = [threading.Thread(target=prediction, args=(number,)) for number in range(8)]
    with occupied(queue):
        for waiting, thread in enumerate(threads, start=1):
            thread.start()
            while len(queue._waiting) < waiting:
                time.sleep(0.001)
    for thread in threads:
        thread.join()
    assert served == list(range(8))


def assert_told_at_once(queue: Queue, max_wait: float) -> None:
    with occupied(queue):
        asked = time.monotonic()
        with pytest.raises(QueueFull):
            predict(queue, 0)
        assert time.monotonic() - asked < max_wait


def test_who_would_wait_too_long_is_told_at_once() -> None:
    """The wait is foreseen from earlier predictions, not waited for."""
    queue = Queue(places=1, max_wait=1)
    predict(queue, 1.1)
    assert_told_at_once(queue, max_wait=1)


def test_predictions_that_fail_do_not_change_what_is_foreseen() -> None:
    """Else whoever sends damaged images could make the others wait."""
    queue = Queue(places=1, max_wait=1)
    predict(queue, 1.1)
    for _ in range(40):
        with pytest.raises(ZeroDivisionError), queue.turn():
            raise ZeroDivisionError
    assert_told_at_once(queue, max_wait=1)


def test_what_is_foreseen_follows_the_predictions() -> None:
    queue = Queue(places=1, max_wait=0.1)
    predict(queue, 0.15)
    for _ in range(40):
        predict(queue, 0)
    with occupied(queue) as end:
        threading.Timer(0.01, end.set).start()
        predict(queue, 0)


def test_a_wait_that_was_not_foreseen_ends_as_well() -> None:
    queue = Queue(places=1, max_wait=0.05)
    with occupied(queue), pytest.raises(QueueFull, match="The model is busy"):
        predict(queue, 0)
    predict(queue, 0)


def test_a_place_is_given_back_when_a_prediction_fails() -> None:
    queue = Queue(places=1, max_wait=0)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), queue.turn():
            raise ZeroDivisionError
    predict(queue, 0)
