"""The guarded fetcher against real servers on loopback, most of them hostile."""

from __future__ import annotations

import gzip
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from handlers.predict import guarded_fetch
from handlers.predict.guarded_fetch import AddressNotAllowed, FetchTimeout, ImageHostError, ResponseTooLarge
from harness.project import PROJECT
from tests.integration.certificate import make_certificate
from tests.integration.hostile_web import DRIPS, FLOODS, WORDS, Request, answer

MAX_BYTES = 100_000
SOON = 0.5  # seconds until the deadline, where it is to pass
LATER = 60.0  # and where it is not: no test depends on how fast the machine is
IMAGE = bytes(range(256)) * 200

Talk = Callable[[socket.socket], None]


class Server:
    """A loopback server that hands every connection to `talk` as soon as a request has come in."""

    def __init__(self, talk: Talk, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[bytes] = []
        self._talk = talk
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.origin = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes accept()
        self._thread.join()
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            with connection:
                request = b""
                while b"\r\n\r\n" not in request:
                    chunk = connection.recv(65536)
                    if not chunk:
                        return
                    request += chunk
                self.requests.append(request)
                self._talk(connection)


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Start servers that stop with the test."""
    with ExitStack() as stack:

        def start(talk: Talk, tls: ssl.SSLContext | None = None) -> Server:
            server = Server(talk, tls)
            stack.callback(server.close)
            return server

        yield start


def _say(*parts: bytes) -> Talk:
    return lambda connection: connection.sendall(b"".join(parts))


def _ok(body: bytes, *headers: bytes) -> Talk:
    length = b"Content-Length: %d" % len(body)
    return _say(b"\r\n".join([b"HTTP/1.1 200 OK", length, *headers, b"", body]))


def _redirect(location: str, status: int = 302) -> Talk:
    return _say(b"HTTP/1.1 %d Moved\r\nLocation: %s\r\n\r\n" % (status, location.encode("latin-1")))


def _misbehave(path: str) -> Talk:
    """What hostile_web.py does for a path."""
    return lambda connection: answer(connection, Request(path, query="", host="", head=b""))


def _fetch(url: str, *trusted: str, seconds: float = LATER) -> bytes:
    return guarded_fetch.fetch(url, deadline=time.monotonic() + seconds, max_bytes=MAX_BYTES, trusted_origins=trusted)


def test_the_bytes_of_an_image_arrive(serve: Callable[..., Server]) -> None:
    server = serve(_ok(IMAGE))
    assert _fetch(f"{server.origin}/bin%20images/1.jpg?size=1#top", server.origin) == IMAGE
    request_line, *headers = server.requests[0].decode().split("\r\n")
    assert request_line == "GET /bin%20images/1.jpg?size=1 HTTP/1.1"
    assert f"Host: 127.0.0.1:{server.port}" in headers
    assert "Accept-Encoding: identity" in headers


def test_a_query_without_a_path(serve: Callable[..., Server]) -> None:
    server = serve(_ok(IMAGE))
    assert _fetch(f"{server.origin}?id=1", server.origin) == IMAGE
    assert server.requests[0].startswith(b"GET /?id=1 HTTP/1.1\r\n")


def test_names_under_localhost_need_no_resolver(serve: Callable[..., Server]) -> None:
    server = serve(_ok(IMAGE))
    origin = f"http://abc.cloudfront.localhost:{server.port}"
    assert _fetch(f"{origin}/1.jpg", origin) == IMAGE
    assert f"\r\nHost: abc.cloudfront.localhost:{server.port}\r\n".encode() in server.requests[0]


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n6\r\n world\r\n0\r\nA: b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\nhello world",
        b"HTTP/1.0 200 OK\r\nContent-Length: 11\r\n\r\nhello world and more",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world",
    ],
    ids=["chunked", "until closed", "longer than announced", "after an interim answer"],
)
def test_ways_to_frame_a_body(answer: bytes, serve: Callable[..., Server]) -> None:
    server = serve(_say(answer))
    assert _fetch(server.origin, server.origin) == b"hello world"


def test_exactly_as_many_bytes_as_allowed(serve: Callable[..., Server]) -> None:
    server = serve(_ok(b"x" * MAX_BYTES))
    assert len(_fetch(server.origin, server.origin)) == MAX_BYTES


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed(status: int, serve: Callable[..., Server]) -> None:
    target = serve(_ok(IMAGE))
    first = serve(_redirect(f"{target.origin}/1.jpg", status))
    assert _fetch(first.origin, first.origin, target.origin) == IMAGE


def test_a_relative_redirect(serve: Callable[..., Server]) -> None:
    def talk(connection: socket.socket) -> None:
        answer = _ok(IMAGE) if b"GET /images/2.jpg " in server.requests[-1] else _redirect("2.jpg")
        answer(connection)

    server: Server = serve(talk)
    assert _fetch(f"{server.origin}/images/1.jpg", server.origin) == IMAGE


def test_three_redirects_are_enough(serve: Callable[..., Server]) -> None:
    server = serve(_redirect("/again"))
    with pytest.raises(ImageHostError, match="more than 3 times"):
        _fetch(server.origin, server.origin)
    assert len(server.requests) == 4


def test_a_redirect_to_a_private_address_is_not_followed(serve: Callable[..., Server]) -> None:
    secret = serve(_ok(b"secret"))
    for location in (
        f"{secret.origin}/",
        f"http://localhost:{secret.port}/",
        f"//127.0.0.1:{secret.port}/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:127.0.0.1]/",
        "http://0x7f000001/",
    ):
        first = serve(_redirect(location))
        with pytest.raises(AddressNotAllowed):
            _fetch(first.origin, first.origin)
    assert secret.requests == []


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "ftp://example.com/",
        "http://a@b/",
        "http://[::1",
        "http://b\xfccher/",
        pytest.param("/" + "../" * 3000 + "1.jpg", id="too long, though short when joined"),
    ],
)
def test_a_redirect_to_what_is_not_a_web_url(location: str, serve: Callable[..., Server]) -> None:
    server = serve(_redirect(location))
    with pytest.raises(ImageHostError, match="redirects to something"):
        _fetch(server.origin, server.origin)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "status 404"),
        (b"HTTP/1.1 500 Oops\r\n\r\n", "status 500"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", "status 204"),
        (b"HTTP/1.1 206 Partial Content\r\nContent-Length: 1\r\n\r\nx", "status 206"),
        (b"HTTP/1.1 302 Found\r\n\r\n", "status 302"),
    ],
)
def test_a_host_that_answers_with_an_error(answer: bytes, message: str, serve: Callable[..., Server]) -> None:
    server = serve(_say(answer))
    with pytest.raises(ImageHostError, match=message):
        _fetch(server.origin, server.origin)


@pytest.mark.parametrize("words", [words for words in WORDS if words != "many-headers"])
def test_a_host_that_does_not_speak_http(words: str, serve: Callable[..., Server]) -> None:
    server = serve(_misbehave(words))
    with pytest.raises(ImageHostError, match="broke off"):
        _fetch(server.origin, server.origin)


def test_a_compressed_answer_is_not_unpacked(serve: Callable[..., Server]) -> None:
    server = serve(_ok(gzip.compress(bytes(50_000_000)), b"Content-Encoding: gzip"))
    with pytest.raises(ImageHostError, match="compressed"):
        _fetch(server.origin, server.origin)


def test_a_port_where_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with pytest.raises(ImageHostError, match="failed"):
        _fetch(origin, origin)


TOO_MUCH = [
    *(f"endless/{flood}" for flood in FLOODS if flood != "headers"),
    "length/100001",
    "length/99999999999999999999",
    "many-headers",
]


@pytest.mark.parametrize("path", TOO_MUCH)
def test_a_host_that_sends_too_much(path: str, serve: Callable[..., Server]) -> None:
    server = serve(_misbehave(path))
    with pytest.raises(ResponseTooLarge):
        _fetch(server.origin, server.origin)


def test_headers_without_end(serve: Callable[..., Server]) -> None:
    server = serve(_misbehave("endless/headers"))
    with pytest.raises(ImageHostError, match="broke off"):
        _fetch(server.origin, server.origin)


@pytest.mark.parametrize("path", ["silence", *(f"drip/{drip}" for drip in DRIPS)])
def test_a_host_that_drips(path: str, serve: Callable[..., Server]) -> None:
    server = serve(_misbehave(path))
    with pytest.raises(FetchTimeout):
        _fetch(server.origin, server.origin, seconds=SOON)


def test_redirects_share_one_deadline(serve: Callable[..., Server]) -> None:
    def talk(connection: socket.socket) -> None:
        time.sleep(0.4 * SOON)
        _redirect("/")(connection)

    server = serve(talk)
    with pytest.raises(FetchTimeout):
        _fetch(server.origin, server.origin, seconds=SOON)


def test_a_host_that_never_finishes_the_tls_handshake(serve: Callable[..., Server]) -> None:
    server = serve(lambda connection: None)  # it waits for the end of an HTTP request that never comes
    origin = f"https://127.0.0.1:{server.port}"
    with pytest.raises(FetchTimeout):
        _fetch(origin, origin, seconds=SOON)


def test_a_deadline_that_has_passed(serve: Callable[..., Server]) -> None:
    server = serve(_ok(IMAGE))
    with pytest.raises(FetchTimeout):
        _fetch(server.origin, server.origin, seconds=-1)
    assert server.requests == []


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls") / "images.localhost.pem", "DNS:images.localhost")


def _https_server(serve: Callable[..., Server], certificate: Path) -> Server:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return serve(_ok(IMAGE), context)


def test_https_checks_the_certificate(serve: Callable[..., Server], certificate: Path) -> None:
    server = _https_server(serve, certificate)
    origin = f"https://images.localhost:{server.port}"
    with pytest.raises(ImageHostError, match="certificate"):
        _fetch(origin, origin)
    assert server.requests == []


@pytest.mark.parametrize(("host", "outcome"), [("images", "51200"), ("other", "ImageHostError")])
def test_https_asks_for_the_name_in_the_url(
    host: str, outcome: str, serve: Callable[..., Server], certificate: Path
) -> None:
    """In a process of its own, in which the test's certificate is the only authority."""
    server = _https_server(serve, certificate)
    origin = f"https://{host}.localhost:{server.port}"
    program = (
        "import sys, time; from handlers.predict import guarded_fetch\n"
        "try: print(len(guarded_fetch.fetch(sys.argv[1], deadline=time.monotonic() + 60, max_bytes=100000,"
        " trusted_origins=[sys.argv[1]])))\n"
        "except guarded_fetch.FetchError as error: print(type(error).__name__)\n"
    )
    environment = {**os.environ, "SSL_CERT_FILE": str(certificate.with_suffix(".crt"))}
    command = [sys.executable, "-c", program, origin]
    result = subprocess.run(command, cwd=PROJECT, env=environment, check=True, capture_output=True, text=True)
    assert result.stdout.strip() == outcome


def test_messages_name_no_address(serve: Callable[..., Server]) -> None:
    @contextmanager
    def message() -> Iterator[None]:
        with pytest.raises(guarded_fetch.FetchError) as error:
            yield
        assert "127.0.0.1" not in str(error.value)
        assert str(server.port) not in str(error.value)

    server = serve(_say(b"HTTP/1.1 500 127.0.0.1\r\n\r\n127.0.0.1"))
    with message():
        _fetch(server.origin, server.origin)
    with message():
        _fetch(server.origin)
