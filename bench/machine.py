"""On what a benchmark ran: ratios travel between machines, times do not."""

import os
import platform
from pathlib import Path

_CPUS = Path("/proc/cpuinfo")  # Linux only; elsewhere the platform's own name has to do


def machine() -> str:
    """Processor, cores that this process may use, and interpreter."""
    lines = _CPUS.read_text().splitlines() if _CPUS.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{names[0] if names else platform.processor()}, {cores} cores, Python {platform.python_version()}"
