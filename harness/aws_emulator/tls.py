"""Loopback counts as TLS where a policy asks for ``aws:SecureTransport``."""

import contextvars
from typing import Any

import ministack.app
from ministack.core import iam_evaluator

_request_is_plain = contextvars.ContextVar("request_is_plain", default=False)


def count_loopback_as_tls() -> None:
    """Make ``aws:SecureTransport`` true, so that a policy that demands TLS does not shut out the laptop.

    What it demands is that nobody between the two ends can read; on loopback nobody can. MiniStack would say
    false of every request, also of CloudFront's to S3, and ``Deny`` would take the page away. A request that
    says of itself ``X-Forwarded-Proto: http`` is taken at its word (with IAM enforced).
    """
    iam_evaluator._request_origin = contextvars.ContextVar("request_origin", default=("127.0.0.1", True))
    application = ministack.app.app

    async def app(scope: Any, receive: Any, send: Any) -> None:
        _request_is_plain.set((b"x-forwarded-proto", b"http") in scope.get("headers", ()))
        await application(scope, receive, send)

    def pin(source_ip: str, _secure_transport: bool) -> None:
        iam_evaluator.pin_request_origin(source_ip, not _request_is_plain.get())

    ministack.app.app, ministack.app.pin_request_origin = app, pin
