"""Starting a stack in the background."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from harness.failure import Failure
from harness.progress import ShowStep
from harness.project import PROJECT
from harness.state import NotRunning, State, read
from harness.workspace import DETACHED_LOG, holder, prepare


class DetachedStartError(Failure):
    """The background process gave up; the message is what it said."""


def start_detached(arguments: Sequence[str], directory: Path, show: ShowStep) -> State:
    """Run ``python -m harness`` in the background and wait until its stack answers.

    :param arguments: the command and its options.
    :param show: is told what the background process says.
    :raises WorkspaceError: when the folder cannot be used.
    :raises DetachedStartError: when the process ends instead of answering.
    """
    prepare(directory)
    log = directory / DETACHED_LOG
    with log.open("wb") as file:
        child = subprocess.Popen(
            [sys.executable, "-m", "harness", *arguments, "--in-background"],
            stdin=subprocess.PIPE,
            stdout=file,
            stderr=file,
            start_new_session=True,
            cwd=PROJECT,
        )
    try:
        while child.poll() is None:
            with suppress(NotRunning):
                state = read(directory)
                if holder(directory) == child.pid:
                    _release(child)
                    return state
            said = log.read_text(errors="replace").splitlines()
            if said and not said[-1].startswith("error: "):  # which is raised below
                show(said[-1])
            time.sleep(0.02)
    except KeyboardInterrupt:
        child.terminate()
        child.wait()
        raise
    raise DetachedStartError(_reason(log.read_text(errors="replace"), child.returncode))


def stop_unless_released() -> None:
    """In the background process: stop, in good order, if the one that started it ends before the stack answers."""

    def wait() -> None:
        if not os.read(sys.stdin.fileno(), 1):
            os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()


def _release(child: "subprocess.Popen[bytes]") -> None:
    if child.stdin is not None:
        child.stdin.write(b".")
        child.stdin.close()


def _reason(said: str, status: int) -> str:
    """The error that the process reported, or how it ended without a word."""
    before, found, reason = f"\n{said}".partition("\nerror: ")
    return reason.strip() if found else f"the background process ended with status {status}: {before.strip()}"
