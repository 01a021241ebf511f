"""The function: what it may do, how long, and what it leaves behind."""

import json
from typing import Any

import pytest

from components.predict_function import HANDLERS, PredictFunction, PredictFunctionArgs
from harness.resources import zip_archive
from tests.unit.recording import ACCOUNT, REGION, Resources, record

ENDPOINT_ARN = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/counting-endpoint"
WRITE_LOGS = {
    "Effect": "Allow",
    "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
    "Resource": ["arn:of:predict:*"],
}
INVOKE = {"Effect": "Allow", "Action": ["sagemaker:InvokeEndpoint"], "Resource": [ENDPOINT_ARN]}


def made(**others: Any) -> Resources:
    args: PredictFunctionArgs = {
        "function_name": "counting-predict",
        "endpoint_arn": ENDPOINT_ARN,
        "labels": ["cat", "dog"],
        "environment": {"ENDPOINT_NAME": "counting-endpoint"},
        **others,  # type: ignore[typeddict-item]
    }
    return record(lambda: PredictFunction("predict", args))


@pytest.fixture
def function() -> Resources:
    return made()


def test_the_role_may_invoke_its_endpoint_and_write_its_logs_and_nothing_else(function: Resources) -> None:
    assert function.statements() == [INVOKE, WRITE_LOGS]


def test_a_traced_function_may_send_traces_too() -> None:
    traced = made(tracing=True)
    send = {"Effect": "Allow", "Action": ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], "Resource": ["*"]}
    assert traced.statements() == [INVOKE, WRITE_LOGS, send]
    assert traced.one(":Function")["tracingConfig"] == {"mode": "Active"}


def test_it_runs_on_arm(function: Resources) -> None:
    assert function.one(":Function")["architectures"] == ["arm64"]


def test_it_ends_before_the_gateway_gives_up(function: Resources) -> None:
    assert function.one(":Function")["timeout"] < 30


def test_its_size_can_be_chosen() -> None:
    chosen = made(memory_mb=1024, timeout_seconds=20, reserved_concurrency=50).one(":Function")
    assert (chosen["memorySize"], chosen["timeout"], chosen["reservedConcurrentExecutions"]) == (1024, 20, 50)


def test_without_a_reservation_it_shares_what_the_account_has(function: Resources) -> None:
    assert "reservedConcurrentExecutions" not in function.one(":Function")


def test_it_logs_json_into_a_group_that_is_there_before_it(function: Resources) -> None:
    assert function.one(":LogGroup")["name"] == "/aws/lambda/counting-predict"
    logging = function.one(":Function")["loggingConfig"]
    # Naming the group makes Pulumi create it first; else Lambda makes one, which keeps logs forever.
    assert logging == {"logFormat": "JSON", "logGroup": "/aws/lambda/counting-predict"}


def test_logs_are_forgotten_after_a_while(function: Resources) -> None:
    assert function.one(":LogGroup")["retentionInDays"] == 30
    assert made(log_retention_days=7).one(":LogGroup")["retentionInDays"] == 7


def test_logs_go_with_the_stack_unless_data_are_kept(function: Resources) -> None:
    assert function.one(":LogGroup")["skipDestroy"] is False
    assert made(keep_data=True).one(":LogGroup")["skipDestroy"] is True


def test_the_package_holds_the_handler_and_the_labels_and_nothing_else(function: Resources) -> None:
    code = function.one(":Function")["code"]
    files = {f"handlers/predict/{file.name}" for file in HANDLERS.glob("*.py")}
    assert set(code.assets) == files | {"handlers/predict/labels.json"}
    assert "handlers/predict/app.py" in files
    assert json.loads(code.assets["handlers/predict/labels.json"].text) == ["cat", "dog"]


def test_the_package_is_small(function: Resources) -> None:
    assert len(zip_archive(function.one(":Function")["code"])) < 30_000
