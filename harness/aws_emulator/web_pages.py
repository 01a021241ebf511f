"""Web pages are kept out of everything but the APIs and sites that are made for them."""

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import ministack.app

from harness.aws_emulator.visitors import is_for_visitors


def keep_web_pages_out() -> None:
    """Refuse what a web page made a browser on this machine send to AWS's APIs.

    MiniStack checks no signature and grants every preflight request, so any page that is open while the stack runs
    could create a function here, and call it: code of a stranger's choice. What visitors use stays open, as on AWS:
    an API decides by its own CORS settings, and visitors.py sees to it that nothing else answers under its name.
    """
    application = ministack.app.app

    async def app(scope: Any, receive: Any, send: Any) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope.get("headers", ())}
        if scope["type"] == "lifespan" or not _is_sent_by_a_page(headers, scope["path"]):
            await application(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            content_type = (b"content-type", b"text/plain")
            await send({"type": "http.response.start", "status": 403, "headers": [content_type]})
            await send({"type": "http.response.body", "body": b"Web pages may not use AWS's APIs on this machine.\n"})

    ministack.app.app = app


def _is_sent_by_a_page(headers: Mapping[str, str], path: str) -> bool:
    """By what browsers say of a request (https://www.w3.org/TR/fetch-metadata/, RFC 6454).

    With DNS rebinding a page has the origin that it sends to, but then that has a name of the public DNS.
    """
    host = headers.get("host", "")
    # Some of MiniStack's own paths are answered before anything asks for the host.
    if is_for_visitors(host, path) and not path.startswith("/_"):
        return False
    if not _is_private_name(host):
        return True
    origin = headers.get("origin")
    return headers.get("sec-fetch-site") in ("cross-site", "same-site") or (
        origin is not None and origin.partition("://")[2] != host
    )


def _is_private_name(authority: str) -> bool:
    """Whether the host of a Host header is an IP address, or a name that no public DNS server answers for."""
    try:
        host = urlsplit(f"//{authority}").hostname or ""
        if "." not in host or host.endswith((".localhost", ".local", ".internal")):
            return True
        return bool(ip_address(host))
    except ValueError:
        return False
