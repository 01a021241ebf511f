"""Reads hostile_urls.yaml: what strangers try, and what has to come of it."""

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any

import yaml

_CORPUS: dict[str, Any] = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text())

NETWORKS: list[IPv4Network | IPv6Network] = [
    ip_network(network) for networks in _CORPUS["networks"].values() for network in networks
]
"""What is not the public web."""

NAMES: dict[str, Any] = _CORPUS["names"]
"""What the DNS server answers."""


@dataclass(frozen=True)
class HostileUrl:
    """A URL, what it tries, and the name of the error that `fetch` raises, or `fetched`."""

    url: str
    technique: str
    outcome: str


def _read(part: str) -> list[HostileUrl]:
    return [
        HostileUrl(url, group["technique"], group["outcome"])
        for group in _CORPUS[part]
        for url in (group["urls"].split("\n") if isinstance(group["urls"], str) else group["urls"])
    ]


TEXTS = [
    *_read("texts"),
    # YAML cannot spell the first; the others are too long for a file that people read.
    HostileUrl("http://example.com/\ud800", "half a character", "InvalidUrl"),
    HostileUrl(f"http://{'a' * 64}.example/", "a long label", "InvalidUrl"),
    HostileUrl(f"http://example.com/{'a' * 8000}", "a long URL", "InvalidUrl"),
]
"""URLs that are refused by their text alone."""

HOSTS = _read("hosts")
"""URLs that need a resolver and hosts."""
