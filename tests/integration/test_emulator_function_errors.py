"""What the caller of an emulated HTTP API reads when Lambda does not run its function."""

import subprocess
import sys

from harness.project import PROJECT

# In a process of its own, because it wraps functions of MiniStack for good.
THROTTLED = """
from ministack.services import lambda_svc
from harness.aws_emulator import function_errors

function_errors.keep_function_errors_private()
throttled = lambda_svc._throttle_response("ConcurrentInvocationLimitExceeded", "account concurrency cap 40 reached")
answer, _ = lambda_svc.lambda_execute_result_to_api_proxy_response(throttled)
print(answer["statusCode"], answer["body"])
"""


def test_one_call_too_many_is_answered_without_the_limit() -> None:
    done = subprocess.run([sys.executable, "-c", THROTTLED], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout == '429 {"message":"Too Many Requests"}\n'
