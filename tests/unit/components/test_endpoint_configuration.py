"""The endpoint configuration: what the endpoint runs on, and what it records."""

from typing import Any

import pulumi
import pytest

from components.endpoint_configuration import EndpointConfiguration, EndpointConfigurationArgs, RealTimeArgs
from tests.unit.recording import Resources, record

INSTANCES: RealTimeArgs = {"instance_type": "ml.m5.large", "instance_count": 2}


def made(**others: Any) -> Resources:
    args: EndpointConfigurationArgs = {"model_name": "counting-1", **others}  # type: ignore[typeddict-item]
    return record(lambda: EndpointConfiguration("configuration", args))


def on_instances(**others: Any) -> dict[str, Any]:
    return made(real_time=INSTANCES | others).one(":EndpointConfiguration")


def test_each_has_a_name_of_its_own_so_that_the_next_stands_beside_it() -> None:
    assert "name" not in on_instances()


def test_real_time_means_instances() -> None:
    assert on_instances()["productionVariants"] == [
        {
            "variantName": "AllTraffic",
            "modelName": "counting-1",
            "instanceType": "ml.m5.large",
            "initialInstanceCount": 2,
        }
    ]


def test_serverless_means_memory_and_concurrency() -> None:
    serverless = made(serverless={"memory_mb": 3072, "max_concurrency": 5}).one(":EndpointConfiguration")
    assert serverless["productionVariants"] == [
        {
            "variantName": "AllTraffic",
            "modelName": "counting-1",
            "serverlessConfig": {"memorySizeInMb": 3072, "maxConcurrency": 5},
        }
    ]


def test_nothing_is_recorded_and_the_key_is_sagemakers_unless_said_otherwise() -> None:
    assert not {"kmsKeyArn", "dataCaptureConfig"} & on_instances().keys()


def test_volumes_can_have_a_key() -> None:
    assert on_instances(key_arn="arn:of:key")["kmsKeyArn"] == "arn:of:key"


def test_requests_and_answers_can_be_recorded() -> None:
    capture = {"url": "s3://records/here", "arn": "arn:of:records/*", "percentage": 20}
    config = on_instances(capture=capture)["dataCaptureConfig"]
    assert (config["initialSamplingPercentage"], config["destinationS3Uri"]) == (20, "s3://records/here")
    assert config["captureOptions"] == [{"captureMode": "Input"}, {"captureMode": "Output"}]


def test_what_a_rollback_returns_to_is_kept() -> None:
    guarded = made(real_time=INSTANCES | {"rollback_alarms": ["errors"]})
    assert {kind.split(":")[-1] for kind in guarded.retained()} == {"EndpointConfiguration"}
    assert made(real_time=INSTANCES).retained() == set()


@pytest.mark.parametrize(
    "choice", [{}, {"real_time": INSTANCES, "serverless": {"memory_mb": 1024, "max_concurrency": 1}}]
)
def test_it_is_either_real_time_or_serverless(choice: dict[str, Any]) -> None:
    with pytest.raises(pulumi.RunError, match="real_time or serverless"):
        made(**choice)
