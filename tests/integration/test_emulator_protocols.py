"""MiniStack knows the protocols of the services in use, and reads a whole model only for those who need it."""

import subprocess
import sys

from harness.project import PROJECT

# In a process of its own, because it replaces a function of MiniStack for good.
LOOK_UP = """
import sys
from ministack.core import responses
from harness.aws_emulator.protocols import read_only_protocols

read_only_protocols()
print(responses.expected_success_content_type("logs", "application/json"))
print(responses.expected_success_content_type("monitoring", "application/json"))
print(responses.expected_error_content_type("sts", "application/xml"))
print(responses.expected_error_content_type("no-service", "application/xml"))
print("botocore.session" in sys.modules)
print(responses._service_model("states").operation_model("StartExecution").name)

import botocore.session
session = botocore.session.get_session()
names = ["apigatewayv2", "cloudfront", "iam", "lambda", "logs", "s3", "sns", "sts", *responses._BOTOCORE_NAME.values()]
print([name for name in names if responses._service_model(name).metadata != session.get_service_model(name).metadata])
"""


def test_protocols_are_those_of_botocores_models() -> None:
    done = subprocess.run([sys.executable, "-c", LOOK_UP], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        "application/x-amz-json-1.1",
        "application/x-amz-json-1.0",
        "text/xml",
        "None",
        "False",
        "StartExecution",
        "[]",
    ]
