"""Starting a stack in the background."""

import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from harness.progress import ShowStep
from harness.project import PROJECT
from harness.state import NotRunning, State, read
from harness.workspace import DETACHED_LOG, holder, prepare


class DetachedStartError(Exception):
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
            [sys.executable, "-m", "harness", *arguments],
            stdin=subprocess.DEVNULL,
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
                    return state
            said = log.read_text(errors="replace").splitlines()
            if said:
                show(said[-1])
            time.sleep(0.05)
    except KeyboardInterrupt:
        child.terminate()
        child.wait()
        raise
    raise DetachedStartError(_reason(log.read_text(errors="replace"), child.returncode))


def _reason(said: str, status: int) -> str:
    """The error that the process reported, or how it ended without a word."""
    before, found, reason = f"\n{said}".partition("\nerror: ")
    return reason.strip() if found else f"the background process ended with status {status}: {before.strip()}"
