"""Clients for the benchmark of the servers, in a process of their own: `python -m bench.serving_load SERVER URL N S`.

Locust makes the process cooperative (gevent) when it is imported, so this import comes first.
"""

from locust import FastHttpUser, task  # isort: skip
import json
import statistics
import sys
import time
from itertools import cycle
from typing import Any
from urllib.parse import urlsplit

from locust.env import Environment
from locust.exception import StopUser

from bench.peers.servers import SERVERS
from harness.project import PROJECT

WARM_UP = 0.2  # of the time


def ask(server: str, url: str, clients: int, seconds: float) -> dict[str, float]:
    """Ask again and again from so many clients at once; what counts is what was sent after the warm-up."""
    requests = [SERVERS[server].request((PROJECT / f"site/samples/{i}.jpg").read_bytes()) for i in range(1, 6)]
    begin = time.monotonic() + WARM_UP * seconds
    end = begin + seconds
    parts = urlsplit(url)
    good: list[float] = []
    errors = 0

    class Client(FastHttpUser):
        host = f"http://{parts.netloc}"
        connection_timeout = network_timeout = 60
        images = cycle(requests)

        @task
        def ask(self) -> None:
            nonlocal errors
            if time.monotonic() > end:
                raise StopUser
            media_type, body = next(self.images)
            sent_at = time.monotonic()
            client: Any = self.client  # it takes bytes, too
            post = client.post(parts.path, data=body, headers={"Content-Type": media_type})
            if begin < time.monotonic() < end:
                if post.status_code == 200:
                    good.append(time.monotonic() - sent_at)
                else:
                    errors += 1

    runner = Environment(user_classes=[Client]).create_local_runner()
    runner.start(clients, spawn_rate=clients)
    while time.monotonic() < end or runner.user_count:
        time.sleep(0.1)
    runner.quit()
    quantiles = statistics.quantiles([second * 1000 for second in good], n=100) if len(good) > 1 else [0.0] * 99
    return {"rps": len(good) / seconds, "p50_ms": quantiles[49], "p99_ms": quantiles[98], "errors": errors}


if __name__ == "__main__":
    name, address, count, duration = sys.argv[1:]
    print(json.dumps(ask(name, address, int(count), float(duration))))
