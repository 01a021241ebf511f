"""Ask a SageMaker endpoint: the InvokeEndpoint operation, with the timeout that the call at hand has left.

A boto3 client fixes its timeouts when it is created, and creating one costs more than all the rest of a cold
start. So urllib3 sends, and what it sends is signed here.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import time
from typing import Any, cast
from urllib.parse import urlsplit

import urllib3
from urllib3 import exceptions
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util.connection import create_connection

from .credentials import role_credentials
from .guarded_fetch import FetchTimeout, ResponseTooLarge, Wire, tls_context
from .problem import UNEXPECTED_ANSWER, Problem
from .signature import sign

MAX_MESSAGE_LENGTH = 300
# Of an answer, its headers included. The logits of ten thousand classes take a quarter of it.
MAX_ANSWER_BYTES = 1024 * 1024

# The one header of a caller that SageMaker hands on to the container as it is.
CUSTOM_ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"

# Error code of the SageMaker runtime -> seconds until another try makes sense, and what the caller reads.
# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
_NOT_NOW = {
    "ValidationError": (30, "The model's endpoint is not in service."),  # it does not exist, or not yet
    "ModelNotReadyException": (10, "The model is warming up."),
    "ThrottlingException": (2, "Too many requests at the moment."),
}
_BUSY = _NOT_NOW["ThrottlingException"]
_UNAVAILABLE = (5, "The model's endpoint cannot answer at the moment.")

# The partitions whose domain is not amazonaws.com, by how the names of their regions begin. botocore reads it from a
# file, which takes longer than a call.
_DOMAINS = {
    "cn-": "amazonaws.com.cn",
    "eu-isoe-": "cloud.adc-e.uk",
    "eusc-": "amazonaws.eu",
    "us-iso-": "c2s.ic.gov",
    "us-isob-": "sc2s.sgov.gov",
    "us-isof-": "csp.hci.ic.gov",
}


class Endpoint:
    """One SageMaker endpoint, with one connection that is kept between calls. Create it once per process."""

    def __init__(self, name: str, region: str, runtime_url: str | None = None) -> None:
        """runtime_url: where the SageMaker runtime is, if not at its usual place in the region."""
        self._name = name
        self._region = region
        self.url = f"{runtime_url or _regional_url(region)}/endpoints/{name}/invocations"
        self._pool = urllib3.connection_from_url(self.url, maxsize=1, retries=False)
        self._pool.ConnectionCls = _TlsConnection if self.url.startswith("https:") else _Connection
        self._credentials = role_credentials(os.environ)

    def invoke(self, image: bytes, media_type: str, request_id: str, deadline: float) -> bytes:
        """What the model's container answers for one image.

        request_id: by which the container's log knows the request.
        deadline: a time.monotonic() value. Raises Problem 422, 500, 503 or 504.
        """
        try:
            headers = {"Content-Type": media_type, "Accept": "application/json", CUSTOM_ATTRIBUTES: request_id}
            response = self._post_with_retry(image, headers, deadline)
            body = response.read(decode_content=False)
        except ResponseTooLarge as error:
            note = f"the endpoint's answer is longer than {MAX_ANSWER_BYTES} bytes."
            raise Problem(500, UNEXPECTED_ANSWER, error="UnexpectedAnswer", note=note) from error
        except FetchTimeout as error:
            raise _out_of_time("ReadTimeout", "The answer was not complete in time.") from error
        except exceptions.NewConnectionError as error:  # first: in urllib3 1.26 it is a TimeoutError as well
            raise _not_now(_UNAVAILABLE, type(error).__name__, str(error)) from error
        except exceptions.TimeoutError as error:
            raise _out_of_time(type(error).__name__, str(error)) from error
        except exceptions.HTTPError as error:
            if isinstance(error.args[-1], TimeoutError):  # while sending, urllib3 counts it as a broken connection
                raise _out_of_time(type(error).__name__, str(error)) from error
            raise _not_now(_UNAVAILABLE, type(error).__name__, str(error)) from error
        if response.status != 200:
            raise self._problem(response, body)
        return body

    def _post_with_retry(self, image: bytes, headers: dict[str, str], deadline: float) -> urllib3.BaseHTTPResponse:
        """POST, and once more if the connection of an earlier call proves to be closed by the other side.

        Lambda freezes the process between calls, so this is usual. Asking a model twice changes nothing.
        """
        opened = self._pool.num_connections
        try:
            return self._post(image, headers, deadline)
        except exceptions.ProtocolError as error:
            kept = self._pool.num_connections == opened
            if not kept or not isinstance(error.args[-1], ConnectionResetError | BrokenPipeError):
                raise
        return self._post(image, headers, deadline)

    def _post(self, image: bytes, headers: dict[str, str], deadline: float) -> urllib3.BaseHTTPResponse:
        signed = sign(self.url, headers, image, self._credentials(), "sagemaker", self._region)
        seconds = deadline - time.monotonic()
        if seconds <= 0:
            raise _out_of_time("BudgetSpent", "No time was left to ask the endpoint.")
        return self._pool.urlopen(
            "POST",
            urlsplit(self.url).path,
            body=image,
            headers=signed,
            timeout=urllib3.Timeout(total=seconds),
            preload_content=False,
        )

    def _problem(self, response: urllib3.BaseHTTPResponse, body: bytes) -> Problem:
        """What the caller reads for an error of the SageMaker runtime."""
        error = _json_object(body)
        code = str(response.headers.get("x-amzn-errortype") or error.get("__type") or error.get("code"))
        code = code.partition(":")[0].rpartition("#")[2]
        note = f"HTTP {response.status}: {error.get('Message') or error.get('message')}"
        if code == "ModelError" and error.get("OriginalStatusCode") == 429:  # the container's queue is full
            return _not_now(_BUSY, code, note)
        if code == "ModelError" and 400 <= error.get("OriginalStatusCode", 0) < 500:
            return Problem(422, _container_message(error.get("OriginalMessage")), error=code, note=note)
        if code in _NOT_NOW:
            return _not_now(_NOT_NOW[code], code, note)
        if code == "ModelError" or response.status == 429 or response.status >= 500:
            return _not_now(_UNAVAILABLE, code, note)
        if code.startswith("AccessDenied"):
            note += f". The function's role needs sagemaker:InvokeEndpoint on endpoint/{self._name}."
        detail = "The service is not set up correctly. The reason is in its log."
        return Problem(500, detail, error=code, note=note)


class _Answer(http.client.HTTPResponse):
    """An answer that must be complete within the timeout that its socket has when the reading begins.

    The timeout of a plain one starts anew with every piece: one byte a second would keep the function for ever.
    """

    def __init__(self, connection: socket.socket, *args: Any, **options: Any) -> None:
        deadline = time.monotonic() + (connection.gettimeout() or 0)
        super().__init__(cast(socket.socket, Wire(connection, deadline, MAX_ANSWER_BYTES)), *args, **options)


class _Connection(HTTPConnection):
    """A connection that is open, TLS included, within its timeout.

    urllib3 gives each address of the host all of it. The look-up of the name can outlast it: getaddrinfo() takes no
    timeout, and has its own limits (resolv.conf(5)). No stranger chooses this name, as one does the image host's.
    """

    response_class = _Answer

    def connect(self) -> None:
        self._deadline = time.monotonic() + cast(float, self.timeout)
        super().connect()
        self.timeout = self._remaining()  # for what is sent

    def _new_conn(self) -> socket.socket:
        try:
            connection = self._open()
            connection.settimeout(self._remaining())
        except TimeoutError as error:
            raise exceptions.ConnectTimeoutError(self, f"no address of {self.host} answered in time") from error
        except OSError as error:
            raise exceptions.NewConnectionError(self, f"{self.host}: {error}") from error
        return connection

    def _open(self) -> socket.socket:
        """Connect to the first address that answers; each gets an equal share of the time that is left."""
        failure = OSError("the name has no address")
        found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        addresses = [(str(address[0]), self.port) for *_, address in found]
        for tried, address in enumerate(addresses):
            try:
                share = self._remaining() / (len(addresses) - tried)
                return create_connection(address, share, socket_options=self.socket_options)
            except OSError as error:
                failure = error
        raise failure

    def _remaining(self) -> float:
        seconds = self._deadline - time.monotonic()
        if seconds <= 0:
            raise TimeoutError("the connection was not open in time")
        return seconds


class _TlsConnection(_Connection, HTTPSConnection):
    def connect(self) -> None:
        self.ssl_context = tls_context()  # urllib3 would read the certificates of all authorities a second time
        super().connect()


def _regional_url(region: str) -> str:
    """The runtime's URL in a region: its partition (aws, aws-cn, ...) decides on the domain."""
    domain = next((domain for start, domain in _DOMAINS.items() if region.startswith(start)), "amazonaws.com")
    return f"https://runtime.sagemaker.{region}.{domain}"


def _json_object(text: bytes | str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _container_message(answer: object) -> str:
    """What the model's container says is wrong with the image, if it says so as {"message": "..."}."""
    message = _json_object(answer).get("message") if isinstance(answer, str) else None
    if not isinstance(message, str) or not message:
        return "The model cannot read this image. Send a complete JPEG, PNG or WebP image."
    return message[:MAX_MESSAGE_LENGTH]


def _not_now(answer: tuple[int, str], error: str, note: str) -> Problem:
    seconds, what = answer
    detail = f"{what} Try again in {seconds} seconds."
    return Problem(503, detail, retry_after=seconds, error=error, note=note)


def _out_of_time(error: str, note: str) -> Problem:
    return Problem(504, "The model took too long to answer. Try again later.", error=error, note=note)
