"""A Python without a server: what it takes to load a model and answer, nobody can go below (bench/peers/bare.py)."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from harness.project import PROJECT

SAMPLE = PROJECT / "site/samples/1.jpg"


def bare(measure: str, directory: Path, *arguments: str) -> dict[str, Any]:
    """What `bench.peers.bare` prints."""
    command = [sys.executable, "-m", "bench.peers.bare", measure, str(SAMPLE), *arguments]
    environment = {"MODEL_DIR": str(directory), "PYTHONPATH": str(PROJECT), "PATH": "/usr/bin:/bin"}
    return dict(json.loads(subprocess.check_output(command, env=environment, cwd=PROJECT)))
