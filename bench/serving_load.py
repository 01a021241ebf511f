"""Clients for the benchmark of the servers: wrk's, because they leave the cores to the server that they measure.

(Locust's, which the load tests have, take 0.6 ms of a core for each request: an eighth of what the server takes.)
https://github.com/wg/wrk
"""

import json
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import click

from bench.peers.servers import SERVERS
from harness.project import PROJECT

WARM_UP = 0.2  # of the time
_TIMEOUT = "60s"


def ask(server: str, url: str, clients: int, seconds: float) -> dict[str, float]:
    """Ask again and again from so many clients at once; what counts is what was sent after the warm-up.

    The latencies are of all answers; `errors` counts refusals, and questions without an answer.
    """
    wrk = shutil.which("wrk")
    if wrk is None:
        raise click.ClickException("The clients of this benchmark are wrk's. Install it: apt install wrk")
    with tempfile.TemporaryDirectory() as folder:
        bodies = []
        for sample in sorted((PROJECT / "site/samples").glob("[1-5].jpg")):
            media_type, body = SERVERS[server].request(sample.read_bytes())
            bodies.append(Path(folder) / sample.name)
            bodies[-1].write_bytes(body)
        command = [wrk, f"-c{clients}", "-t1", "--timeout", _TIMEOUT, "-s", str(PROJECT / "bench/serving_load.lua")]
        asked = [url, "--", media_type, *map(str, bodies)]
        subprocess.check_output([*command, f"-d{max(1, round(WARM_UP * seconds))}s", *asked])
        time.sleep(1)  # until what was asked last, and whose answers nobody awaits, is answered
        output = subprocess.check_output([*command, f"-d{round(seconds)}s", *asked], text=True)
    found = json.loads(output.splitlines()[-1])
    return {
        "rps": (found["answers"] - found["refused"]) / found["seconds"],
        "p50_ms": found["p50_ms"],
        "p99_ms": found["p99_ms"],
        "errors": found["refused"] + found["lost"],
    }
