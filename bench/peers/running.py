"""Installs and starts one server of the comparison."""

import http.client
import itertools
import json
import os
import re
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

import click
import psutil

from bench.peers.memory import memory_mb
from bench.peers.servers import SERVERS, Server
from harness.project import PROJECT

_ENVIRONMENTS = PROJECT / "build" / "peers"
_START_SECONDS = 120
_SAMPLE = PROJECT / "site/samples/1.jpg"
# Below those that systems give to connections (Linux from 32768 on), of which one may be gone again before the server
# is there to take it; above those that Ray gives to its workers.
_PORTS = itertools.count(20000)
_MOMENT, _IDLE = 0.25, 0.15  # seconds, and cores: Ray is never quite at rest
_PATIENCE = 30  # seconds


class DoesNotRun(Exception):
    """A server cannot be installed or started here, and why."""


@dataclass(frozen=True)
class Running:
    """A server that answers."""

    url: str
    process: subprocess.Popen[bytes]
    start_seconds: float
    logits: list[float]

    def rss_mb(self) -> float:
        """Memory of the process and all that it started, as PSS where there is such a figure."""
        return memory_mb(self.process.pid)

    def wait_until_idle(self) -> None:
        """Wait while it still works on what nobody waits for any more, but not for ever."""
        deadline = time.monotonic() + _PATIENCE
        used, busy = self._cpu_seconds(), True
        while busy and time.monotonic() < deadline:
            time.sleep(_MOMENT)
            before, used = used, self._cpu_seconds()
            busy = used - before > _IDLE * _MOMENT

    def _cpu_seconds(self) -> float:
        """Of the process and all that it started."""
        total = 0.0
        for process in (root := psutil.Process(self.process.pid), *root.children(recursive=True)):
            with suppress(psutil.Error):
                total += sum(process.cpu_times()[:2])
        return total


@contextmanager
def running(name: str, model_directory: Path) -> Iterator[Running]:
    """Start a server; when this ends, so has it.

    Raises:
        DoesNotRun: it cannot be installed, ends by itself, or does not answer in time.
    """
    server = SERVERS[name]
    python = _python(name, server)
    with tempfile.TemporaryDirectory() as folder:
        port = _free_port()
        ports = {"PORT": str(port)} | {f"PORT{number}": str(_free_port()) for number in range(2, 6)}
        values = ports | {"FOLDER": folder, "CORES": str(os.cpu_count())}
        for file, content in server.files.items():
            Path(folder, file).write_text(_filled(content, values))
        environment = {
            **os.environ,
            **server.environment,
            "MODEL_DIR": str(model_directory),
            "SM_MODEL_DIR": str(model_directory),
            "PORT": str(port),
            "SAGEMAKER_BIND_TO_PORT": str(port),
            "PYTHONPATH": str(PROJECT),
            "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}",
        }
        for command in server.prepare:
            subprocess.run([python, "-m", *_filled(command, values).split()], check=True, env=environment, cwd=PROJECT)
        with tempfile.TemporaryFile() as log:
            started_at = time.monotonic()
            process = subprocess.Popen(
                [python, "-m", *_filled(server.module, values).split()],
                cwd=folder if server.packages else PROJECT,
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
            try:
                url = f"http://127.0.0.1:{port}{server.path}"
                logits = _first_answer(process, url, server, log)
                yield Running(url, process, time.monotonic() - started_at, logits)
            finally:
                _end(process)


def _python(name: str, server: Server) -> Path:
    """The interpreter of a peer: an environment with its packages, which takes all others from this project's."""
    if not server.packages:
        return Path(sys.executable)
    environment = _ENVIRONMENTS / re.sub(r"\W+", "-", name.lower())
    python = environment / "bin" / "python"
    installed = environment / "installed"
    made_of = f"{sysconfig.get_path('purelib')} {' '.join(server.packages)}"
    if not installed.exists() or installed.read_text() != made_of:
        click.echo(f"installing {', '.join(server.packages)}", err=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", environment], check=True)
        packages = subprocess.check_output([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"])
        Path(packages.decode().strip(), "project.pth").write_text(sysconfig.get_path("purelib"))
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *server.packages]
        done = subprocess.run(install, capture_output=True, text=True)
        if done.returncode != 0:
            raise DoesNotRun(f"pip cannot install it: {done.stderr.strip().splitlines()[-1]}")
        installed.write_text(made_of)
    return python


def _filled(text: str, values: dict[str, str]) -> str:
    """The text with its capital names replaced."""
    return re.sub("|".join(sorted(values, reverse=True)), lambda name: values[name.group()], text)


def _free_port() -> int:
    """The next one at which nobody listens."""
    while True:
        port = next(_PORTS)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def _first_answer(process: subprocess.Popen[bytes], url: str, server: Server, log: BinaryIO) -> list[float]:
    """Ask until the answer is right, and return its logits."""
    media_type, body = server.request(_SAMPLE.read_bytes())
    parts, answer = urlsplit(url), "nothing"
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", parts.port or 0, timeout=30)
            connection.request("POST", parts.path, body, {"Content-Type": media_type})
            response = connection.getresponse()
            answer = response.read().decode()
            if response.status == 200:
                return _logits(json.loads(answer))
        time.sleep(0.02)
    log.seek(0)
    what = "does not answer" if process.poll() is None else "ended"
    # The other lines of its log name paths of this machine.
    errors = re.findall(r"^\w+Error: .*", log.read().decode(errors="replace"), re.MULTILINE)
    raise DoesNotRun("; ".join([f"it {what}: {answer[-300:]}", *errors[-1:]]))


def _logits(answer: object) -> list[float]:
    """The list of numbers in an answer, wherever it is."""
    if isinstance(answer, list) and answer and all(isinstance(value, float) for value in answer):
        return answer
    values = list(answer.values()) if isinstance(answer, dict) else answer if isinstance(answer, list) else []
    return next((found for found in map(_logits, values) if found), [])


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask it to end, then make it; and all that it started."""
    children = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=15)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    for child in children:
        with suppress(psutil.Error):
            child.kill()
    process.wait()
