"""A small disk of its own for a folder, where that is allowed."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MEGABYTES = 64


@contextmanager
def small_disk(directory: Path) -> Iterator[Path]:
    """Put a file system of 64 MB at a new folder. Only root can; for others the folder stays on the disk it is on."""
    directory.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "tmpfs", str(directory)]
    mounted = os.geteuid() == 0 and subprocess.run(command, capture_output=True).returncode == 0
    try:
        yield directory
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(directory)], check=True)
