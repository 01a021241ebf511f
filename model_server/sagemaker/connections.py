"""HTTP to a container over connections that are kept open between requests."""

import http.client
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

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
        deadline = time.monotonic() + timeout
        connection = self._take()
        try:
            self._prepare(connection, timeout)
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            content = _read(answer, connection, deadline, max_bytes)
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

    def _prepare(self, connection: http.client.HTTPConnection, timeout: float) -> None:
        if connection.sock is not None:
            connection.sock.settimeout(timeout)
            return
        connection.timeout = timeout
        try:
            connection.connect()
        except OSError as error:
            raise ConnectionRefused(str(error)) from error

    def _give_back(self, connection: http.client.HTTPConnection) -> None:
        with self._lock:
            self._idle.append((time.monotonic(), connection))


def _read(
    answer: http.client.HTTPResponse, connection: http.client.HTTPConnection, deadline: float, max_bytes: int
) -> bytes:
    """Read the body piece by piece: a socket's own timeout starts anew with every piece."""
    chunks: list[bytes] = []
    size = 0
    while True:
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError
        if connection.sock is not None:  # http.client lets go of the socket when the server is to close it
            connection.sock.settimeout(remaining)
        chunk = answer.read(64 * 1024)
        if not chunk:
            break
        size += len(chunk)
        if size > max_bytes:
            raise ResponseTooLarge
        chunks.append(chunk)
    if answer.length:  # read(n) does not complain when the connection ends before Content-Length bytes have come
        raise http.client.IncompleteRead(b"", answer.length)
    return b"".join(chunks)
