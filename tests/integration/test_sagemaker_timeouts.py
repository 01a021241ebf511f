"""Containers that do not answer. SageMaker's shortest limits are a minute, so all tests wait at the same time."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.sagemaker_stand_in import StandIn, running_stand_in

NEVER = {"unready": "answered 503", "garbage": "did not answer with valid HTTP"}

TOO_SLOW = ("sleep 75", "trickle")  # sends nothing; sends a byte now and then


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory, s3_endpoint: str) -> Iterator[dict[str, Future[Any]]]:
    """Everything slow, started at the same time."""
    with (
        running_stand_in(tmp_path_factory.mktemp("stand-in"), s3_endpoint) as stand_in,
        ThreadPoolExecutor() as pool,
    ):
        stand_in.create_endpoint("slow")
        yield {
            **{command: pool.submit(_invoke, stand_in, command) for command in TOO_SLOW},
            **{start: pool.submit(_create, stand_in, start) for start in NEVER},
        }


def _invoke(stand_in: StandIn, command: str) -> dict[str, Any]:
    runtime = stand_in.client("sagemaker-runtime")
    with pytest.raises(ClientError) as failed:
        runtime.invoke_endpoint(EndpointName="slow", Body=b"x", CustomAttributes=command)
    return dict(failed.value.response)


def _create(stand_in: StandIn, start: str) -> dict[str, Any]:
    stand_in.configure(
        start,
        stand_in.upload(f"{start}.tar.gz", {"a": "b"}),
        {"FAKE_START": start},
        ContainerStartupHealthCheckTimeoutInSeconds=60,
    )
    stand_in.sagemaker.create_endpoint(EndpointName=start, EndpointConfigName=start)
    return stand_in.settled(start, seconds=120, interval=1)


@pytest.mark.parametrize(("start", "answer"), NEVER.items())
def test_a_container_that_never_gets_ready_fails_the_endpoint(
    outcomes: dict[str, Future[Any]], start: str, answer: str
) -> None:
    described = outcomes[start].result()
    assert described["EndpointStatus"] == "Failed"
    assert "did not pass the ping health check" in described["FailureReason"]
    assert f"For 60 s, GET /ping {answer}." in described["FailureReason"]


@pytest.mark.parametrize("command", TOO_SLOW)
def test_an_invocation_ends_after_a_minute(outcomes: dict[str, Future[Any]], command: str) -> None:
    response = outcomes[command].result()
    assert response["Error"]["Code"] == "ModelError"
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert response["OriginalStatusCode"] == 0
    assert response["OriginalMessage"].startswith(
        "Your invocation timed out while waiting for a response from container primary."
    )
