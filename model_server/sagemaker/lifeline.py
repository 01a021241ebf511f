"""Runs a command that must not outlive the process that started it: `python lifeline.py FD COMMAND...`

FD is the read end of a pipe whose only writer is that process. However it ends, SIGKILL included, the
operating system closes the pipe. This program forks a watcher that waits for just that and then stops the
command; the command itself replaces this program, so that its process id and its exit status are those that
the starter knows.

A pipe works the same on Linux and macOS. (Linux's PR_SET_PDEATHSIG fires when the *thread* that forked ends,
and macOS has nothing like it.) This file runs as a script, without the package around it, to start in a few
milliseconds.
"""

import contextlib
import os
import signal
import sys
import time

GRACE_SECONDS = 5.0


def main() -> None:
    lifeline, command = int(sys.argv[1]), sys.argv[2:]
    pid = os.getpid()
    if os.fork() == 0:
        watch(lifeline, pid)
        os._exit(0)
    os.close(lifeline)
    try:
        # The command is the one that the stand-in was started with; no shell reads it.
        os.execvp(command[0], command)  # noqa: S606  # nosec B606
    except OSError as error:
        sys.exit(f"cannot run {command[0]!r}: {error.strerror}")


def watch(lifeline: int, pid: int) -> None:
    """Wait until the pipe is closed, then make sure that the parent of this process, `pid`, is gone."""
    # A signal to the whole process group, such as Ctrl-C, must not end the watcher before its charge.
    for signal_number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signal_number, signal.SIG_IGN)
    os.read(lifeline, 1)
    send(signal.SIGTERM, pid)
    deadline = time.monotonic() + GRACE_SECONDS
    while os.getppid() == pid and time.monotonic() < deadline:
        time.sleep(0.02)
    send(signal.SIGKILL, pid)


def send(signal_number: signal.Signals, pid: int) -> None:
    # While `pid` is the parent of this process, it cannot have been given to another process.
    if os.getppid() == pid:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal_number)


if __name__ == "__main__":
    main()
