"""HTTP to a container over connections that are kept open between requests."""

import http.client
import socket
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# A server closes connections that it has not heard from for a while (gunicorn: 2 s). A request that is sent
# at that moment is lost, and it is not ours to repeat. So connections are dropped before any server would do
# it.
_LONGEST_IDLE_SECONDS = 1.0


class ConnectionRefused(Exception):
    """No connection could be made, so the request has not been seen by anyone."""


class ConnectionBroken(Exception):
    """The connection ended, or something other than HTTP came, before the answer was complete."""


class ResponseTimeout(Exception):
    """The answer was not complete in time."""


class ResponseTooLarge(Exception):
    """The body of the answer is larger than allowed."""


@dataclass(frozen=True)
class ContainerResponse:
    """What a container answered."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes


class Connections:
    """The open connections to one port of this machine; may be used by any number of threads."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._idle: deque[tuple[float, http.client.HTTPConnection]] = deque()
        self._lock = threading.Lock()
        self._sweeping = False  # whether somebody will look after the idle ones

    def request(
        self,
        method: str,
        path: str,
        *,
        timeout: float,
        max_bytes: int,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> ContainerResponse:
        """Send one request and read the answer, `timeout` seconds for everything.

        Raises:
            ConnectionRefused, ConnectionBroken, ResponseTimeout, ResponseTooLarge
        """
        connection = self._take()
        try:
            self._prepare(connection, time.monotonic() + timeout)
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            content = _read(answer, max_bytes)
        except TimeoutError:
            connection.close()
            raise ResponseTimeout from None
        except (http.client.HTTPException, OSError, ValueError) as error:
            connection.close()
            raise ConnectionBroken(str(error)) from error
        except BaseException:
            connection.close()
            raise
        if not answer.will_close:
            self._give_back(connection)
        return ContainerResponse(answer.status, answer.headers, content)

    def close(self) -> None:
        """Close what is idle."""
        with self._lock:
            idle = [connection for _, connection in self._idle]
            self._idle.clear()
        for connection in idle:
            connection.close()

    def _take(self) -> http.client.HTTPConnection:
        with self._lock:
            while self._idle:
                since, connection = self._idle.pop()
                if time.monotonic() - since < _LONGEST_IDLE_SECONDS:
                    return connection
                connection.close()
        return http.client.HTTPConnection(self._host, self._port)

    def _prepare(self, connection: http.client.HTTPConnection, deadline: float) -> None:
        if isinstance(connection.sock, _DeadlineSocket):
            connection.sock.deadline = deadline
            return
        connection.sock = _DeadlineSocket(socket.AF_INET, socket.SOCK_STREAM)
        connection.sock.deadline = deadline
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            connection.sock.connect((self._host, self._port))
        except TimeoutError:
            raise
        except OSError as error:
            raise ConnectionRefused(str(error)) from error

    def _give_back(self, connection: http.client.HTTPConnection) -> None:
        with self._lock:
            self._idle.append((time.monotonic(), connection))
            if not self._sweeping:
                self._sweeping = True
                self._sweep_later()

    def _sweep_later(self) -> None:
        sweep = threading.Timer(_LONGEST_IDLE_SECONDS, self._sweep)
        sweep.daemon = True
        sweep.start()

    def _sweep(self) -> None:
        """Close what no request has taken in time: after a busy moment, perhaps none comes for long."""
        oldest = time.monotonic() - _LONGEST_IDLE_SECONDS
        with self._lock:
            while self._idle and self._idle[0][0] <= oldest:
                self._idle.popleft()[1].close()
            self._sweeping = bool(self._idle)
            if self._sweeping:
                self._sweep_later()


class _DeadlineSocket(socket.socket):
    """A socket with one deadline over everything; the timeout of a plain one starts anew with every piece."""

    deadline = 0.0  # as time.monotonic() counts

    def connect(self, address: Any) -> None:
        self._allow_the_rest()
        super().connect(address)

    def sendall(self, *arguments: Any) -> None:
        self._allow_the_rest()
        super().sendall(*arguments)

    def recv_into(self, *arguments: Any) -> int:
        self._allow_the_rest()
        return super().recv_into(*arguments)

    def _allow_the_rest(self) -> None:
        remaining = self.deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError
        self.settimeout(remaining)


def _read(answer: http.client.HTTPResponse, max_bytes: int) -> bytes:
    body = answer.read(max_bytes + 1)
    if len(body) > max_bytes:
        raise ResponseTooLarge
    if answer.length:  # read(n) does not complain when the connection ends before Content-Length bytes have come
        raise http.client.IncompleteRead(b"", answer.length)
    return body
