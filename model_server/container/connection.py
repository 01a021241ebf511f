"""A client's connection: uvicorn's, with an end to all that a client could make long, large or many.

On SageMaker the platform is the only client. `docker run -p` may have others.
"""

from __future__ import annotations

import json
import logging
from asyncio import TimerHandle, Transport

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from model_server.container.request_body import MALFORMED_BODY

MAX_CONNECTIONS = 500  # fewer than the files that a process may have open by default
MAX_HEAD_BYTES = 64 * 1024  # and what one read brings beyond that

_REQUEST_SECONDS = 60.0  # for a whole request to arrive; InvokeEndpoint gives up then

# After SIGTERM, an idle connection is open for so long, and answers that it will be closed: a client that happens to
# send a request at that moment is answered.
_LINGER_SECONDS = 2.0

_ANNOUNCE_BODY = (b"content-length", b"transfer-encoding")

_log = logging.getLogger(__name__)


class Connection(HttpToolsProtocol):
    """One for each connection; all of its methods are called by the event loop."""

    _arrival: TimerHandle | None = None
    _head_bytes: int | None = None  # that have come in earlier reads, while a head is under way
    _stopping = False

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """A client has come; one too many goes again."""
        super().connection_made(transport)
        if len(self.connections) > MAX_CONNECTIONS:
            transport.abort()
        else:
            self._expect_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has gone."""
        self._request_arrived()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """A part of a request has come, or of several."""
        before = self._head_bytes
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._head_bytes is not None:
            # Where a head begins, what came before it in the same read may be the end of a body.
            self._head_bytes += 0 if before is None else len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self._refuse(431, "The request's headers are too large.")
        elif self._idle and not self._arrival and not self.timeout_keep_alive_task:
            # An empty line between two requests, say: uvicorn has stopped its timer for it.
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._head_bytes = 0
        self._expect_request()

    def on_headers_complete(self) -> None:
        """Its headers are there. A client that does not wait for the answer before it asks again does not get two."""
        self._head_bytes = None
        if not self._idle:
            raise ValueError("the answer to the request before has not been sent yet")
        if self.parser.should_upgrade() and any(name in _ANNOUNCE_BODY for name, _ in self.headers):
            raise ValueError("httptools takes what follows a request for an upgrade for another protocol, not its body")
        super().on_headers_complete()
        self.cycle.keep_alive = self.cycle.keep_alive and not self._stopping

    def on_message_complete(self) -> None:
        """It is there as a whole."""
        super().on_message_complete()
        self._request_arrived()

    def send_400_response(self, msg: str) -> None:
        """Called where what has come is not HTTP. If that follows a good request, the good one is answered."""
        # Not what it is: a request line or a header may hold a secret.
        _log.warning("what a client sent is not valid HTTP/1.1")
        if self._idle:
            self._refuse(400, "The request is not valid HTTP/1.1.")
        elif self.cycle.more_body:
            self._refuse(400, MALFORMED_BODY)
        else:
            self._request_arrived()  # the good one
            self.cycle.keep_alive = False
            self.flow.pause_reading()

    def shutdown(self) -> None:
        """Called at SIGTERM."""
        self._stopping = True
        if self._idle:
            self.loop.call_later(_LINGER_SECONDS, self._leave)
        else:
            super().shutdown()

    @property
    def _idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _leave(self) -> None:
        if self._idle:
            self.transport.close()

    def _expect_request(self) -> None:
        self._request_arrived()
        self._arrival = self.loop.call_later(_REQUEST_SECONDS, self.transport.close)

    def _request_arrived(self) -> None:
        if self._arrival is not None:
            self._arrival.cancel()
            self._arrival = None

    def _refuse(self, status: int, message: str) -> None:
        """Answer outside of the application, to which this request does not get, and close."""
        body = json.dumps({"message": message}).encode()
        head = f"HTTP/1.1 {status} \r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        self.transport.write(head.encode() + b"Connection: close\r\n\r\n" + body)
        self.transport.close()
