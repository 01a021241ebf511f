"""What settings can switch on, deployed on the emulators all at once: domains, tokens, recording, a key, mail."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from harness.clients import Clients
from tests.embedded_stack import WITHOUT_MODEL, bare_emulators, harness
from tests.project_copy import copy_of_project
from tests.unit.program import OPTIONS


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clients]:
    """Emulators on which a stack with every option is deployed."""
    project = copy_of_project(tmp_path_factory.mktemp("everything") / "project")
    chosen = {f"object-counting:{key}": value for option in OPTIONS.values() for key, value in option.items()}
    del chosen["object-counting:inferenceImageUri"]  # then nothing is left that looks up AWS's image
    (project / "Pulumi.everything.yaml").write_text(yaml.safe_dump({"config": chosen}))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in WITHOUT_MODEL.items():  # nobody asks it
            patch.setenv(name, value)
        with bare_emulators(tmp_path_factory.mktemp("emulators")) as addresses:
            urls = (f"--aws-url={addresses.aws_url}", f"--sagemaker-url={addresses.sagemaker_url}")
            done = harness("deploy", "--stack=everything", *urls, project=project)
            assert done.returncode == 0, done.stderr
            yield Clients(addresses)


def one(listed: list[dict[str, Any]]) -> dict[str, Any]:
    (only,) = listed
    return only


def test_the_api_has_its_domain_and_no_other(aws: Clients) -> None:
    api = one(aws["apigatewayv2"].get_apis()["Items"])
    assert api["DisableExecuteApiEndpoint"] is True
    assert one(aws["apigatewayv2"].get_api_mappings(DomainName="api.example.com")["Items"])["ApiId"] == api["ApiId"]


def test_callers_must_bring_a_token(aws: Clients) -> None:
    api = one(aws["apigatewayv2"].get_apis()["Items"])
    authorizer = one(aws["apigatewayv2"].get_authorizers(ApiId=api["ApiId"])["Items"])
    assert authorizer["JwtConfiguration"] == {"Audience": ["counting"], "Issuer": "https://issuer.example.com"}
    assert authorizer["IdentitySource"] == ["$request.header.Authorization"]
    route = one(aws["apigatewayv2"].get_routes(ApiId=api["ApiId"])["Items"])
    assert (route["AuthorizationType"], route["AuthorizerId"]) == ("JWT", authorizer["AuthorizerId"])


def test_the_page_has_its_domain(aws: Clients) -> None:
    summary = one(aws["cloudfront"].list_distributions()["DistributionList"]["Items"])
    config = aws["cloudfront"].get_distribution(Id=summary["Id"])["Distribution"]["DistributionConfig"]
    assert config["Aliases"]["Items"] == ["www.example.com"]
    assert config["ViewerCertificate"]["MinimumProtocolVersion"] == "TLSv1.2_2021"


def test_requests_are_recorded_and_volumes_encrypted(aws: Clients) -> None:
    name = one(aws["sagemaker"].list_endpoint_configs()["EndpointConfigs"])["EndpointConfigName"]
    config = aws["sagemaker"].describe_endpoint_config(EndpointConfigName=name)
    assert config["DataCaptureConfig"]["InitialSamplingPercentage"] == 10
    assert config["KmsKeyId"] == OPTIONS["key"]["volumeKeyArn"]


def test_alarms_are_mailed(aws: Clients) -> None:
    assert one(aws["sns"].list_subscriptions()["Subscriptions"])["Endpoint"] == "ops@example.com"


def test_scaling_follows_concurrency(aws: Clients) -> None:
    policy = one(
        aws["application-autoscaling"].describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
    )
    metric = policy["TargetTrackingScalingPolicyConfiguration"]["PredefinedMetricSpecification"]
    assert metric == {"PredefinedMetricType": "SageMakerVariantConcurrentRequestsPerModelHighResolution"}


def test_the_role_may_do_what_the_options_need(aws: Clients) -> None:
    documents = [
        aws["iam"].get_role_policy(RoleName=role["RoleName"], PolicyName=name)["PolicyDocument"]
        for role in aws["iam"].list_roles()["Roles"]
        for name in aws["iam"].list_role_policies(RoleName=role["RoleName"])["PolicyNames"]
    ]
    actions = {
        action
        for document in documents
        for statement in (document if isinstance(document, dict) else json.loads(document))["Statement"]
        for action in statement["Action"]
    }
    assert {"kms:CreateGrant", "s3:PutObject", "cloudwatch:DescribeAlarms"} <= actions
