"""How many cores this process may use."""

import math
import os
from pathlib import Path


def usable_cores(cgroups: Path = Path("/sys/fs/cgroup")) -> int:
    """The machine's cores, less those that a limit of the process or of its container leaves to others; at least one.

    `docker run --cpuset-cpus=0,1` gives some cores, `--cpus=2` as much time as so many have. `os.cpu_count()` knows of
    neither.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, math.ceil(min(cores, _quota(cgroups))))


def _quota(cgroups: Path) -> float:
    """How many cores' time the control group has; infinite if it has no limit. A container sees its own as the root.

    https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files, and for version 1
    https://docs.kernel.org/scheduler/sched-bwc.html
    """
    second_version, first_version = cgroups / "cpu.max", cgroups / "cpu"
    try:
        if second_version.exists():
            quota, period = second_version.read_text().split()
        else:
            quota, period = ((first_version / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period"))
        return int(quota) / int(period) if quota.strip() not in ("max", "-1") else math.inf
    except (OSError, ValueError, ZeroDivisionError):  # no Linux, or none that says so
        return math.inf
