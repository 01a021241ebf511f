"""The caller of an HTTP API reads no more about a function that failed than on AWS, and reads it as soon."""

from typing import Any

from ministack.core import lambda_runtime

from harness.aws_emulator.answer import INTERNAL_SERVER_ERROR, TOO_MANY_REQUESTS

# For a function to end by itself after its timeout. With MiniStack's 2 s, one that hangs for its 29 s would be answered
# after the 30 s of an HTTP API.
OVERDUE_SECONDS = 0.3


def keep_function_errors_private() -> None:
    """Answer as an HTTP API does when its function crashes, times out or cannot start: 500, and nothing about why.

    MiniStack answers 502 with Lambda's error, which holds what the function's process printed; and with Lambda's own
    words, the account's limit among them, where too many calls run at once.
    https://repost.aws/knowledge-center/api-gateway-internal-server-error
    """
    from ministack.services import lambda_svc

    convert = lambda_svc.lambda_execute_result_to_api_proxy_response

    def private(result: dict[str, Any]) -> tuple[dict[str, Any] | None, str | None]:
        if result.get("throttle"):
            return {"statusCode": 429, "body": TOO_MANY_REQUESTS}, None
        if result.get("error"):
            return {"statusCode": 500, "body": INTERNAL_SERVER_ERROR}, None
        answer: tuple[dict[str, Any] | None, str | None] = convert(result)
        return answer

    lambda_svc.lambda_execute_result_to_api_proxy_response = private


def end_overdue_functions() -> None:
    """End a function that hangs soon after its timeout."""
    lambda_runtime._REAP_GRACE = OVERDUE_SECONDS
