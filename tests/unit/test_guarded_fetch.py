"""Which URLs the guarded fetcher refuses, and that it refuses them before anything leaves the machine."""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.predict import guarded_fetch
from handlers.predict.guarded_fetch import (
    AddressNotAllowed,
    FetchError,
    FetchTimeout,
    ImageHostError,
    InvalidUrl,
)
from tests.hostile_urls import TEXTS

NOT_PUBLIC = [hostile.url for hostile in TEXTS if hostile.outcome == "AddressNotAllowed"]
PUBLIC = ["8.8.8.8", "93.184.215.14", "1.1.1.1", "2606:4700:4700::1111", "2a00:1450:4001:830::200e"]


class _Network:
    """What the interpreter reports of name look-ups and connections (`sys.audit`), while it is watched."""

    def __init__(self) -> None:
        self.watched = False
        self.events: list[str] = []
        sys.addaudithook(self._hook)

    def _hook(self, event: str, _args: tuple[Any, ...]) -> None:
        if self.watched and event in {"socket.getaddrinfo", "socket.gethostbyname", "socket.connect"}:
            self.events.append(event)


_NETWORK = _Network()  # an audit hook cannot be removed again, so there is one for all tests


@pytest.fixture
def network() -> Iterator[_Network]:
    _NETWORK.events.clear()
    _NETWORK.watched = True
    yield _NETWORK
    _NETWORK.watched = False


def _fetch(url: str, *trusted: str) -> bytes:
    return guarded_fetch.fetch(url, deadline=time.monotonic() + 5, max_bytes=1000, trusted_origins=trusted)


@pytest.mark.parametrize("url", [hostile.url for hostile in TEXTS if hostile.outcome == "InvalidUrl"])
def test_what_is_not_a_plain_url_is_invalid(url: str, network: _Network) -> None:
    with pytest.raises(InvalidUrl, match="must look like"):
        _fetch(url)
    assert network.events == []


@pytest.mark.parametrize("url", NOT_PUBLIC)
def test_addresses_that_are_not_public_are_not_allowed(url: str, network: _Network) -> None:
    with pytest.raises(AddressNotAllowed):
        _fetch(url)
    assert network.events == []


def test_all_refused_addresses_get_the_same_message() -> None:
    def message(url: str) -> str:
        with pytest.raises(AddressNotAllowed) as refusal:
            _fetch(url)
        return str(refusal.value)

    assert len({message(url) for url in NOT_PUBLIC}) == 1


@pytest.mark.parametrize("name", ["no-such-host.invalid", f"{'a' * 63}.{'.'.join(['b' * 63] * 4)}"])
def test_a_name_without_addresses_gets_that_message_too(name: str) -> None:
    """As text: whether a name exists in a private network is nobody's business."""
    with pytest.raises(AddressNotAllowed) as private:
        _fetch("http://10.0.0.1/")
    with pytest.raises(AddressNotAllowed) as unknown:
        _fetch(f"http://{name}/")
    assert str(unknown.value) == str(private.value)


@given(host=st.integers(0, 2**32 - 1), spelling=st.sampled_from(["{}", "0{:o}", "0x{:x}", "{}.", "0x{:X}."]))
def test_no_single_number_is_a_host(host: int, spelling: str) -> None:
    _NETWORK.events.clear()
    _NETWORK.watched = True
    with pytest.raises(AddressNotAllowed):
        _fetch(f"http://{spelling.format(host)}/")
    _NETWORK.watched = False
    assert _NETWORK.events == []


@given(url=st.text(max_size=40).map(lambda text: f"http://127.0.0.1{text}"))
def test_nothing_after_a_loopback_address_opens_it(url: str) -> None:
    _NETWORK.events.clear()
    _NETWORK.watched = True
    with pytest.raises(FetchError):
        guarded_fetch.fetch(url, deadline=0, max_bytes=1)
    _NETWORK.watched = False
    assert "socket.connect" not in _NETWORK.events


# What a name resolves to is up to its owner. No resolver in a test can be made to hand out these answers, so
# the one function that asks is replaced here; everything after it is real.
@pytest.fixture
def resolves_to(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    def install(*addresses: str) -> list[str]:
        asked: list[str] = []

        def getaddrinfo(host: str, _port: object, **_options: object) -> list[tuple[Any, ...]]:
            asked.append(host)
            return [
                (
                    socket.AF_INET6 if ":" in address else socket.AF_INET,
                    socket.SOCK_STREAM,
                    6,
                    "",
                    (address, 0),
                )
                for address in addresses
            ]

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
        return asked

    return install


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["10.1.2.3"],
        ["169.254.169.254"],
        ["::1"],
        ["fd00:ec2::254"],
        ["fe80::1%eth0"],
        ["::ffff:10.0.0.1"],
        ["64:ff9b::a00:1"],
        [*PUBLIC, "10.1.2.3"],  # one that is private among public ones is enough
        ["192.168.0.1", *PUBLIC],
    ],
    ids=" ".join,
)
def test_a_public_name_with_a_private_address_is_not_allowed(
    addresses: list[str], resolves_to: Callable[..., list[str]], network: _Network
) -> None:
    asked = resolves_to(*addresses)
    with pytest.raises(AddressNotAllowed):
        _fetch("https://images.example.com/1.jpg")
    assert asked == ["images.example.com"]
    assert network.events == []


def test_a_trusted_origin_is_only_that_origin(resolves_to: Callable[..., list[str]], network: _Network) -> None:
    resolves_to("127.0.0.1")
    for url in (
        "http://images.example.com/",
        "https://images.example.com:8000/",
        "http://images.example.com:8001/",
        "http://other.images.example.com:8000/",
        "http://images.example.com.evil.example:8000/",
        "http://127.0.0.1:8000/",
    ):
        with pytest.raises(AddressNotAllowed):
            _fetch(url, "http://images.example.com:8000")
    assert network.events == []


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """To which addresses a connection was wanted. No test may call on strangers: it is refused."""
    addresses: list[str] = []

    def connect(_socket: socket.socket, address: tuple[str, int]) -> None:
        addresses.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", connect)
    return addresses


def test_a_public_address_is_connected_to_as_checked_and_looked_up_once(
    resolves_to: Callable[..., list[str]], connected: list[str]
) -> None:
    asked = resolves_to(*PUBLIC)
    with pytest.raises(ImageHostError, match="failed"):
        _fetch("http://images.example.com/1.jpg")
    assert connected == PUBLIC
    assert asked == ["images.example.com"]


def test_one_url_knocks_at_few_doors(resolves_to: Callable[..., list[str]], connected: list[str]) -> None:
    many = [f"8.8.{number // 256}.{number % 256}" for number in range(1000)]
    resolves_to(many[0], *many)
    with pytest.raises(ImageHostError, match="failed"):
        _fetch("http://images.example.com/1.jpg")
    assert connected == many[: guarded_fetch.MAX_ADDRESSES]


def test_addresses_that_are_not_tried_are_checked_as_well(
    resolves_to: Callable[..., list[str]], connected: list[str]
) -> None:
    resolves_to(*(f"8.8.8.{number}" for number in range(100)), "10.1.2.3")
    with pytest.raises(AddressNotAllowed):
        _fetch("http://images.example.com/1.jpg")
    assert connected == []


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://Images.example.com:8443/1.jpg?signature=secret", "images.example.com"),
        ("http://[2606:4700::1111]/", "2606:4700::1111"),
        (f"http://{'a.' * 1000}b/", "a." * 126 + "a"),
        ("http://example.com\\private\\1.jpg", None),
        ("http://user%3Apassword%40example.com/", None),
        ("http://user:password@example.com/", None),
        ("no URL", None),
        ("http://example.com/" + "x" * 8000, None),
    ],
)
def test_the_host_for_a_log_is_the_one_that_would_be_asked(url: str, host: str | None) -> None:
    assert guarded_fetch.host_of(url) == host


def test_a_resolver_that_hangs_does_not_outlast_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    tested = threading.Event()

    def getaddrinfo(*_args: object, **_options: object) -> list[tuple[Any, ...]]:
        tested.wait()
        return []

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    try:
        for trusted, error in (((), AddressNotAllowed), (["http://images.example.com"], FetchTimeout)):
            with pytest.raises(error):
                guarded_fetch.fetch(
                    "http://images.example.com/",
                    deadline=time.monotonic() + 0.1,
                    max_bytes=1,
                    trusted_origins=trusted,
                )
    finally:
        tested.set()


def test_a_trusted_host_that_does_not_exist() -> None:
    with pytest.raises(ImageHostError, match="could not be found"):
        _fetch("http://no-such-host.invalid:8000/", "http://no-such-host.invalid:8000")


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("http://localhost:8000", ("http", "localhost", 8000)),
        ("HTTPS://Images.Example", ("https", "images.example", 443)),
        ("http://[::1]:81/", ("http", "::1", 81)),
    ],
)
def test_origins(text: str, origin: tuple[str, str, int]) -> None:
    assert guarded_fetch.parse_origin(text) == origin


@pytest.mark.parametrize("text", ["images.example", "Images.Example", "images.example:8443"])
def test_hosts(text: str) -> None:
    assert guarded_fetch.parse_host(text) == text.lower()


@pytest.mark.parametrize(
    "text",
    ["", "*", "https://a.example", "a.example/", "a.example.", "b@a.example", "[::1]", "a:080", "a:0", "a:65536"],
)
def test_what_is_not_a_host_cannot_be_allowed(text: str) -> None:
    with pytest.raises(ValueError, match="not a host"):
        guarded_fetch.parse_host(text)


def test_hosts_that_are_not_allowed_are_not_looked_up(resolves_to: Callable[..., list[str]], network: _Network) -> None:
    asked = resolves_to(*PUBLIC)
    for url in (
        "http://other.example/",
        "http://sub.images.example/",
        "http://images.example:8080/",
        "http://8.8.8.8/",
    ):
        with pytest.raises(AddressNotAllowed):
            guarded_fetch.fetch(url, deadline=time.monotonic() + 5, max_bytes=1, allowed_hosts=["images.example"])
    assert asked == []
    assert network.events == []


@pytest.mark.parametrize(
    "text", ["", "localhost:8000", "http://localhost/path", "http://a@b", "*", "ftp://localhost", "http://a:99999"]
)
def test_what_is_not_an_origin_cannot_be_trusted(text: str) -> None:
    with pytest.raises(ValueError, match="not an origin"):
        guarded_fetch.parse_origin(text)
