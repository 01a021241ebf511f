"""Serves the stand-in with gunicorn: one worker process, which holds all state, with many threads."""

import logging
import threading
from pathlib import Path
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.errors import HaltServer
from gunicorn.glogging import Logger

from model_server.sagemaker.app import create_app
from model_server.sagemaker.model_data import own_s3_client
from model_server.sagemaker.registry import Registry
from model_server.sagemaker.service_model import operation_model
from model_server.sagemaker.standby import prepare
from model_server.sagemaker.worker import Worker
from model_server.sagemaker.worker_lifeline import WorkerLifeline

log = logging.getLogger(__name__)

THREADS = 64  # each invocation occupies one for up to a minute
_GRACE_SECONDS = 20  # for requests and containers to end; containers that take longer are killed with the worker


class _Logger(Logger):  # type: ignore[misc]  # gunicorn has no type information
    """Has gunicorn's own messages logged like all others."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        self.error_log.handlers = []
        self.error_log.propagate = True


class Server(BaseApplication):  # type: ignore[misc]
    """The gunicorn application. `run` serves until SIGTERM or SIGINT, which stop the containers as well."""

    def __init__(
        self,
        host: str,
        port: int,
        directory: Path,
        container_command: tuple[str, ...],
        *,
        enforce_iam: bool,
        standby: bool,
        persistent: bool,
    ) -> None:
        self._address = f"{host}:{port}"
        self._directory = directory
        self._container_command = container_command
        self._enforce_iam = enforce_iam
        self._standby = standby
        self._persistent = persistent
        self._registry: Registry | None = None
        self._lifeline = WorkerLifeline()
        super().__init__()

    def load_config(self) -> None:
        settings = {
            "bind": self._address,
            "workers": 1,
            "worker_class": Worker,
            "threads": THREADS,
            "timeout": 0,
            "graceful_timeout": _GRACE_SECONDS,
            "keepalive": 75,  # longer than SDKs keep idle connections, so that none is closed under a request
            "loglevel": "warning",
            "logger_class": _Logger,
            "control_socket_disable": True,
            "post_worker_init": lambda _worker: self._started(),
            "worker_exit": lambda _arbiter, _worker: self._stopped(),
            "child_exit": _stop_without_worker,
        }
        for name, value in settings.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Called in the worker process."""
        self._lifeline.hold()
        if self._standby:
            prepare(self._container_command)
        self._registry = Registry(
            self._directory, self._container_command, enforce_iam=self._enforce_iam, persistent=self._persistent
        )
        return create_app(self._registry)

    def _started(self) -> None:
        log.info("Listening on http://%s, container logs in %s", self._address, self._directory / "endpoints")
        threading.Thread(target=_warm_up, daemon=True).start()

    def _stopped(self) -> None:
        if self._registry:
            self._registry.shutdown()


def _warm_up() -> None:
    """Load what the first requests need, while nobody waits for it."""
    operation_model("CreateEndpoint")
    own_s3_client("us-east-1")


def _stop_without_worker(arbiter: Any, worker: Any) -> None:
    """The state is lost with the worker: a new one would pretend that there never was an endpoint."""
    is_stopping = not arbiter.LISTENERS  # closing them is the first thing that gunicorn does then
    if not is_stopping:
        raise HaltServer(f"Worker process {worker.pid} has ended, and all endpoints with it.", 1)
