"""A container that begins before there is a model for it.

Most of a container's start is importing PyTorch, which depends on no model. One process does so while nobody waits yet;
the first endpoint makes it its container, by handing it what any container gets when it starts.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import IO, NamedTuple

from model_server.sagemaker import lifeline

PROJECT_ROOT = Path(__file__).resolve().parents[2]

# Variables that the interpreter, the linker and PyTorch's libraries read before anybody could hand them over.
_READ_EARLY = ("GOMP_", "KMP_", "LD_", "MALLOC_", "MKL_", "OMP_", "OPENBLAS_", "PYTHON", "TORCH")

_DEFAULTS = {"OMP_NUM_THREADS": "1"}
"""The container's own, for such variables."""

_lock = threading.Lock()
_waiting: dict[tuple[str, ...], "Started"] = {}


class Started(NamedTuple):
    """A process that ends with this one, however that ends (see lifeline.py)."""

    process: "subprocess.Popen[bytes]"
    lifeline: IO[bytes]


def start(
    command: tuple[str, ...], environment: Mapping[str, str], output: int | IO[bytes], stdin: int = subprocess.DEVNULL
) -> Started:
    """Start a process for a container. Raises OSError."""
    watched_end, our_end = os.pipe()
    held = os.fdopen(our_end, "wb", buffering=0)
    try:
        process = subprocess.Popen(
            [sys.executable, "-IS", lifeline.__file__, str(watched_end), *command],
            cwd=PROJECT_ROOT,
            env=environment,
            stdin=stdin,
            stdout=output,
            stderr=output,
            pass_fds=[watched_end],
        )
    except BaseException:
        held.close()
        raise
    finally:
        os.close(watched_end)
    return Started(process, held)


def prepare(command: tuple[str, ...]) -> None:
    """Begin a container that is to run `command`, if that is a module for this interpreter; others cannot wait."""
    if command[:2] != (sys.executable, "-m"):
        return
    waiting = (sys.executable, "-m", "model_server.sagemaker.standby_process", *command[2:])
    with _lock:
        _waiting[command] = start(waiting, _DEFAULTS | os.environ, subprocess.DEVNULL, stdin=subprocess.PIPE)


def take(command: tuple[str, ...], environment: Mapping[str, str], log_file: Path) -> Started | None:
    """Make what waits the container, or None if nothing does, or if it would have had to know something earlier."""
    wanted, known = _DEFAULTS | dict(environment), _DEFAULTS | os.environ
    if any(wanted.get(name) != known.get(name) for name in {*wanted, *known} if name.startswith(_READ_EARLY)):
        return None
    with _lock:
        started = _waiting.pop(command, None)
    if started is None or started.process.stdin is None:
        return None
    with started.process.stdin as stdin:
        if started.process.poll() is not None:  # it has ended, and says to nobody why; one that starts now does
            started.lifeline.close()
            return None
        stdin.write(json.dumps({"environment": dict(environment), "log": str(log_file)}).encode() + b"\n")
    return started
