"""The AWS command line tool against the stand-in."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.sagemaker_stand_in import CREDENTIALS, ROLE, StandIn, production_variant, running_stand_in


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory, s3_endpoint: str) -> Iterator[StandIn]:
    with running_stand_in(tmp_path_factory.mktemp("stand-in"), s3_endpoint) as stand_in:
        yield stand_in


def aws(stand_in: StandIn, *arguments: str) -> "subprocess.CompletedProcess[str]":
    tool = Path(sys.executable).with_name("aws")
    return subprocess.run(
        [tool, "--endpoint-url", stand_in.url, "--output", "json", *arguments],
        env={**os.environ, **CREDENTIALS},
        capture_output=True,
        text=True,
        check=False,
    )


def answer(stand_in: StandIn, *arguments: str) -> Any:
    done = aws(stand_in, *arguments)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout) if done.stdout.strip() else None


def test_from_a_model_to_an_answer_and_back(stand_in: StandIn, tmp_path: Path) -> None:
    uri = stand_in.upload("cli.tar.gz", {"name.txt": "cli"})
    container = json.dumps({"Image": "image", "ModelDataUrl": uri})
    answer(
        stand_in,
        *("sagemaker", "create-model", "--model-name", "cli", "--primary-container", container),
        *("--execution-role-arn", ROLE),
    )
    variants = json.dumps([production_variant("cli")])
    answer(
        stand_in,
        *("sagemaker", "create-endpoint-config", "--endpoint-config-name", "cli", "--production-variants", variants),
    )
    created = answer(
        stand_in,
        *("sagemaker", "create-endpoint", "--endpoint-name", "cli", "--endpoint-config-name", "cli"),
    )
    assert created == {"EndpointArn": "arn:aws:sagemaker:us-east-1:000000000000:endpoint/cli"}
    stand_in.settled("cli")  # because the tool's waiter asks twice a minute only
    answer(stand_in, "sagemaker", "wait", "endpoint-in-service", "--endpoint-name", "cli")

    output = tmp_path / "answer.json"
    metadata = answer(
        stand_in,
        *("sagemaker-runtime", "invoke-endpoint", "--endpoint-name", "cli", "--content-type", "text/plain"),
        *("--cli-binary-format", "raw-in-base64-out", "--body", "hello", str(output))
        if _is_version_2(stand_in)
        else ("--body", "hello", str(output)),
    )
    assert metadata["InvokedProductionVariant"] == "AllTraffic"
    assert json.loads(output.read_text())["body"] == "hello"

    listed = answer(stand_in, "sagemaker", "list-endpoints", "--status-equals", "InService")
    assert [endpoint["EndpointName"] for endpoint in listed["Endpoints"]] == ["cli"]
    answer(stand_in, "sagemaker", "delete-endpoint", "--endpoint-name", "cli")
    answer(stand_in, "sagemaker", "wait", "endpoint-deleted", "--endpoint-name", "cli")


def _is_version_2(stand_in: StandIn) -> bool:
    return aws(stand_in, "--version").stdout.startswith("aws-cli/2")


def test_errors_read_as_sagemakers(stand_in: StandIn) -> None:
    failed = aws(stand_in, "sagemaker", "describe-endpoint", "--endpoint-name", "nowhere")
    assert failed.returncode != 0
    assert (
        "An error occurred (ValidationException) when calling the DescribeEndpoint operation: "
        'Could not find endpoint "arn:aws:sagemaker:us-east-1:000000000000:endpoint/nowhere".'
    ) in failed.stderr
