"""Runs the application on gunicorn: one process for the model, threads for the requests."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.workers.base import Worker

from model_server.container.app import MAX_INVOCATIONS, create_app
from model_server.container.served_model import ServedModel
from model_server.serving.json_log import GunicornLogger
from model_server.serving.worker_lifeline import WorkerLifeline

_log = logging.getLogger(__name__)

# The worker proves by touching a file that it is alive; on a disk this can block. gunicorn makes the file with mkstemp,
# so nobody else can have put it there.
_MEMORY = "/dev/shm"  # noqa: S108  # nosec B108


@dataclass(frozen=True)
class Settings:
    """What the environment decides.

    Attributes:
        model_dir: the unpacked model.tar.gz.
        host, port: where to listen.
        max_request_bytes: the largest request body.
        threads: threads that torch uses for one request.
        max_batch_size: requests that are predicted for together, at most.
    """

    model_dir: Path
    host: str
    port: int
    max_request_bytes: int
    threads: int
    max_batch_size: int


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no type information
    """A gunicorn server that loads the model in its worker process."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._load_failed = multiprocessing.Event()
        self._lifeline = WorkerLifeline()
        super().__init__()

    def load_config(self) -> None:
        """Configure gunicorn."""
        options: dict[str, Any] = {
            "bind": f"{self._settings.host}:{self._settings.port}",
            # A second process would hold a second copy of the model; torch works without Python's lock in threads.
            "workers": 1,
            "worker_class": "gthread",
            "threads": MAX_INVOCATIONS + 2,
            # Longer than clients keep idle connections in their pools, so that they close first and never
            # send a request into a connection that this side is closing.
            "keepalive": 75,
            # SageMaker sends SIGKILL 30 seconds after SIGTERM.
            "graceful_timeout": 25,
            "worker_tmp_dir": _MEMORY if Path(_MEMORY).is_dir() else None,
            "control_socket_disable": True,
            "worker_exit": _leave,
            "on_exit": self._exit,
            "loglevel": "warning",
            "logger_class": GunicornLogger,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Called in the worker: return the application at once and load the model meanwhile."""
        # By default one thread per request, several requests at once. With more, a request is answered sooner on an
        # idle machine; on a busy one its threads wait for each other, which can take many times as long as the work.
        os.environ["OMP_NUM_THREADS"] = str(self._settings.threads)
        # What torch's C++ code warns of is about torch itself, and would be a line in the log that is not JSON.
        os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")
        self._lifeline.hold()
        places = max(1, (os.cpu_count() or 1) // self._settings.threads)
        model = ServedModel(self._settings.model_dir, places, self._settings.max_batch_size)
        threading.Thread(target=self._load_or_stop, args=(model,), name="load-model", daemon=True).start()
        return create_app(model, self._settings.max_request_bytes)

    def _load_or_stop(self, model: ServedModel) -> None:
        """Load the model or stop the whole server: gunicorn would replace a worker that merely ends, over and over."""
        try:
            model.load()
        except Exception as error:
            # Unless a part is missing or misfits, the fault is in the model code, and its author needs the place.
            stack = None if isinstance(error, ValueError | OSError) else error
            reason = str(error) or type(error).__name__
            _log.error("cannot load the model in %s: %s", self._settings.model_dir, reason, exc_info=stack)
            self._load_failed.set()
            if self._lifeline.is_held():
                os.kill(os.getppid(), signal.SIGTERM)

    def _exit(self, _: Arbiter) -> None:
        """Called in the main process after everything has stopped; without this its exit status is always 0."""
        if self._load_failed.is_set():
            sys.exit(1)


def _leave(_: Arbiter, worker: Worker) -> None:
    """Called in the worker when its requests are answered: end without tearing torch down.

    Its threads may still be at work, and C++ aborts a process that destroys a running thread.
    """
    if worker.booted:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
