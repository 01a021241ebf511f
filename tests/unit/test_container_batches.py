"""Requests that come at once are predicted for together, each gets its own answer, and nobody is left waiting."""

import gc
import random
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from model_server.container import batches
from model_server.container.batches import MAX_SECONDS, Batches
from model_server.container.queue import Queue, QueueFull
from tests.unit.container_caller import prediction

LONG = 60.0


class Pixels:
    """What an image was decoded to, which is large."""


class Model:
    """Doubles numbers, and notes which it was given together. Negative numbers cannot be prepared."""

    def __init__(self, seconds: float = 0.0, seconds_to_prepare: float = 0.0) -> None:
        self.seconds = seconds
        self.seconds_to_prepare = seconds_to_prepare
        self.batches: list[list[int]] = []
        self.go_on = threading.Event()
        self.go_on.set()
        self.started = threading.Semaphore(0)
        self.at_work = 0
        self.most_at_work = 0
        self._lock = threading.Lock()

    def prepare(self, number: int) -> int:
        with self._working():
            time.sleep(self.seconds_to_prepare)
            if number < 0:
                raise ZeroDivisionError(number)
            return number

    def predict(self, numbers: list[int]) -> list[int]:
        with self._working():
            self.batches.append(numbers)
            self.started.release()
            assert self.go_on.wait(LONG)
            time.sleep(self.seconds * len(numbers))
            return [2 * number for number in numbers]

    @contextmanager
    def _working(self) -> Iterator[None]:
        with self._lock:
            self.at_work += 1
            self.most_at_work = max(self.most_at_work, self.at_work)
        try:
            yield
        finally:
            with self._lock:
                self.at_work -= 1


def queue_to(model: Model, places: int = 1, max_size: int = 8, max_wait: float = LONG) -> Queue:
    queue = Queue(model.prepare, model.predict, places, max_size, max_wait)
    for _ in range(60):  # until it is known how quick the model is
        prediction(queue, 0)
    model.batches.clear()
    while model.started.acquire(blocking=False):
        pass
    return queue


@pytest.fixture
def however_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches of any size, also where a busy machine makes the model seem slow."""
    monkeypatch.setattr(batches, "MAX_SECONDS", LONG)


def while_one_is_predicted(model: Model, queue: Queue, numbers: list[int]) -> list[Future[Any]]:
    """Ask for the numbers while the model is busy with 100, and let it go on when all wait."""
    pool = ThreadPoolExecutor(len(numbers) + 1)
    model.go_on.clear()
    answers = [pool.submit(prediction, queue, 100)]
    assert model.started.acquire(timeout=LONG)
    for waiting, number in enumerate(numbers, start=1):
        answers.append(pool.submit(prediction, queue, number))
        wait_until(lambda: len(queue._waiting) == waiting)  # noqa: B023
    model.go_on.set()
    for answer in answers:
        answer.exception(LONG)
    return answers


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + LONG
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


def take_all(prepared: Batches, threads: int) -> list[list[int]]:
    """What so many threads get that take turns."""
    taken = []
    while batch := prepared.take(threads):
        taken.append(batch)
    return taken


def filled(size: int, seconds_each: float, requests: int) -> Batches:
    made = Batches(size)
    made.learn(seconds_each)
    for number in range(requests):
        made.add(number)
    return made


@pytest.mark.parametrize(("threads", "sizes"), [(1, [8, 2]), (2, [5, 3, 1, 1]), (3, [4, 2, 2, 1, 1]), (20, [1] * 10)])
def test_threads_get_their_share_in_the_order_of_arrival(threads: int, sizes: list[int]) -> None:
    taken = take_all(filled(8, 0.001, requests=10), threads)
    assert [len(batch) for batch in taken] == sizes
    assert [number for batch in taken for number in batch] == list(range(10))


@pytest.mark.parametrize(("seconds_each", "size"), [(0.001, 8), (0.007, 7), (0.0249, 2), (0.026, 1), (9, 1)])
def test_a_batch_takes_no_longer_than_it_may(seconds_each: float, size: int) -> None:
    prepared = filled(8, seconds_each, requests=size - 1)
    assert not prepared.full
    prepared.add(0)
    assert prepared.full
    assert len(prepared.take(threads=1)) == size
    assert len(prepared) == 0


def test_no_batches_until_it_is_known_how_long_one_takes() -> None:
    prepared = Batches(8)
    prepared.add(1)
    assert prepared.full


@pytest.mark.usefixtures("however_long")
def test_who_waits_is_predicted_for_together() -> None:
    model = Model()
    answers = while_one_is_predicted(model, queue_to(model), [1, 2, 3])
    assert [answer.result() for answer in answers] == [200, 2, 4, 6]
    assert model.batches == [[100], [1, 2, 3]]


@pytest.mark.usefixtures("however_long")
def test_a_batch_has_an_end() -> None:
    model = Model()
    answers = while_one_is_predicted(model, queue_to(model, max_size=2), [1, 2, 3, 4, 5])
    assert [answer.result() for answer in answers] == [200, 2, 4, 6, 8, 10]
    assert model.batches == [[100], [1, 2], [3, 4], [5]]


def test_slow_predictions_are_made_one_by_one() -> None:
    model = Model(seconds=0.6 * MAX_SECONDS)
    answers = while_one_is_predicted(model, queue_to(model), [1, 2, 3])
    assert [answer.result() for answer in answers] == [200, 2, 4, 6]
    assert model.batches == [[100], [1], [2], [3]]


def test_one_that_cannot_be_prepared_harms_no_other() -> None:
    model = Model()
    first, good, bad, last, also_bad = while_one_is_predicted(model, queue_to(model), [1, -2, 3, -4])
    assert [answer.result() for answer in (first, good, last)] == [200, 2, 6]
    for answer in (bad, also_bad):
        with pytest.raises(ZeroDivisionError):
            answer.result()


def test_damaged_images_without_end_do_not_keep_the_others_waiting() -> None:
    model = Model(seconds_to_prepare=0.002)
    queue, end = queue_to(model, places=2), threading.Event()

    def send_damaged() -> None:
        while not end.is_set():
            with pytest.raises(ZeroDivisionError):
                prediction(queue, -1)

    with ThreadPoolExecutor(24) as pool:
        for _ in range(23):
            pool.submit(send_damaged)
        try:
            assert [pool.submit(prediction, queue, number).result(10) for number in range(20)] == [*range(0, 40, 2)]
        finally:
            end.set()


@pytest.mark.usefixtures("however_long")
def test_an_error_of_the_model_is_told_to_all_in_the_batch_and_to_nobody_else() -> None:
    model = Model()
    predict = model.predict

    def fail_for_two(numbers: list[int]) -> list[int]:
        if 2 in numbers:
            raise RuntimeError("no memory")
        return predict(numbers)

    model.predict = fail_for_two  # type: ignore[method-assign]
    queue = queue_to(model)
    first, *others = while_one_is_predicted(model, queue, [1, 2, 3])
    assert first.result() == 200
    for answer in others:
        with pytest.raises(RuntimeError, match="no memory"):
            answer.result()
    assert prediction(queue, 5) == 10


@pytest.mark.usefixtures("however_long")
def test_an_answer_that_cannot_be_made_is_nobody_elses_error() -> None:
    def finish(doubled: int) -> int:
        return 100 // (doubled - 4)

    model = Model()
    queue = queue_to(model)
    model.go_on.clear()
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(prediction, queue, 100)
        wait_until(lambda: any(100 in batch for batch in model.batches))
        one, two, three = (pool.submit(prediction, queue, number, finish) for number in (1, 2, 3))
        wait_until(lambda: len(queue._waiting) == 3)
        model.go_on.set()
        assert (first.result(LONG), one.result(LONG), three.result(LONG)) == (200, -50, 50)
        with pytest.raises(ZeroDivisionError):
            two.result(LONG)
    assert any({1, 2, 3} <= set(batch) for batch in model.batches)


def test_who_gives_up_leaves_nobody_waiting() -> None:
    model = Model()
    queue = queue_to(model, max_wait=0.05)
    model.go_on.clear()
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(prediction, queue, 100)
        wait_until(lambda: any(100 in batch for batch in model.batches))
        others = [pool.submit(prediction, queue, number) for number in (1, 2, 3)]
        for other in others:
            with pytest.raises(QueueFull):
                other.result(LONG)
        model.go_on.set()
        assert first.result(LONG) == 200
        assert prediction(queue, 5) == 10
    assert not any({1, 2, 3} & set(batch) for batch in model.batches)


def test_an_image_that_cannot_be_prepared_is_not_kept() -> None:
    kept = []

    def prepare(_: int) -> None:
        pixels = Pixels()
        kept.append(weakref.ref(pixels))
        raise ZeroDivisionError

    queue = Queue(prepare, lambda prepared: prepared, 1, 8)
    gc.disable()
    try:
        for _ in range(5):
            with pytest.raises(ZeroDivisionError):
                prediction(queue, 0)
        assert [pixels() for pixels in kept] == [None] * 5
    finally:
        gc.enable()


def test_a_model_that_forgets_an_answer() -> None:
    queue = Queue(lambda number: number, lambda numbers: [], 1, 8)
    with pytest.raises(ValueError, match="0 predictions for 1 requests"):
        prediction(queue, 1)


@pytest.mark.parametrize("places", [1, 2, 3])
def test_everybody_is_answered_and_no_more_threads_work_than_there_are_places(places: int) -> None:
    model = Model(seconds=0.0005)
    chance = random.Random(places)  # noqa: S311  # no secret: which requests fail
    queue = queue_to(model, places)
    numbers = [chance.choice([number, number, -1]) for number in range(1500)]

    def ask(number: int) -> int | None:
        try:
            return int(prediction(queue, number))
        except ZeroDivisionError:
            return None

    with ThreadPoolExecutor(24) as pool:
        answers = list(pool.map(ask, numbers, timeout=LONG))
    assert answers == [2 * number if number >= 0 else None for number in numbers]
    assert model.most_at_work == places
    assert sum(map(len, model.batches)) == sum(number >= 0 for number in numbers)
    assert max(map(len, model.batches)) > 1
