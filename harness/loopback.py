"""HTTP to the emulators' host names, such as ``<api-id>.execute-api.localhost``.

Every name under ``localhost`` is loopback (RFC 6761, section 6.3). Browsers know that; Python's resolver on
Linux does not. So the connection goes to 127.0.0.1 and the name into the ``Host`` header. LocalStack's names are
in the public DNS, with the same address; so they work offline, too, and where a resolver hides such answers.
https://docs.localstack.cloud/references/network-troubleshooting/endpoint-url
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

import urllib3

NAMES = (".localhost", ".localhost.localstack.cloud")

_connections = urllib3.PoolManager(maxsize=64)


def request(
    method: str,
    url: str,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    timeout: float = 35,
) -> urllib3.BaseHTTPResponse:
    """One HTTP request; ``timeout`` in seconds, longer than the 30 s after which an HTTP API gives up.

    :raises urllib3.exceptions.HTTPError: when nothing answers.
    """
    parts = urlsplit(url)
    headers = dict(headers or {})
    if parts.hostname is not None and parts.hostname.endswith(NAMES):
        headers["Host"] = parts.netloc
        url = parts._replace(netloc=f"127.0.0.1:{parts.port or 80}").geturl()
    return _connections.request(method, url, body=body, headers=headers, timeout=timeout, retries=False)
