"""An internet of its own on this machine: every address of IPv4 and IPv6 leads to the servers in this process.

A network namespace has a loopback device, to which all addresses are routed, so a connection to 169.254.169.254 arrives
here as one to a public address does. In a mount namespace, /etc/resolv.conf names a DNS server in this process. What is
tested, `guarded_fetch.fetch`, runs unchanged, with the C library's resolver and the kernel's TCP. Needs Linux, and a
user who may make namespaces, root or not.

The process reads lines of JSON, each an `Order`, and answers each with a line, a `Report`.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from ipaddress import ip_address
from itertools import repeat
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from dnslib import AAAA, CNAME, QTYPE, RCODE, RR, A
from dnslib.server import DNSLogger, DNSServer

from handlers.predict import guarded_fetch
from harness.project import PROJECT
from tests.hostile_urls import NAMES, NETWORKS
from tests.integration.hostile_web import accept_tls, answer, break_tls, read_request

COMMAND = ["unshare", "--user", "--map-root-user", "--net", "--mount", "--"]
WEB = "93.184.215.14"
PORTS = (22, 25, 80, 81, 443, 2375, 4566, 6379, 8000, 8080, 8443, 9200, 11211, 65535)
WEB_PORTS = (80, 443, 8443)
MAX_BYTES = 100_000
CLIENTS = 32


@dataclass
class Order:
    """Fetch URLs side by side, each with its own budget of seconds.

    naively: with urllib, which guards nothing, in place of what is tested.
    """

    urls: Sequence[str]
    seconds: float
    allowed_hosts: Sequence[str] = ()
    naively: bool = False


@dataclass
class Fetched:
    """What `fetch` did with a URL: the name of its error or `fetched`, the message or what arrived, the seconds."""

    url: str
    outcome: str
    text: str
    seconds: float


@dataclass
class Report:
    """What came of some URLs.

    canary: connections to addresses that are not public, or to ports of other services, as `address:port`.
    looked_up: names in the questions that the DNS server was asked.
    requests: what the public web server was asked, as [address, port, SNI, Host, head of the request].
    """

    fetched: list[Fetched]
    canary: list[str]
    looked_up: list[str]
    requests: list[tuple[str, int, str | None, str, str]]


class Internet:
    """The process, seen from the outside."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def carry_out(self, order: Order) -> Report:
        """Fetch, and report."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asdict(order)) + "\n")
        self._process.stdin.flush()
        answered = json.loads(self._process.stdout.readline())
        return Report(**{**answered, "fetched": [Fetched(**fetched) for fetched in answered["fetched"]]})


@contextmanager
def internet(certificate: Path) -> Iterator[Internet]:
    """Start it. `certificate` is a PEM file with key and certificate, the only ones that its TLS clients trust."""
    command = [*COMMAND, sys.executable, "-m", "tests.integration.loopback_internet", str(certificate)]
    environment = {**os.environ, "SSL_CERT_FILE": str(certificate.with_suffix(".crt"))}
    with subprocess.Popen(
        command, cwd=PROJECT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n", "the namespace could not be set up"
        yield Internet(process)
        assert process.stdin is not None
        process.stdin.close()


def is_available() -> bool:
    """Whether this user may make such a namespace here."""
    with suppress(FileNotFoundError):
        probe = "ip link set lo up && ip -6 route add local ::/0 dev lo"
        return subprocess.run([*COMMAND, "sh", "-c", probe], capture_output=True).returncode == 0
    return False


def _set_up_network() -> None:
    for options in (
        ["link", "set", "lo", "up"],
        ["route", "add", "local", "0.0.0.0/0", "dev", "lo"],
        ["-6", "route", "add", "local", "::/0", "dev", "lo"],
    ):
        subprocess.run(["ip", *options], check=True)
    with NamedTemporaryFile("w") as file:
        # Longer than any budget, so that it is not the resolver that ends a wait.
        file.write("nameserver 127.0.0.1\noptions timeout:30 attempts:1\n")
        file.flush()
        subprocess.run(["mount", "--bind", file.name, "/etc/resolv.conf"], check=True)


class Resolver:
    """Answers from `NAMES`; `x7f000001.hex.example` has the address that it names; others are on the public web."""

    def __init__(self) -> None:
        self.looked_up: list[str] = []
        self._count: Counter[tuple[str, str]] = Counter()

    def resolve(self, request: Any, _handler: Any) -> Any:
        """Called by dnslib for each question."""
        question = request.q
        name, kind = str(question.qname).rstrip(".").lower(), QTYPE[question.qtype]
        self.looked_up.append(name)
        reply, rule = request.reply(), NAMES.get(name, [[WEB]])
        while isinstance(rule, str) and rule.startswith("alias ") and len(reply.rr) < 5:
            target = rule.removeprefix("alias ")
            reply.add_answer(RR(name, QTYPE.CNAME, rdata=CNAME(target), ttl=0))
            name, rule = target, NAMES.get(target, [[]])
        if rule == "silence":
            time.sleep(60)
        elif rule == "failure":
            reply.header.rcode = RCODE.SERVFAIL
        elif isinstance(rule, list):
            for address in map(ip_address, self._addresses(name, kind, rule)):
                version, record = ("A", A) if address.version == 4 else ("AAAA", AAAA)
                if version == kind:
                    reply.add_answer(RR(name, getattr(QTYPE, kind), rdata=record(tuple(address.packed)), ttl=0))
        return reply

    def _addresses(self, name: str, kind: str, rule: list[list[str]]) -> list[str]:
        if name.endswith(".hex.example"):
            packed = bytes.fromhex(name.split(".")[-3][1:])
            return [str(ip_address(packed))]
        index = self._count[name, kind]
        self._count[name, kind] += 1
        return rule[min(index, len(rule) - 1)]


class Servers:
    """Listens on all addresses; what is not the public web is a canary."""

    def __init__(self, certificate: str) -> None:
        self.canary: list[str] = []
        self.requests: list[tuple[str, int, str | None, str, str]] = []
        self._certificate = certificate
        for port in PORTS:
            # All there are in a network of its own, which nobody else can reach.
            for family, host in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):  # noqa: S104
                listener = socket.create_server((host, port), family=family, backlog=256)
                threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        host, port = connection.getsockname()[:2]
        address = ip_address(host)
        if port not in WEB_PORTS or any(address in network for network in NETWORKS):
            self.canary.append(f"{host}:{port}")
            connection.close()
            return
        with suppress(OSError), connection:
            name = None
            if port != 80:
                if break_tls(connection, host):
                    return
                connection, name = accept_tls(connection, self._certificate)
            with connection:
                request = read_request(connection)
                self.requests.append((host, port, name, request.host, request.head.decode("latin-1")))
                answer(connection, request)


def _fetch(url: str, order: Order) -> Fetched:
    started = time.monotonic()
    try:
        if order.naively:
            body = urllib.request.urlopen(url, timeout=order.seconds).read(MAX_BYTES)
        else:
            deadline = started + order.seconds
            body = guarded_fetch.fetch(url, deadline=deadline, max_bytes=MAX_BYTES, allowed_hosts=order.allowed_hosts)
        outcome, text = "fetched", body[:100].decode("latin-1")
    except guarded_fetch.FetchError as error:
        outcome, text = type(error).__name__, str(error)
    except Exception as error:  # a fault of the fetcher, which the test is to see
        outcome, text = f"fault {type(error).__name__}", str(error)
    return Fetched(url, outcome, text, time.monotonic() - started)


def _main(certificate: str) -> None:
    _set_up_network()
    servers, resolver = Servers(certificate), Resolver()
    quiet = DNSLogger(logf=lambda _: None)
    for tcp in (False, True):
        # Port 53 is the resolver's, so it is not a canary's.
        DNSServer(resolver, address="127.0.0.1", port=53, tcp=tcp, logger=quiet).start_thread()
    print("ready", flush=True)
    with ThreadPoolExecutor(CLIENTS) as pool:
        for line in sys.stdin:
            order = Order(**json.loads(line))
            for seen in (servers.canary, resolver.looked_up, servers.requests):
                seen.clear()
            fetched = list(pool.map(_fetch, order.urls, repeat(order)))
            report = Report(fetched, servers.canary, resolver.looked_up, servers.requests)
            print(json.dumps(asdict(report)), flush=True)
    os._exit(0)  # some servers drip forever


if __name__ == "__main__":
    _main(sys.argv[1])
