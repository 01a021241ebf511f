"""The folder of a running stack: logs, temporary files, state. One harness process holds it at a time."""

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import psutil

from harness.failure import Failure

# Nobody else writes a file of this name, so it also tells that the folder is the harness's own.
LOCK = "harness.lock"
# What a start in the background (harness/detached.py) is writing.
DETACHED_LOG = "up.log"
# Whoever asks who holds the folder locks it for an instant.
CLAIM_SECONDS = 0.5


class WorkspaceError(Failure):
    """The folder cannot be used; the message says why, and what to do."""


@contextmanager
def claimed(directory: Path) -> Iterator[None]:
    """Hold a folder for this process, empty of what an earlier run left.

    :raises WorkspaceError: when another process holds it, or when it holds somebody else's files.
    """
    prepare(directory)
    with (directory / LOCK).open("r+") as lock:
        _lock(lock, directory)
        lock.truncate()
        lock.write(str(os.getpid()))
        lock.flush()
        _clear(directory)
        try:
            yield
        finally:
            for folder in (temporary_files(directory), *directory.glob("endpoints/*/model-*")):
                shutil.rmtree(folder, ignore_errors=True)
            lock.truncate(0)


def prepare(directory: Path) -> None:
    """Make the folder the harness's own, unless it is in use or somebody else's.

    :raises WorkspaceError: saying which of the two.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        if not (directory / LOCK).exists() and any(directory.iterdir()):
            raise WorkspaceError(f"{directory} holds other files. Choose an empty or new folder with --directory.")
        (directory / LOCK).touch()
    except OSError as error:
        raise WorkspaceError(
            f"{directory} cannot be used: {error.strerror}. Choose another with --directory."
        ) from None
    if holder(directory) is not None:
        raise _held(directory)


def holder(directory: Path) -> int | None:
    """The process that holds the folder, or None. A lock ends with its process, however that ended."""
    with suppress(OSError), (directory / LOCK).open() as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                process = int(lock.read() or 0)
                if process and psutil.pid_exists(process):
                    return process
                time.sleep(0.001)  # it has locked the file, and not yet written who it is
            else:
                return None
    return None


def _lock(lock: IO[str], directory: Path) -> None:
    give_up_at = time.monotonic() + CLAIM_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > give_up_at:
                raise _held(directory) from None
            time.sleep(0.005)
        else:
            return


def temporary_files(directory: Path) -> Path:
    """Where the emulators put their temporary files; they go when the stack stops."""
    return directory / "tmp"


def _clear(directory: Path) -> None:
    for path in directory.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name not in (LOCK, DETACHED_LOG):
            path.unlink()


def _held(directory: Path) -> WorkspaceError:
    return WorkspaceError(
        f"a stack is already running in {directory} (process {holder(directory)}). Use it, stop it with "
        "`python -m harness down`, or choose another folder with --directory."
    )
