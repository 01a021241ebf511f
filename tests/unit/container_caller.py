"""Somebody who waits for what comes of a request in the container's queue."""

from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

from model_server.container.queue import Queue, QueuedRequest


def prediction(queue: Queue, data: Any, finish: Callable[[Any], Any] = lambda prediction: prediction) -> Any:
    """What is made of the prediction for one request's data; raises QueueFull, and whatever is raised on the way."""
    told: SimpleQueue[QueuedRequest] = SimpleQueue()
    queue.put(data, finish, told.put)
    request = told.get(timeout=60)
    error = request.take_error()
    if error is None:
        return request.answer
    try:
        raise error
    finally:
        del error
