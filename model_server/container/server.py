"""Runs the application on uvicorn: one process, in which an event loop has the requests and threads have the model."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import uvicorn

from model_server.container.app import create_app
from model_server.container.connection import Connection
from model_server.container.served_model import ServedModel

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Settings:
    """What the environment decides.

    Attributes:
        model_dir: the unpacked model.tar.gz.
        host, port: where to listen.
        max_request_bytes: the largest request body.
        threads: threads that torch uses for one request.
        workers: requests that are worked on at a time.
        max_batch_size: requests that are predicted for together, at most.
    """

    model_dir: Path
    host: str
    port: int
    max_request_bytes: int
    threads: int
    workers: int
    max_batch_size: int


def serve(settings: Settings) -> NoReturn:
    """Listen at once, load the model meanwhile, and serve until SIGTERM; the process ends with this function."""
    # By default one thread per request, several requests at once. With more, a request is answered sooner on an
    # idle machine; on a busy one its threads wait for each other, which can take many times as long as the work.
    os.environ["OMP_NUM_THREADS"] = str(settings.threads)
    os.environ["SAGEMAKER_MODEL_SERVER_WORKERS"] = str(settings.workers)  # for runtimes with threads of their own
    # What torch's C++ code warns of is about torch itself, and would be a line in the log that is not JSON.
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")
    model = ServedModel(settings.model_dir, settings.workers, settings.max_batch_size)
    server = uvicorn.Server(_configuration(settings, model))
    failed = threading.Event()

    def stop(*_: object) -> None:
        server.should_exit = True

    def load_or_stop() -> None:
        try:
            model.load()
        except BaseException as error:
            # Unless a part is missing or misfits, the fault is in the model code, and its author needs the place.
            stack = None if isinstance(error, ValueError | OSError) else error
            reason = str(error) or type(error).__name__
            _log.error("cannot load the model in %s: %s", settings.model_dir, reason, exc_info=stack)
            failed.set()
            stop()

    # For signals that come before uvicorn takes them, and for those that it passes on when it has stopped.
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    threading.Thread(target=load_or_stop, name="load-model", daemon=True).start()
    try:
        server.run()
    except SystemExit:
        failed.set()  # it cannot listen, and has logged why
    except BaseException:
        failed.set()
        _log.critical("the server failed", exc_info=True)
    # Without tearing torch down: its threads may be at work, and C++ aborts a process that destroys a running one.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(1 if failed.is_set() else 0)


def _configuration(settings: Settings, model: ServedModel) -> uvicorn.Config:
    return uvicorn.Config(
        create_app(model, settings.max_request_bytes),
        host=settings.host,
        port=settings.port,
        loop="asyncio",  # uvloop is 14 MB, and was not faster here
        http=Connection,
        ws="none",
        lifespan="off",
        # Longer than clients keep idle connections in their pools, so that they close first and never send a request
        # into a connection that this side is closing.
        timeout_keep_alive=75,
        # SageMaker sends SIGKILL 30 seconds after SIGTERM.
        timeout_graceful_shutdown=25,
        log_config=None,
        log_level="error",  # it warns of requests that are none, as connection.py does
        access_log=False,
        proxy_headers=False,
        server_header=False,
    )
