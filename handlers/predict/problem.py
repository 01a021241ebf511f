"""What goes wrong, as the caller reads it: problem details (RFC 9457)."""

from __future__ import annotations

import json

from .response import Response, response

_TITLES = {  # the reason phrases of RFC 9110, which `about:blank` asks for
    400: "Bad Request",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    422: "Unprocessable Content",
    500: "Internal Server Error",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}

# What the caller reads when the endpoint answers something other than logits for the labels in the settings.
UNEXPECTED_ANSWER = "The model's answer does not fit this service. The reason is in its log."


class Problem(Exception):
    """An answer other than 200.

    detail: what happened and what to do about it, for a stranger: no internal address, no stack trace.
    retry_after: seconds after which the same request may succeed.
    error, note: the kind of error and what else the operator needs to know. They go to the log only.
    """

    def __init__(
        self, status: int, detail: str, *, retry_after: int | None = None, error: str = "", note: str = ""
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.retry_after = retry_after
        self.error = error or _TITLES[status]
        self.note = note

    def response(self, request_id: str) -> Response:
        """The answer for the caller."""
        body = {
            "type": "about:blank",
            "title": _TITLES[self.status],
            "status": self.status,
            "detail": self.detail,
            "requestId": request_id,
        }
        answer = response(self.status, "application/problem+json", json.dumps(body))
        if self.retry_after is not None:
            answer["headers"]["Retry-After"] = str(self.retry_after)
        return answer
