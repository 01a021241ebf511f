"""The worker process of the stand-in: what is not HTTP is refused in the shape of SageMaker's errors, too."""

import contextlib
import json
import logging
import socket
from typing import Any

from gunicorn.http.errors import ParseException
from gunicorn.workers.gthread import ThreadWorker

from model_server.sagemaker.errors import MalformedHttpRequestException
from model_server.sagemaker.protocol import new_request_id

log = logging.getLogger(__name__)


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no type information
    """gunicorn's worker with threads, but for what it answers to a request that it cannot read."""

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: BaseException) -> None:
        if not isinstance(exc, ParseException):
            super().handle_error(req, client, addr, exc)
            return
        # Not what it is: a request line or a header may hold a secret.
        aws_request_id = new_request_id()
        fields = {"awsRequestId": aws_request_id, "error": type(exc).__name__}
        log.warning("the request is not valid HTTP", extra={"fields": fields})
        with contextlib.suppress(OSError):
            client.sendall(_refusal(aws_request_id))


def _refusal(aws_request_id: str) -> bytes:
    """Which of the two protocols was meant, nobody knows, so it has the marks of both."""
    error = MalformedHttpRequestException("The request is not valid HTTP/1.1.")
    body = json.dumps({"__type": error.code, **error.body()})
    head = (
        f"HTTP/1.1 {error.status} Bad Request",
        "Connection: close",
        "Content-Type: application/x-amz-json-1.1",
        f"Content-Length: {len(body)}",
        f"x-amzn-ErrorType: {error.code}",
        f"x-amzn-RequestId: {aws_request_id}",
    )
    return "\r\n".join((*head, "", body)).encode()
