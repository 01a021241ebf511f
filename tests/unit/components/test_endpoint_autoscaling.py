"""Autoscaling: between limits, fast up, slowly down."""

from typing import Any

import pytest

from components.endpoint_autoscaling import EndpointAutoscaling
from tests.unit.recording import Resources, record


def made(metric: str) -> Resources:
    return record(
        lambda: EndpointAutoscaling(
            "scaling",
            {
                "scalable_variant": "endpoint/e/variant/v",
                "min_instances": 2,
                "max_instances": 6,
                "metric": metric,
                "target": 600,
                "scale_out_cooldown_seconds": 60,
                "scale_in_cooldown_seconds": 300,
            },
        )
    )


def test_the_number_of_instances_stays_between_its_limits() -> None:
    target = made("invocations").one(":Target")
    assert (target["minCapacity"], target["maxCapacity"]) == (2, 6)
    assert target["resourceId"] == "endpoint/e/variant/v"
    assert target["scalableDimension"] == "sagemaker:variant:DesiredInstanceCount"


@pytest.mark.parametrize(
    ("metric", "predefined"),
    [
        ("invocations", "SageMakerVariantInvocationsPerInstance"),
        ("concurrency", "SageMakerVariantConcurrentRequestsPerModelHighResolution"),
    ],
)
def test_the_policy_tracks_invocations_or_concurrency(metric: str, predefined: str) -> None:
    tracking: dict[str, Any] = made(metric).one(":Policy")["targetTrackingScalingPolicyConfiguration"]
    assert tracking["predefinedMetricSpecification"] == {"predefinedMetricType": predefined}
    assert tracking["targetValue"] == 600


def test_instances_come_sooner_than_they_go() -> None:
    tracking = made("invocations").one(":Policy")["targetTrackingScalingPolicyConfiguration"]
    assert (tracking["scaleOutCooldown"], tracking["scaleInCooldown"]) == (60, 300)
