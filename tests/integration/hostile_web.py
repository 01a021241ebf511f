"""Web servers that behave as badly as the path asks them to, each at an address of the public web.

They run in the network namespace of loopback_internet.py. `serve` takes a connection that a client has just opened.
"""

from __future__ import annotations

import gzip
import itertools
import socket
import ssl
import struct
import time
import zlib
from collections.abc import Callable, Iterable
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

IMAGE = b"the image"
BOMB = gzip.compress(bytes(20_000_000))
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
DRIP_SECONDS = 0.02


class Request(NamedTuple):
    """What a host was asked: path, query, and the value of Host."""

    path: str
    query: str
    host: str
    head: bytes


def read_request(connection: socket.socket) -> Request:
    """Read up to the empty line. Raises ConnectionError if it never comes."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        received = connection.recv(65_536)
        if not received:
            raise ConnectionError
        head += received
    path, _, query = head.split(b" ")[1].decode("latin-1").partition("?")
    host = head.split(b"\r\nHost: ")[1].split(b"\r\n")[0].decode("latin-1")
    return Request(path, query, host, head)


def answer(connection: socket.socket, request: Request) -> None:
    """Do what the path says; `/drip/body` is `drip` with the argument `body`."""
    name, _, argument = request.path.strip("/").partition("/")
    behaviour = BEHAVIOURS.get(name)
    if behaviour is None:
        connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
    else:
        behaviour(connection, argument, request.query)


def _ok(connection: socket.socket, *headers: bytes, body: bytes = IMAGE) -> None:
    lines = [OK[:-2], b"Content-Length: %d" % len(body), *headers, b"", body]
    connection.sendall(b"\r\n".join(lines))


def _redirect(connection: socket.socket, to: bytes, status: int = 302) -> None:
    connection.sendall(b"HTTP/1.1 %d Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % (status, to))


def _hops(connection: socket.socket, argument: str, _: str) -> None:
    left = int(argument)
    _redirect(connection, b"/hops/%d" % (left - 1)) if left else _ok(connection)


def _endless(connection: socket.socket, parts: Iterable[bytes], pause: float = 0) -> None:
    for part in parts:
        connection.sendall(part)
        time.sleep(pause)


def _then_forever(start: bytes, repeated: bytes) -> Iterable[bytes]:
    return itertools.chain([start], itertools.repeat(repeated))


def _drip(connection: socket.socket, argument: str, _: str) -> None:
    if argument == "redirects":
        time.sleep(0.7)
        _redirect(connection, b"/drip/redirects")
    else:
        _endless(connection, _then_forever(*DRIPS[argument]), DRIP_SECONDS)


def _reset(connection: socket.socket, *_: str) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _silence(connection: socket.socket, *_: str) -> None:
    connection.recv(1)


DRIPS = {
    "status": (b"", b"H"),
    "header": (OK, b"a"),
    "headers": (OK, b"A: b\r\n"),
    "interim": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "body": (OK + b"Content-Length: 99999\r\n\r\n", b"x"),
    "open-body": (OK + b"\r\n", b"x"),
    "chunks": (CHUNKED, b"1\r\nx\r\n"),
    "chunk-size": (CHUNKED, b"0"),
    "trailers": (CHUNKED + b"0\r\n", b"A: b\r\n"),
}
FLOODS = {
    "status": (b"HTTP/1.1 200 ", b"x" * 65_536),
    "header": (OK + b"A: ", b"x" * 65_536),
    "headers": (OK, b"A: b\r\n" * 1000),
    "interim": (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
    "body": (OK + b"\r\n", b"x" * 65_536),
    "chunks": (CHUNKED, b"10000\r\n" + b"x" * 65_536 + b"\r\n"),
    "tiny-chunks": (CHUNKED, b"1\r\nx\r\n" * 1000),
    "negative-chunk": (CHUNKED + b"-1\r\n", b"x" * 65_536),
    "chunk": (CHUNKED + b"ffffffffffffffff\r\n", b"x" * 65_536),
    "chunk-extensions": (CHUNKED, b"1;" + b"x" * 1000 + b"\r\ny\r\n"),
    "trailers": (CHUNKED + b"0\r\n", b"A: " + b"b" * 1000 + b"\r\n"),
}
WORDS = {
    "nothing": b"",
    "garbage": bytes(range(128, 256)) * 10 + b"\r\n\r\n",
    "tls": b"\x16\x03\x01\x00\x00",
    "ssh": b"SSH-2.0-OpenSSH_9.2\r\n",
    "http-0.9": b"<html>hello</html>\r\n",
    "cut-off": OK + b"Content-Length: 1000\r\n\r\nhello",
    "cut-off-chunk": CHUNKED + b"10\r\nhello",
    "bad-chunk": CHUNKED + b"zz\r\nhello",
    "many-headers": OK + b"".join(b"A-%d: %s\r\n" % (i, b"b" * 2000) for i in range(90)) + b"\r\n",
}
COMPRESSED = {"deflate": zlib.compress(bytes(20_000_000))}

Behaviour = Callable[[socket.socket, str, str], None]
BEHAVIOURS: dict[str, Behaviour] = {
    "image": lambda connection, *_: _ok(connection),
    "redirect": lambda connection, argument, query: _redirect(
        connection, unquote_to_bytes(query.partition("=")[2]), int(argument or 302)
    ),
    "circle": lambda connection, *_: _redirect(connection, b"/circle"),
    "hops": _hops,
    "silence": _silence,
    "drip": _drip,
    "endless": lambda connection, argument, _: _endless(connection, _then_forever(*FLOODS[argument])),
    "length": lambda connection, argument, _: connection.sendall(
        OK + b"Content-Length: %s\r\n\r\n" % argument.encode() + b"x" * 1000
    ),
    "compressed": lambda connection, argument, _: _ok(
        connection, b"Content-Encoding: " + unquote_to_bytes(argument), body=COMPRESSED.get(argument, BOMB)
    ),
    "bomb": lambda connection, *_: _ok(connection, b"Content-Type: image/png", body=BOMB),
    "chunk": lambda connection, argument, _: connection.sendall(
        CHUNKED + unquote_to_bytes(argument) + b"\r\n" + IMAGE + b"\r\n0\r\n\r\n"
    ),
    "transfer-gzip": lambda connection, *_: connection.sendall(OK + b"Transfer-Encoding: gzip\r\n\r\n" + BOMB),
    "refresh": lambda connection, *_: _ok(connection, b"Refresh: 0; url=http://127.0.0.1/"),
    "meta-refresh": lambda connection, *_: _ok(
        connection, body=b'<meta http-equiv="refresh" content="0; url=http://127.0.0.1/">'
    ),
    "alternative-service": lambda connection, *_: _ok(connection, b'Alt-Svc: h2="127.0.0.1:443"; ma=2592000'),
    "reset": _reset,
    "status": lambda connection, argument, _: connection.sendall(
        b"HTTP/1.1 %s Whatever\r\nContent-Length: 0\r\n\r\n" % argument.encode()
    ),
    **{name: lambda connection, *_, words=words: connection.sendall(words) for name, words in WORDS.items()},
}


def break_tls(connection: socket.socket, address: str) -> bool:
    """What the hosts at some addresses do in place of a TLS handshake; whether this is one of them."""
    if address == "93.184.215.15":
        while connection.recv(65_536):
            pass
    elif address == "93.184.215.16":  # a record of a handshake that arrives byte by byte
        _endless(connection, _then_forever(b"\x16\x03\x03\x40\x00", b"\x02"), DRIP_SECONDS)
    elif address == "93.184.215.17":
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" + bytes(1000))
    else:
        return False
    return True


def accept_tls(connection: socket.socket, certificate: str) -> tuple[ssl.SSLSocket, str | None]:
    """Do the handshake; return the connection and the name that the client asked for (SNI)."""
    asked: list[str | None] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.sni_callback = lambda _socket, name, _context: asked.append(name)
    return context.wrap_socket(connection, server_side=True), asked[0] if asked else None
