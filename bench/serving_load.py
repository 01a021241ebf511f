"""Clients for the benchmark of the servers: wrk's, because they leave the cores to the server that they measure.

(Locust's, which the load tests have, take 0.6 ms of a core for each request: an eighth of what the server takes.)
https://github.com/wg/wrk
"""

import json
import math
import shutil
import subprocess
import tempfile
from pathlib import Path

import click

from bench.peers.running import Running
from bench.peers.servers import SERVERS
from harness.project import PROJECT

WARM_UP = 0.2  # of the time
_LONGEST = 8  # seconds that a slow server gets in each round, so that all take little more than half an hour
_TIMEOUT = "60s"


def ask(server: str, process: Running, clients: int, seconds: float, answers: float) -> dict[str, float | None]:
    """Ask again and again from so many clients at once; what counts is what was sent after the warm-up.

    A server that would not make so many answers in that time gets longer, for its slowest answers to mean something.
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
        asked = [process.url, "--", media_type, *map(str, bodies)]
        warm_up = _run(command, WARM_UP * seconds, asked)
        process.wait_until_idle()
        longer = min(_LONGEST, answers / warm_up["rps"]) if warm_up["rps"] else _LONGEST
        found = _run(command, max(seconds, longer), asked)
    if not found["answers"]:
        return {"rps": 0.0, "p50_ms": None, "p99_ms": None, "errors": max(clients, found["lost"])}
    errors = found["refused"] + found["lost"]
    return {"rps": found["rps"], "p50_ms": found["p50_ms"], "p99_ms": found["p99_ms"], "errors": errors}


def _run(command: list[str], seconds: float, asked: list[str]) -> dict[str, float]:
    """What serving_load.lua prints, and the right answers per second. wrk takes whole seconds only."""
    output = subprocess.check_output([*command, f"-d{math.ceil(seconds)}s", *asked], text=True)
    found: dict[str, float] = json.loads(output.splitlines()[-1])
    return found | {"rps": (found["answers"] - found["refused"]) / found["seconds"]}
