"""AWS's Signature Version 4, as far as a POST without a query needs it.

botocore has a signer for all cases, but importing that takes longer than all the rest of a cold start. A test compares
the two. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

from .credentials import Credentials

_ALGORITHM = "AWS4-HMAC-SHA256"
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


def sign(
    url: str, headers: Mapping[str, str], body: bytes, credentials: Credentials, service: str, region: str
) -> dict[str, str]:
    """The headers to send for a POST to a URL: those given, and those that prove who sends it, now."""
    now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    sent = {**headers, "X-Amz-Date": now}
    if credentials.token:
        sent["X-Amz-Security-Token"] = credentials.token
    scope = f"{now[:8]}/{region}/{service}/aws4_request"
    names, request = _canonical(url, sent, body)
    text = f"{_ALGORITHM}\n{now}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = f"AWS4{credentials.secret_key}".encode()
    for part in (*scope.split("/"), text):
        key = hmac.digest(key, part.encode(), "sha256")
    sent["Authorization"] = (
        f"{_ALGORITHM} Credential={credentials.access_key}/{scope}, SignedHeaders={names}, Signature={key.hex()}"
    )
    return sent


def _canonical(url: str, headers: Mapping[str, str], body: bytes) -> tuple[str, str]:
    """The names of the headers that are signed, which are all, and the request in the form in which it is signed."""
    scheme, host, path, *_ = urlsplit(url)
    signed = {name.lower(): " ".join(value.split()) for name, value in headers.items()}
    signed["host"] = host.lower().removesuffix(_DEFAULT_PORTS[scheme])
    names = ";".join(sorted(signed))
    lines = "".join(f"{name}:{signed[name]}\n" for name in sorted(signed))
    return names, f"POST\n{quote(path, safe='/~')}\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
