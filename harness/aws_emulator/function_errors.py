"""The caller of an HTTP API reads no more about a function that failed than on AWS."""

from typing import Any

from harness.aws_emulator.answer import INTERNAL_SERVER_ERROR


def keep_function_errors_private() -> None:
    """Answer as an HTTP API does when its function crashes, times out or cannot start: 500, and nothing about why.

    MiniStack answers 502 with Lambda's error, which holds what the function's process printed.
    https://repost.aws/knowledge-center/api-gateway-internal-server-error
    """
    from ministack.services import lambda_svc

    convert = lambda_svc.lambda_execute_result_to_api_proxy_response

    def private(result: dict[str, Any]) -> tuple[dict[str, Any] | None, str | None]:
        if result.get("error") and not result.get("throttle"):
            return {"statusCode": 500, "body": INTERNAL_SERVER_ERROR}, None
        answer: tuple[dict[str, Any] | None, str | None] = convert(result)
        return answer

    lambda_svc.lambda_execute_result_to_api_proxy_response = private
