"""The wire formats: who calls, what is called, and how answers and errors look.

https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html (control plane) and
https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html (runtime).
"""

import json
import os
import re
import uuid
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import Response
from werkzeug.datastructures import Headers

from model_server.sagemaker.errors import (
    AccessDeniedException,
    IncompleteSignatureException,
    MissingAuthenticationTokenException,
    SageMakerError,
    SerializationException,
    UnknownOperationException,
)

Json = dict[str, object]

_CREDENTIAL_SCOPE = r"Credential=[^/,\s]+/\d{8}/(?P<region>[a-z0-9-]+)/%s/aws4_request\b"
_TARGET_PREFIX = "SageMaker."


@dataclass(frozen=True)
class Caller:
    """On whose behalf a request acts: resources belong to one account and one region."""

    account: str
    region: str

    def arn(self, kind: str, name: str) -> str:
        """The name of a resource, such as `arn:aws:sagemaker:us-east-1:000000000000:endpoint/counter`.

        SageMaker writes names in lower case here, which also makes them unique whatever their case.
        """
        return f"arn:aws:sagemaker:{self.region}:{self.account}:{kind}/{name.lower()}"


def caller_of(headers: Headers, service: str = "sagemaker") -> Caller:
    """Read the region from the scope of a signature for `service`. It is not verified: there is no secret.

    Demanding the header still protects the listener: a web page cannot send it across origins without a
    preflight request, which the stand-in never grants.
    """
    authorization = headers.get("Authorization")
    if not authorization:
        raise MissingAuthenticationTokenException("Missing Authentication Token")
    scope = re.search(_CREDENTIAL_SCOPE % service, authorization)
    if not authorization.startswith("AWS4-HMAC-SHA256 ") or not scope:
        raise IncompleteSignatureException(
            "Authorization must be 'AWS4-HMAC-SHA256 Credential=<key>/<date>/<region>/"
            + f"{service}/aws4_request, ...'"
        )
    return Caller(account=os.environ.get("MINISTACK_ACCOUNT_ID", "000000000000"), region=scope["region"])


def require_private_name(headers: Headers) -> None:
    """Raise for a request to a name of the public DNS.

    A page whose own name was made to resolve to this machine (DNS rebinding) needs no preflight request, and could
    read every answer, but this is how its requests differ.
    """
    if not _is_private_name(headers.get("Host", "")):
        raise AccessDeniedException("The Host header must name this machine, or a container on its network.")


def _is_private_name(authority: str) -> bool:
    """Whether the host of a Host header is an IP address, or a name that no public DNS server answers for."""
    try:
        host = urlsplit(f"//{authority}").hostname or ""
        if "." not in host or host.endswith((".localhost", ".local", ".internal")):
            return True
        return bool(ip_address(host))
    except ValueError:
        return False


def operation_of(headers: Headers) -> str:
    """The operation that `X-Amz-Target` names."""
    target = headers.get("X-Amz-Target", "")
    if not target.startswith(_TARGET_PREFIX):
        raise UnknownOperationException(f"X-Amz-Target must be 'SageMaker.<Operation>', not {target!r}")
    return target.removeprefix(_TARGET_PREFIX)


def parse_json(body: bytes) -> Json:
    """Decode the body of a JSON 1.1 request. An empty body is an empty request, a null an absent member."""
    try:
        document = json.loads(body or b"{}", object_hook=_without_nulls, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise SerializationException(f"The body is not valid JSON: {error}") from None
    if not isinstance(document, dict):
        raise SerializationException("The body must be a JSON object")
    return document


def _without_nulls(members: Json) -> Json:
    return {name: value for name, value in members.items() if value is not None}


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not a JSON value")


def json_response(document: object) -> Response:
    """A successful JSON 1.1 answer."""
    return Response(json.dumps(document), content_type="application/x-amz-json-1.1")


def empty_response() -> Response:
    """The answer of an operation that has no output."""
    return Response(b"", content_type="application/x-amz-json-1.1")


def control_plane_error(error: SageMakerError) -> Response:
    """An error in JSON 1.1: the body's `__type` names it."""
    body = json.dumps({"__type": error.code, **error.body()})
    return Response(body, error.status, content_type="application/x-amz-json-1.1")


def runtime_error(error: SageMakerError) -> Response:
    """An error in REST JSON: the header `x-amzn-ErrorType` names it."""
    response = Response(json.dumps(error.body()), error.status, content_type="application/json")
    response.headers["x-amzn-ErrorType"] = error.code
    return response


def new_request_id() -> str:
    """What AWS calls one request by, to its client."""
    return str(uuid.uuid4())
