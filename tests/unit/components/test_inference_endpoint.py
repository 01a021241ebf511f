"""The endpoint: what it runs, on what, and how a new version takes over."""

from typing import Any

import pulumi
import pytest

from components.endpoint_configuration import RealTimeArgs
from components.inference_endpoint import InferenceEndpoint, InferenceEndpointArgs
from tests.unit.recording import ACCOUNT, REGION, Resources, record

INSTANCES: RealTimeArgs = {"instance_type": "ml.m5.large", "instance_count": 2}


def made(**others: Any) -> Resources:
    args: InferenceEndpointArgs = {
        "endpoint_name": "counting-endpoint",
        "model_url": "s3://bucket/key",
        "model_arn": "arn:aws:s3:::bucket/models/*",
        **others,  # type: ignore[typeddict-item]
    }
    return record(lambda: InferenceEndpoint("inference", args))


@pytest.fixture
def endpoint() -> Resources:
    return made(image_tag="2.6.0-cpu", real_time=INSTANCES, environment={"EXTRA": "1"})


def test_the_name_stays_while_model_and_configuration_get_new_ones(endpoint: Resources) -> None:
    assert endpoint.one(":Endpoint")["name"] == "counting-endpoint"
    # Without a name Pulumi generates one per version, so a replacement stands beside what it replaces.
    assert "name" not in endpoint.one(":Model")
    assert "name" not in endpoint.one(":EndpointConfiguration")


def test_it_runs_on_what_was_chosen(endpoint: Resources) -> None:
    (variant,) = endpoint.one(":EndpointConfiguration")["productionVariants"]
    assert (variant["modelName"], variant["initialInstanceCount"]) == ("inference-name", 2)
    assert endpoint.one(":Endpoint")["endpointConfigName"] == "inference-name"
    serverless = made(image_tag="2.6.0-cpu", serverless={"memory_mb": 3072, "max_concurrency": 5})
    (variant,) = serverless.one(":EndpointConfiguration")["productionVariants"]
    assert variant["serverlessConfig"] == {"memorySizeInMb": 3072, "maxConcurrency": 5}
    # https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails.html: not for serverless endpoints
    assert "deploymentConfig" not in serverless.one(":Endpoint")


def test_the_container_runs_the_code_that_is_inside_the_artifact(endpoint: Resources) -> None:
    container = endpoint.one(":Model")["primaryContainer"]
    assert container["modelDataUrl"] == "s3://bucket/key"
    assert container["image"] == "registry/pytorch-inference:2.6.0-cpu"
    assert container["environment"] == {
        "SAGEMAKER_PROGRAM": "inference.py",
        "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
        "OMP_NUM_THREADS": "1",
        "EXTRA": "1",
    }


def test_an_own_image_is_pulled_from_its_own_repository() -> None:
    own = made(image={"uri": "registry/own:1", "repository_arn": "arn:of:own"}, real_time=INSTANCES)
    assert own.one(":Model")["primaryContainer"]["image"] == "registry/own:1"
    (pulling,) = [s for s in own.statements() if "ecr:BatchGetImage" in s["Action"]]
    assert pulling["Resource"] == ["arn:of:own"]


def test_an_isolated_container_is_told_so() -> None:
    isolated = made(image_tag="2.6.0-cpu", real_time=INSTANCES | {"network_isolation": True})
    assert isolated.one(":Model")["enableNetworkIsolation"] is True
    assert isolated.one(":Model")["primaryContainer"]["environment"]["SAGEMAKER_NETWORK_ISOLATION"] == "true"


def test_a_rollout_goes_back_when_an_alarm_goes_off() -> None:
    guarded = made(image_tag="2.6.0-cpu", real_time=INSTANCES | {"rollback_alarms": ["errors"]})
    rollout = guarded.one(":Endpoint")["deploymentConfig"]
    assert rollout["autoRollbackConfiguration"] == {"alarms": [{"alarmName": "errors"}]}
    traffic = rollout["blueGreenUpdatePolicy"]["trafficRoutingConfiguration"]
    assert (traffic["type"], traffic["canarySize"]) == ("CANARY", {"type": "INSTANCE_COUNT", "value": 1})
    (watching,) = [s for s in guarded.statements() if "cloudwatch:DescribeAlarms" in s["Action"]]
    assert watching["Resource"] == [f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:errors"]


def test_the_container_logs_into_a_group_that_forgets(endpoint: Resources) -> None:
    group = endpoint.one(":LogGroup")
    assert group["name"] == "/aws/sagemaker/Endpoints/counting-endpoint"
    assert (group["retentionInDays"], group["skipDestroy"]) == (30, False)


def test_what_a_guarded_rollout_replaces_is_kept_to_go_back_to(endpoint: Resources) -> None:
    guarded = made(image_tag="2.6.0-cpu", real_time=INSTANCES | {"rollback_alarms": ["errors"]})
    assert {kind.split(":")[-1] for kind in guarded.retained()} == {"Model", "EndpointConfiguration"}
    assert endpoint.retained() == set()


def test_one_instance_cannot_be_split_and_rolls_out_at_once() -> None:
    alone: RealTimeArgs = {"instance_type": "ml.m5.large", "instance_count": 1, "rollback_alarms": ["errors"]}
    policy = made(image_tag="2.6.0-cpu", real_time=alone).one(":Endpoint")["deploymentConfig"]["blueGreenUpdatePolicy"]
    assert policy["trafficRoutingConfiguration"]["type"] == "ALL_AT_ONCE"
    assert policy["terminationWaitInSeconds"] == 300


def test_what_is_optional_has_no_permission(endpoint: Resources) -> None:
    allowed = {action for statement in endpoint.statements() for action in statement["Action"]}
    assert not {"kms:CreateGrant", "s3:PutObject", "cloudwatch:DescribeAlarms"} & allowed


def test_the_role_may_use_the_key_of_the_volumes() -> None:
    encrypted = made(image_tag="2.6.0-cpu", real_time=INSTANCES | {"key_arn": "arn:of:key"})
    assert encrypted.one(":EndpointConfiguration")["kmsKeyArn"] == "arn:of:key"
    (using,) = [s for s in encrypted.statements() if "kms:CreateGrant" in s["Action"]]
    assert (using["Action"], using["Resource"]) == (["kms:CreateGrant"], ["arn:of:key"])


def test_the_role_may_write_the_records_of_requests() -> None:
    capture = {"url": "s3://records/here", "arn": "arn:of:records/*", "percentage": 20}
    recorded = made(image_tag="2.6.0-cpu", real_time=INSTANCES | {"capture": capture})
    (writing,) = [s for s in recorded.statements() if "s3:PutObject" in s["Action"]]
    assert writing["Resource"] == ["arn:of:records/*"]


def test_the_role_may_read_the_models_it_is_given_only(endpoint: Resources) -> None:
    reading = [s for s in endpoint.statements() if any(action.startswith("s3:") for action in s["Action"])]
    assert reading == [{"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::bucket/models/*"]}]


def test_a_wildcard_stands_only_where_the_action_knows_no_resource(endpoint: Resources) -> None:
    wild = [s for s in endpoint.statements() if "*" in s["Resource"]]
    assert [s["Action"] for s in wild] == [["ecr:GetAuthorizationToken"], ["cloudwatch:PutMetricData"]]
    assert wild[1]["Condition"] == {"StringEquals": {"cloudwatch:namespace": "/aws/sagemaker/Endpoints"}}


@pytest.mark.parametrize(
    ("others", "choice"),
    [
        ({"image_tag": "1"}, "real_time or serverless"),
        ({"real_time": INSTANCES}, "image_tag or image"),
        (
            {"image_tag": "1", "real_time": INSTANCES, "serverless": {"memory_mb": 1024, "max_concurrency": 1}},
            "real_time or serverless",
        ),
    ],
)
def test_a_choice_that_is_not_made_is_named(others: dict[str, Any], choice: str) -> None:
    with pytest.raises(pulumi.RunError, match=choice):
        made(**others)
