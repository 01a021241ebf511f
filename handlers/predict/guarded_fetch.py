"""Fetch a URL that a stranger chose, without becoming the stranger's door into private networks (SSRF).

A host name is resolved once, every address it has must be public, and the connection goes to one of those
addresses, so a second DNS answer cannot lead elsewhere. Each redirect is checked again. One deadline covers
everything, also against a host that sends a byte now and then.

Whatever keeps an address from being public gets one answer: it is private, its name does not exist, or nobody says.
What remains visible is how long the look-up took. Where the resolver knows the names of a private network, that tells
a stranger of a name server that keeps silent, and, with many questions, perhaps of names. To leave not even that, list
the hosts that may be asked: no other name is looked up.

This module stands alone: the Lambda function imports it, and packaging copies it beside `inference.py`.
"""

from __future__ import annotations

import functools
import io
import re
import socket
import ssl
import threading
import time
from collections.abc import Collection
from http.client import HTTPException, HTTPResponse
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from queue import Empty, SimpleQueue
from typing import NamedTuple, cast
from urllib.parse import urljoin

MAX_REDIRECTS = 3
MAX_URL_LENGTH = 8000  # what RFC 9110, section 4.1, asks every HTTP implementation to support
MAX_HEADER_BYTES = 64 * 1024
MAX_HOST_LENGTH = 253  # of a name in DNS

# Of a host's addresses, so many are tried. Names that answer with thousands would have thousands of strangers' machines
# knocked at for one URL, and leave none of them the time to answer.
MAX_ADDRESSES = 6

_IpAddress = IPv4Address | IPv6Address
_DEFAULT_PORTS = {"http": 80, "https": 443}

# The only URLs understood here. What is left out (user names, backslashes, spaces, control and non-ASCII
# characters, percent-encoded hosts) is where two URL parsers disagree about the host: refused, not repaired.
_URL = re.compile(
    r"(?P<scheme>https?)://"
    r"(?:\[(?P<ipv6>[0-9a-f:.]+)\]|(?P<name>[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*)\.?)"
    r"(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<target>[/?][!-\"$-\[\]-~]*)?"
    r"(?:#[!-\[\]-~]*)?",
    re.ASCII | re.IGNORECASE,
)
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")  # to a browser, a host whose last label is one is an IPv4 address

# IPv6 outside 2000::/3 (mapped, compatible, NAT64, unique local, site-local) never passes. The others are
# those that `is_global` of some Python version calls global. Source: IANA's special-purpose registries.
_IPV6_GLOBAL_UNICAST = ip_network("2000::/3")
_NOT_PUBLIC = [
    ip_network("192.0.0.0/24"),  # IETF protocol assignments
    ip_network("192.88.99.0/24"),  # 6to4 relays
    ip_network("2001::/23"),  # IETF protocol assignments, Teredo and ORCHID among them
    ip_network("2001:db8::/32"),  # documentation
    ip_network("2002::/16"),  # 6to4: an IPv4 address inside
    ip_network("3fff::/20"),  # documentation
]


class FetchError(Exception):
    """The base of all that `fetch` raises. Its message is fit to show to the stranger who sent the URL."""


class InvalidUrl(FetchError):
    """The text is not a URL that this module understands."""


class AddressNotAllowed(FetchError):
    """The URL leads to no public address, or to a host or port that is not allowed. One message for all."""


class ImageHostError(FetchError):
    """The host answered with an error, could not be reached, or broke off."""


class FetchTimeout(FetchError):
    """The deadline passed."""


class ResponseTooLarge(FetchError):
    """The host sent more than the caller of `fetch` accepts."""


class Origin(NamedTuple):
    """Scheme, host and port of a URL (RFC 6454)."""

    scheme: str
    host: str
    port: int


def parse_origin(text: str) -> Origin:
    """The origin that a text such as `https://images.example:8443` names. Raises ValueError."""
    try:
        origin, target = _parse(text)
    except InvalidUrl:
        target = ""
    if target != "/":
        raise ValueError(f"{text!r} is not an origin; it must look like https://images.example:8443")
    return origin


def parse_host(text: str) -> str:
    """The host, with its port if there is one, that a text such as `images.example:8443` names. Raises ValueError."""
    host = text.lower()
    try:
        origin, _ = _parse(f"http://{host}")
        if host in (origin.host, f"{origin.host}:{origin.port}"):
            return host
    except InvalidUrl:
        pass
    raise ValueError(f"{text!r} is not a host; it must look like images.example or images.example:8443")


def host_of(url: str) -> str | None:
    """The host that `fetch` would ask, for a log; None if it would refuse the URL.

    Other parsers find hosts in more texts, and what they call the host may hold a password, or a path.
    """
    try:
        origin, _ = _parse(url)
    except InvalidUrl:
        return None
    return origin.host[:MAX_HOST_LENGTH]


def fetch(
    url: str,
    *,
    deadline: float,
    max_bytes: int,
    trusted_origins: Collection[str] = (),
    allowed_hosts: Collection[str] = (),
) -> bytes:
    """GET a URL and return the body of the answer.

    deadline: a time.monotonic() value over everything: DNS, connect, TLS, headers, body and redirects.
    trusted_origins: exact origins (`http://localhost:8000`) that may have a private address and any port.
    allowed_hosts: if there are any, the only hosts that may be asked, beside trusted origins: on ports 80 and 443, or
        on the port that stands behind the name (`images.example:8443`). Their addresses must be public all the same.
    Raises a FetchError, and ValueError if a trusted origin is not an origin, or an allowed host not a host.
    """
    trusted = {parse_origin(origin) for origin in trusted_origins}
    allowed = {parse_host(host) for host in allowed_hosts}
    try:
        for _ in range(MAX_REDIRECTS + 1):
            origin, target = _parse(url)
            if origin not in trusted and not _may_be_asked(origin, allowed):
                raise _not_allowed()
            look_up = _addresses if origin in trusted else _public_addresses
            addresses = look_up(origin.host, deadline)
            with _connect(origin, addresses[:MAX_ADDRESSES], deadline) as connection:
                location, body = _get(connection, origin, target, deadline, max_bytes)
            if location is None:
                return body
            url = _follow(url, location)
    except TimeoutError as error:
        raise _timeout() from error
    except ssl.SSLCertVerificationError as error:
        raise ImageHostError("The certificate of the URL's host is not valid.") from error
    except (OSError, HTTPException) as error:
        raise ImageHostError("The connection to the URL's host failed or broke off.") from error
    raise ImageHostError(f"The URL redirects more than {MAX_REDIRECTS} times.")


def _parse(url: str) -> tuple[Origin, str]:
    """The origin of a URL, and what to ask it for (path and query)."""
    match = _URL.fullmatch(url) if len(url) <= MAX_URL_LENGTH else None
    port = int(match["port"] or _DEFAULT_PORTS[match["scheme"].lower()]) if match else 0
    if match is None or not 0 < port < 65536:
        raise InvalidUrl(
            "This URL cannot be fetched. It must look like https://example.com/image.jpg: http or https, "
            "no user name, no port above 65535, all outside ASCII percent-encoded, at most "
            f"{MAX_URL_LENGTH} characters."
        )
    host = (match["ipv6"] or match["name"]).lower()
    target = match["target"] or "/"
    return Origin(match["scheme"].lower(), host, port), target if target.startswith("/") else f"/{target}"


def _follow(url: str, location: str) -> str:
    """The URL that a Location header leads to, which may be relative."""
    try:
        # What is too long is refused as it is: Python remembers what it joins.
        url = urljoin(url, location) if len(location) <= MAX_URL_LENGTH else location
        _parse(url)
    except (InvalidUrl, ValueError) as error:
        raise ImageHostError("The URL redirects to something that is not an http or https URL.") from error
    return url


def _may_be_asked(origin: Origin, allowed_hosts: Collection[str]) -> bool:
    """Whether host and port are allowed. No host means every host."""
    if origin.port in _DEFAULT_PORTS.values() and (not allowed_hosts or origin.host in allowed_hosts):
        return True
    return f"{origin.host}:{origin.port}" in allowed_hosts


def _public_addresses(host: str, deadline: float) -> list[_IpAddress]:
    """As `_addresses`. Raises AddressNotAllowed also for a name without any: the difference would map a network."""
    try:
        addresses = _addresses(host, deadline)
    except (ImageHostError, FetchTimeout) as error:
        raise _not_allowed() from error
    if not all(map(_is_public, addresses)):
        raise _not_allowed()
    return addresses


def _addresses(host: str, deadline: float) -> list[_IpAddress]:
    """All addresses of a host, each once, of which there is at least one."""
    last_label = host.rpartition(".")[2]
    if ":" in host or _NUMBER.fullmatch(last_label):
        try:
            return [ip_address(host)]
        except ValueError:  # octal, hexadecimal, short: spellings that only serve to get past a filter
            raise _not_allowed() from None
    if last_label == "localhost":  # loopback by RFC 6761, section 6.3; not every resolver knows
        return [IPv4Address("127.0.0.1")]
    return _resolve(host, deadline)


def _resolve(host: str, deadline: float) -> list[_IpAddress]:
    """Ask DNS, on a thread because getaddrinfo() takes no timeout."""
    answers: SimpleQueue[list[_IpAddress]] = SimpleQueue()

    def look_up() -> None:
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            answers.put([ip_address(sockaddr[0]) for *_, sockaddr in found])
        except (OSError, ValueError):  # ValueError: a name that DNS cannot carry
            answers.put([])

    threading.Thread(target=look_up, name="guarded-fetch-dns", daemon=True).start()
    try:
        addresses = answers.get(timeout=_remaining(deadline))
    except Empty:
        raise FetchTimeout("The host name in the URL could not be looked up in time.") from None
    if not addresses:
        raise ImageHostError("The host name in the URL could not be found.")
    return list(dict.fromkeys(addresses))


def _is_public(address: _IpAddress) -> bool:
    if not address.is_global or address.is_multicast:
        return False
    if address.version == 6 and address not in _IPV6_GLOBAL_UNICAST:
        return False
    return not any(address in network for network in _NOT_PUBLIC)


def _connect(origin: Origin, addresses: list[_IpAddress], deadline: float) -> socket.socket:
    """Connect to the first address that answers; each gets an equal share of the time that is left."""
    *others, last = addresses
    for tried, address in enumerate(others):
        try:
            return _open(origin, address, time.monotonic() + _remaining(deadline) / (len(addresses) - tried))
        except (OSError, FetchTimeout):
            continue
    return _open(origin, last, deadline)


def _open(origin: Origin, address: _IpAddress, deadline: float) -> socket.socket:
    connection = socket.socket(socket.AF_INET if address.version == 4 else socket.AF_INET6)
    try:
        connection.settimeout(_remaining(deadline))
        connection.connect((str(address), origin.port))
        if origin.scheme == "https":
            connection.settimeout(_remaining(deadline))
            connection = tls_context().wrap_socket(connection, server_hostname=origin.host)
    except BaseException:
        connection.close()
        raise
    return connection


@functools.cache
def tls_context() -> ssl.SSLContext:
    """How TLS is spoken here. One for the process: reading the certificates of all authorities takes a while."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


def _get(
    connection: socket.socket, origin: Origin, target: str, deadline: float, max_bytes: int
) -> tuple[str | None, bytes]:
    """One request and its answer (RFC 9112): where to go instead, or the body."""
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    if origin.port != _DEFAULT_PORTS[origin.scheme]:
        host = f"{host}:{origin.port}"
    connection.settimeout(_remaining(deadline))
    connection.sendall(
        f"GET {target} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: guarded-fetch\r\nAccept: image/*\r\n"
        "Accept-Encoding: identity\r\nConnection: close\r\n\r\n".encode("ascii")
    )
    try:
        return _read_answer(Wire(connection, deadline, allowance=MAX_HEADER_BYTES), max_bytes)
    except ValueError as error:  # what http.client lets through, such as a chunk of -5 bytes
        raise ImageHostError("What the host of the URL answered with is not HTTP.") from error


def _read_answer(wire: Wire, max_bytes: int) -> tuple[str | None, bytes]:
    with HTTPResponse(cast(socket.socket, wire), method="GET") as response:
        response.begin()
        if response.status in (301, 302, 303, 307, 308) and response.headers["Location"]:
            return response.headers["Location"], b""
        if response.status != 200:
            raise ImageHostError(f"The host of the URL answered with HTTP status {response.status}.")
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise ImageHostError("The host of the URL sent a compressed answer although it was asked not to.")
        wire.allowance = 2 * max_bytes + MAX_HEADER_BYTES  # the framing of a chunked body counts as well
        return None, _read_body(response, max_bytes)


def _read_body(response: HTTPResponse, max_bytes: int) -> bytes:
    announced = response.length or 0  # None if chunked, or ended by closing the connection
    body = b"" if announced > max_bytes else response.read(max_bytes + 1)
    if max(announced, len(body)) > max_bytes:
        raise ResponseTooLarge(f"What the URL answered with is larger than {max_bytes} bytes.")
    if len(body) < announced:
        raise ImageHostError("The host of the URL broke off in the middle of its answer.")
    return body


class Wire(io.RawIOBase):
    """A socket as HTTPResponse reads it: every wait ends at the deadline, the allowance is all it takes.

    Reading raises FetchTimeout, or TimeoutError if the deadline passes while it waits, and ResponseTooLarge.
    """

    def __init__(self, connection: socket.socket, deadline: float, allowance: int) -> None:
        self._connection = connection
        self._stream = connection.makefile("rb", buffering=0)  # holds the socket open if its owner lets go of it
        self._deadline = deadline
        self.allowance = allowance

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self, buffer_size=64 * 1024)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int | None:  # type: ignore[override]
        if self.allowance <= 0:
            raise ResponseTooLarge("The host of the URL sent more than is accepted.")
        self._connection.settimeout(_remaining(self._deadline))
        # Python's own readers hand over a bytearray at times, whose slice would be a copy.
        received = self._stream.readinto(memoryview(buffer)[: self.allowance])
        self.allowance -= received or 0
        return received

    def close(self) -> None:
        self._stream.close()
        super().close()


def _remaining(deadline: float) -> float:
    """Seconds until the deadline, always more than zero."""
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise _timeout()
    return seconds


def _timeout() -> FetchTimeout:
    return FetchTimeout("The host of the URL took too long to answer.")


def _not_allowed() -> AddressNotAllowed:
    return AddressNotAllowed(
        "This URL leads to no public address, or to a host or port that is not allowed. "
        "Check its spelling, and use port 80 or 443."
    )
