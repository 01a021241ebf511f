"""What a stack has at a moment: processes, ports, threads, open files, files. A fault must not make it more."""

import re
import time
from collections import Counter, defaultdict
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from tests.faults.system import Part, System

SETTLING_SECONDS = 20.0
"""A container is given 8 s to end, one of a stand-in that is gone 5 s, a worker 2 s."""

# Names that are made up anew each time: of a function's folder, a model's, ...
RANDOM = re.compile(r"(?<=predict-)\w{8}|(?<=model-)[0-9a-f]{8}|(?<=tmp)\w{8}")


@dataclass(frozen=True)
class Census:
    """Counts by kind and owner."""

    counts: Counter[tuple[str, str]]

    @classmethod
    def of(cls, system: System) -> "Census":
        counts: Counter[tuple[str, str]] = Counter()
        all_sockets = _sockets_by_process()
        for part, process in system.all_processes():
            owner = str(part or "unknown")
            try:
                with process.oneshot():
                    counts["process", owner] += 1
                    sockets = all_sockets[process.pid]
                    listening = {c.laddr for c in sockets if c.status == psutil.CONN_LISTEN}
                    counts["listening port", owner] += len(listening)
                    if part is not Part.WORKER:  # new ones take the place of old ones all the time
                        counts["thread", owner] += process.num_threads()
                        # Of sockets, those that are open may be kept for the next request. Half-closed and reset ones
                        # are of no use any more, but hypercorn, on which MiniStack runs, sees them only after 75 s.
                        if part is not Part.EMULATOR:
                            half_closed = sum(c.status == psutil.CONN_CLOSE_WAIT for c in sockets)
                            counts["half-closed connection", owner] += half_closed
                        counts["open file", owner] += _open_files(process.pid)
            except (psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
                continue
        for path in _files(system.stack.directory):
            counts["file", RANDOM.sub("*", path)] += 1
        return cls(counts)

    @classmethod
    def at_most(cls, system: System) -> "Census":
        """The most of each kind that was there in some seconds: one look alone may miss a process."""
        most: Counter[tuple[str, str]] = Counter()
        for _ in range(10):
            most |= cls.of(system).counts
            time.sleep(0.2)
        return cls(most)

    def added_since(self, before: "Census") -> dict[tuple[str, str], int]:
        """What there is more of than before."""
        return dict(self.counts - before.counts)


def leftovers(system: System, before: Census) -> dict[tuple[str, str], int]:
    """What is there in addition, once what was ending has ended."""
    give_up_at = time.monotonic() + SETTLING_SECONDS
    while (added := Census.of(system).added_since(before)) and time.monotonic() < give_up_at:
        time.sleep(0.2)
    return added


def _sockets_by_process() -> defaultdict[int | None, list[Any]]:
    """Of all processes at once: the kernel's list is long where callers come and go, and it has one for all."""
    found: defaultdict[int | None, list[Any]] = defaultdict(list)
    for socket in psutil.net_connections("tcp"):
        found[socket.pid].append(socket)
    return found


def _open_files(pid: int) -> int:
    """How many files, pipes and other descriptors that are no sockets."""
    count = 0
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            count += not str(descriptor.readlink()).startswith("socket:")
    return count


def _files(directory: Path) -> list[str]:
    return [str(path.relative_to(directory)) for path in directory.rglob("*") if "__pycache__" not in path.parts]
