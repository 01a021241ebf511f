"""Child processes that never outlive the harness, whatever ends it."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

GRACE_SECONDS = 5.0


class ProcessGroup:
    """Processes that are started together and end together.

    They live in a process group of their own, whose leader is a *reaper* (``harness/reaper.py``). The reaper
    holds the reading end of a pipe whose writing end only this process has. However this process ends, even
    by SIGKILL, the operating system closes the pipe, and the reaper ends the whole group, itself included.
    """

    def __init__(self) -> None:
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        # The reaper leads the group: while it lives, the group's id cannot be given to strangers.
        self._reaper = subprocess.Popen(
            [sys.executable, "-S", str(Path(__file__).with_name("reaper.py")), str(GRACE_SECONDS)],
            stdin=subprocess.PIPE,
            process_group=0,
        )

    @property
    def id(self) -> int:
        """The process group's id."""
        return self._reaper.pid

    def start(
        self, name: str, command: Sequence[str], environment: Mapping[str, str], log: Path, directory: Path
    ) -> None:
        """Start one process of the group, with its output in a file."""
        with log.open("ab") as output:
            self._children[name] = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                cwd=directory,
                process_group=self._reaper.pid,
            )

    def ended(self) -> str | None:
        """What has ended although it should run, as a sentence, or None."""
        for name, child in self._children.items():
            if child.poll() is not None:
                return f"{name} ended with status {child.returncode}"
        if self._reaper.poll() is not None:
            return "the process that guards the others was killed"
        return None

    def stop(self) -> None:
        """End every process: politely, then by force."""
        for child in self._children.values():
            child.terminate()
        give_up_at = time.monotonic() + GRACE_SECONDS
        for child in self._children.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(max(0.0, give_up_at - time.monotonic()))
        # Closing the pipe is the reaper's signal to end whatever is left of the group.
        if self._reaper.stdin is not None:
            self._reaper.stdin.close()
        self._reaper.wait()
        for child in self._children.values():
            child.wait()

    def __enter__(self) -> "ProcessGroup":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
