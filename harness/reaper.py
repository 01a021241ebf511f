"""Leader of a process group: ends the group when the process that started it is gone.

Run as a script with the seconds of grace between SIGTERM and SIGKILL; see :class:`harness.processes.ProcessGroup`.
It imports no more than it needs, so that it costs nothing to start.
"""

import os
import signal
import sys
import time


def others_in_group() -> bool:
    """Whether the group has living members other than this process. Where /proc does not tell, wait it out."""
    try:
        processes = [entry for entry in os.listdir("/proc") if entry.isdigit()]  # noqa: PTH208
    except OSError:
        return True
    return any(_is_living_member(process) for process in processes if int(process) != os.getpid())


def _is_living_member(process: str) -> bool:
    try:
        with open(f"/proc/{process}/stat", "rb") as file:  # noqa: PTH123
            # proc(5): pid (name) state ppid pgrp ...; the name may hold anything, brackets too
            state, _, group = file.read().rpartition(b")")[2].split()[:3]
    except OSError:
        return False
    return state != b"Z" and int(group) == os.getpgrp()


def main(grace_seconds: float) -> None:
    """Wait for the end of the pipe on standard input, then end the group."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    while os.read(0, 1):
        pass
    os.killpg(0, signal.SIGTERM)
    give_up_at = time.monotonic() + grace_seconds
    while others_in_group() and time.monotonic() < give_up_at:
        time.sleep(0.02)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main(float(sys.argv[1]))
