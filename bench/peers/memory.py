"""Memory of a server, which may be many processes."""

from contextlib import suppress

import psutil


def memory_mb(pid: int) -> float:
    """Of the process and all that it started: PSS, in which a page that several processes share counts once.

    Where the system does not know that (it is Linux's), RSS, in which it counts for each.
    """
    total = 0
    for process in (root := psutil.Process(pid), *root.children(recursive=True)):
        with suppress(psutil.Error):
            memory = process.memory_full_info()
            total += getattr(memory, "pss", memory.rss)
    return total / 1e6
