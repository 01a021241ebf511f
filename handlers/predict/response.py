"""The shape of an answer that Lambda's proxy integration turns into an HTTP response."""

from __future__ import annotations

from typing import TypedDict


class Response(TypedDict):
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html"""

    statusCode: int
    headers: dict[str, str]
    body: str


def response(status: int, media_type: str, body: str) -> Response:
    """An answer that a page of any origin may read."""
    headers = {"Content-Type": media_type, "Access-Control-Allow-Origin": "*"}
    return {"statusCode": status, "headers": headers, "body": body}
