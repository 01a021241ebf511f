"""Somebody who waits for what comes of a request in the container's queue."""

from queue import SimpleQueue
from typing import Any

from model_server.container.queue import Queue, Request


def prediction(queue: Queue, data: Any) -> Any:
    """The prediction for one request's data; raises QueueFull, and whatever the model raises."""
    told: SimpleQueue[Request] = SimpleQueue()
    queue.put(data, told.put)
    return told.get().result()
