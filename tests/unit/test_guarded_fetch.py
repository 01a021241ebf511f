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

# Texts that are not URLs as this module reads them.
INVALID = """
ftp://example.com/1.jpg
file:///etc/passwd
gopher://127.0.0.1:6379/_INFO
data:image/png;base64,iVBORw0KGgo=
dict://127.0.0.1:11211/stat
jar:http://127.0.0.1!/
javascript:alert(1)
unix:///var/run/docker.sock
http:127.0.0.1/
http:/127.0.0.1/
http:///127.0.0.1/
http://
https://
://127.0.0.1/
//127.0.0.1/
127.0.0.1
localhost/1.jpg
http://:80/
http://./
http://../
http://.example.com/
http://example..com/
http://example.com../
http://127.0.0.1../
http://user@127.0.0.1/
http://user:secret@127.0.0.1/
http://example.com@127.0.0.1/
http://example.com:80@127.0.0.1/
http://127.0.0.1@example.com/
http://@127.0.0.1/
http://:@127.0.0.1/
http://example.com#@127.0.0.1/\\
http://example.com\\@127.0.0.1/
http://127.0.0.1\\@example.com/
http://example.com\\.127.0.0.1/
http:\\\\127.0.0.1\\
http:/\\127.0.0.1/
http://127.0.0.1%2f@example.com/
http://%31%32%37.0.0.1/
http://127%2e0%2e0%2e1/
http://127.0.0.1%00.example.com/
http://loc%61lhost/
http://%6c%6f%63%61%6c%68%6f%73%74/
http://127.0.0.1%0d%0aHost:%20example.com/
http://example.com%23.127.0.0.1/
http://[::1%25lo]/
http://[::1%lo]/
http://[fe80::1%25eth0]/
http://[fe80::1%eth0]/
http://[::1]example.com/
http://example.com[::1]/
http://[::1/
http://::1]/
http://::1/
http://[]/
http://[v1.127.0.0.1]/
http://[localhost]/
http://127.0.0.1:80:80/
http://example.com:port/
http://example.com:-80/
http://example.com:+80/
http://example.com:800000/
http://example.com,127.0.0.1/
http://example.com;127.0.0.1/
http://example.com&@127.0.0.1/
http://{127.0.0.1}/
http://(127.0.0.1)/
http://127.0.0.1*/
http://$HOME/
http://example.com|127.0.0.1/
http://<127.0.0.1>/
""".strip().split("\n")

INVALID_CHARACTERS = [
    "",
    " ",
    " http://example.com/",
    "http://example.com/ ",
    "http://exam ple.com/",
    "http://example.com/a b.jpg",
    "http://127.0.0.1\t/",
    "ht\ttp://127.0.0.1/",
    "http://127.0.0.1\n/",
    "http://example.com/\r\nHost: 127.0.0.1",
    "http://example.com/\r\n\r\nGET / HTTP/1.1",
    "http://example.com/\n",
    "\nhttp://example.com/",
    "http://example.com/\x00",
    "http://example.com\x00.127.0.0.1/",
    "http://example.com/\x7f",
    "http://example.com/\x1b[2J",
    "http://example.com/\u2028",
    "http://example.com/\ud800",
    "http://127.0.0.1\u200b/",
    "http://\u202e1.0.0.721/",
    "\ufeffhttp://127.0.0.1/",
    "http://\uff11\uff12\uff17.\uff10.\uff10.\uff11/",
    "http://127\u30020\u30020\u30021/",
    "http://127\uff0e0\uff0e0\uff0e1/",
    "http://\u2460\u2461\u2466.\u24ea.\u24ea.\u2460/",
    "http://\u24dbocalhost/",
    "http://\uff4c\uff4f\uff43\uff41\uff4c\uff48\uff4f\uff53\uff54/",
    "http://localho\u017ft/",
    "http://b\xfccher.example/",
    "http://example.com/b\xfccher.jpg",
    "http://\u0663.example/",
    "http://example.com:\uff18\uff10/",
    "http://127.0.0.1\u00ad/",
    f"http://{'a' * 64}.example/",
    f"http://example.com/{'a' * 8000}",
]

# URLs that are well formed and lead to what is not the public web, by number or as a name for loopback.
NOT_PUBLIC = """
http://localhost/
http://LOCALHOST/
http://localhost./
http://localhost:80/
https://localhost/
http://localhost:4566/
http://bucket.s3.localhost/
http://abc.cloudfront.localhost./
http://abc.execute-api.LocalHost:443/
http://127.0.0.1/
http://127.0.0.1./
http://127.0.0.1:443/
http://127.255.255.254/
http://127.1/
http://127.0.1/
http://0/
http://0.0.0.0/
http://0.0.0.1/
http://00/
http://0x0/
http://0x/
http://2130706433/
http://2130706433./
http://02130706433/
http://017700000001/
http://0177.0.0.1/
http://00000177.0.0.1/
http://0177.0.0.0x1/
http://127.0.0.01/
http://0x7f000001/
http://0X7F000001/
http://0x7f.0x0.0x0.0x1/
http://0x7f.1/
http://0x7f.0.1/
http://127.0x1/
http://example.0x7f/
http://4294967295/
http://4294967296/
http://99999999999999999999/
http://256.256.256.256/
http://1.2.3.4.5/
http://8.8.8.010/
http://134744072/
http://example.1/
http://10.0.0.1/
http://10.255.255.255/
http://172.16.0.1/
http://172.31.255.255/
http://192.168.0.1/
http://192.168.1.1:443/
http://169.254.169.254/latest/meta-data/
http://169.254.170.2/v2/credentials/
http://0xa9fea9fe/
http://2852039166/
http://0251.0376.0251.0376/
http://169.254.43518/
http://100.64.0.1/
http://100.100.100.200/latest/meta-data/
http://100.127.255.255/
http://192.0.0.1/
http://192.0.0.8/
http://192.0.0.9/
http://192.0.0.170/
http://192.0.2.1/
http://192.88.99.1/
http://198.18.0.1/
http://198.19.255.255/
http://198.51.100.1/
http://203.0.113.1/
http://224.0.0.1/
http://239.255.255.255/
http://233.252.0.1/
http://240.0.0.1/
http://255.255.255.255/
http://[::]/
http://[::1]/
http://[0:0:0:0:0:0:0:1]/
http://[0000:0000:0000:0000:0000:0000:0000:0001]/
http://[::1]:80/
https://[::1]:443/
http://[::2]/
http://[::127.0.0.1]/
http://[::8.8.8.8]/
http://[::ffff:127.0.0.1]/
http://[::FFFF:7F00:1]/
http://[0:0:0:0:0:ffff:127.0.0.1]/
http://[::ffff:169.254.169.254]/
http://[::ffff:8.8.8.8]/
http://[::ffff:0:127.0.0.1]/
http://[64:ff9b::127.0.0.1]/
http://[64:ff9b::7f00:1]/
http://[64:ff9b::808:808]/
http://[64:ff9b:1::7f00:1]/
http://[100::1]/
http://[200::1]/
http://[2001::1]/
http://[2001:0:7f00:1::]/
http://[2001:0:4136:e378:8000:63bf:80ff:fffe]/
http://[2001:2::1]/
http://[2001:10::1]/
http://[2001:20::1]/
http://[2001:db8::1]/
http://[2002:7f00:1::]/
http://[2002:7f00:1::1]/
http://[2002:a9fe:a9fe::]/
http://[2002:808:808::1]/
http://[3fff::1]/
http://[4000::1]/
http://[5f00::1]/
http://[fc00::1]/
http://[fd00:ec2::254]/latest/meta-data/
http://[fe80::1]/
http://[febf::1]/
http://[fec0::1]/
http://[ff02::1]/
http://[ff0e::1]/
http://[::1.2.3.4.5]/
http://[1:2:3]/
http://[:::]/
http://[12345::]/
http://example.com:0/
http://example.com:22/
http://example.com:81/
http://example.com:8080/
https://example.com:8443/
http://example.com:6379/
http://example.com:65535/
http://example.com:65616/
http://example.com:99999/
http://93.184.215.14:25/
""".strip().split("\n")

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


@pytest.mark.parametrize("url", INVALID + INVALID_CHARACTERS)
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


def test_a_public_address_is_connected_to_as_checked_and_looked_up_once(
    resolves_to: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = resolves_to(*PUBLIC)
    connected: list[str] = []

    def connect(_socket: socket.socket, address: tuple[str, int]) -> None:  # no test may call on strangers
        connected.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", connect)
    with pytest.raises(ImageHostError, match="failed"):
        _fetch("http://images.example.com/1.jpg")
    assert connected == PUBLIC
    assert asked == ["images.example.com"]


def test_a_resolver_that_hangs_does_not_outlast_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    tested = threading.Event()

    def getaddrinfo(*_args: object, **_options: object) -> list[tuple[Any, ...]]:
        tested.wait()
        return []

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    try:
        with pytest.raises(FetchTimeout):
            guarded_fetch.fetch("http://images.example.com/", deadline=time.monotonic() + 0.1, max_bytes=1)
    finally:
        tested.set()


def test_a_name_that_does_not_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    def getaddrinfo(*_args: object, **_options: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with pytest.raises(ImageHostError, match="could not be found"):
        _fetch("http://images.example.com/")


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


@pytest.mark.parametrize("text", ["", "localhost:8000", "http://localhost/path", "http://a@b", "*", "ftp://localhost"])
def test_what_is_not_an_origin_cannot_be_trusted(text: str) -> None:
    with pytest.raises(ValueError, match="not an origin"):
        guarded_fetch.parse_origin(text)
