"""Child processes that never outlive the harness, whatever ends it."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

GRACE_SECONDS = 5.0
# A process that ends sooner than this has not been ended by an accident, and would only end again.
STEADY_SECONDS = 5.0


@dataclass
class _Child:
    """A process of the group, and what it takes to start it again."""

    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    directory: Path
    group: int
    restart: bool
    started_at: float = field(init=False)
    process: "subprocess.Popen[bytes]" = field(init=False)

    def start(self) -> None:
        self.started_at = time.monotonic()
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(self.environment),
                cwd=self.directory,
                process_group=self.group,
            )

    @property
    def may_start_again(self) -> bool:
        return self.restart and time.monotonic() - self.started_at > STEADY_SECONDS


class ProcessGroup:
    """Processes that are started together and end together.

    They live in a process group of their own, whose leader is a *reaper* (``harness/reaper.py``). The reaper
    holds the reading end of a pipe whose writing end only this process has. However this process ends, even
    by SIGKILL, the operating system closes the pipe, and the reaper ends the whole group, itself included.
    """

    def __init__(self) -> None:
        self._children: dict[str, _Child] = {}
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
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        log: Path,
        directory: Path,
        restart: bool = False,
    ) -> None:
        """Start one process of the group, with its output in a file.

        :param restart: whether `keep_running` may start it again.
        """
        child = _Child(command, environment, log, directory, self._reaper.pid, restart)
        child.start()
        self._children[name] = child

    def keep_running(self) -> str | None:
        """Start again what has ended and may be; what has ended for good as a sentence, or None."""
        for name, child in self._children.items():
            if child.process.poll() is None:
                continue
            ended = f"{name} ended with status {child.process.returncode}"
            if not child.may_start_again:
                return ended
            with contextlib.suppress(OSError), child.log.open("a") as log:  # a full disk is no reason not to
                print(f"{ended}; it is started again", file=log)
            child.start()
        if self._reaper.poll() is not None:
            return "the process that guards the others was killed"
        return None

    def stop(self) -> None:
        """End every process: politely, then by force."""
        processes = [child.process for child in self._children.values()]
        for process in processes:
            process.terminate()
        give_up_at = time.monotonic() + GRACE_SECONDS
        for process in processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, give_up_at - time.monotonic()))
        # Closing the pipe is the reaper's signal to end whatever is left of the group.
        if self._reaper.stdin is not None:
            self._reaper.stdin.close()
        self._reaper.wait()
        for process in processes:
            process.wait()

    def __enter__(self) -> "ProcessGroup":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
