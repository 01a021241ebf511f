"""Logging as JSON where the log cannot be written."""

import subprocess
import sys
from pathlib import Path

import pytest

from harness.project import PROJECT

FULL = Path("/dev/full")

LOG_MUCH = """
import logging, os, sys
from model_server.serving.json_log import log_as_json

log_as_json(sys.stdout)
for _ in range(300):
    print("printed" * 100)
    print("printed", file=sys.stderr)
    logging.getLogger("test").error("logged", exc_info=ValueError())
os.write(2, b"still at work")
os._exit(0)
"""


@pytest.mark.skipif(not FULL.exists(), reason="only Linux has a device that is always full")
def test_a_full_disk_costs_lines_and_nothing_else() -> None:
    with FULL.open("wb") as full:
        command = [sys.executable, "-c", LOG_MUCH]
        done = subprocess.run(command, cwd=PROJECT, stdout=full, stderr=subprocess.PIPE, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"still at work")
