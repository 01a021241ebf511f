"""The control plane over HTTP, as boto3 sees it: resources, errors, lists, tags, and malformed requests."""

import datetime
import http.client
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import urllib3
from botocore.exceptions import ClientError

from tests.integration.sagemaker_stand_in import ARN, ROLE, StandIn, production_variant, running_stand_in

SIGNED = {
    "Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/sagemaker/aws4_request, "
    "SignedHeaders=host, Signature=00"
}


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory, s3_endpoint: str) -> Iterator[StandIn]:
    with running_stand_in(tmp_path_factory.mktemp("stand-in"), s3_endpoint) as stand_in:
        yield stand_in


def refusal(call: Any, **parameters: Any) -> tuple[str, str, int]:
    """Code, message and HTTP status of the error that a call must end with."""
    with pytest.raises(ClientError) as refused:
        call(**parameters)
    response = refused.value.response
    return (
        response["Error"]["Code"],
        response["Error"]["Message"],
        response["ResponseMetadata"]["HTTPStatusCode"],
    )


def not_found(kind: str, arn: str) -> tuple[str, str, int]:
    return ("ValidationException", f'Could not find {kind} "{ARN}:{arn}".', 400)


def create_model(stand_in: StandIn, name: str, **members: Any) -> str:
    container = {"Image": "image", "ModelDataUrl": "s3://models/m.tar.gz"}
    members = {"PrimaryContainer": container, "ExecutionRoleArn": ROLE, **members}
    arn: str = stand_in.sagemaker.create_model(ModelName=name, **members)["ModelArn"]
    return arn


def create_config(stand_in: StandIn, name: str, model: str, **members: Any) -> str:
    variants = [production_variant(model)]
    answer = stand_in.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=variants, **members)
    arn: str = answer["EndpointConfigArn"]
    return arn


def test_a_model_is_described_as_it_was_created(stand_in: StandIn) -> None:
    vpc = {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]}
    arn = create_model(stand_in, "Described-Model", VpcConfig=vpc, EnableNetworkIsolation=True)
    assert arn == f"{ARN}:model/described-model"
    described = stand_in.sagemaker.describe_model(ModelName="Described-Model")
    assert described["ModelName"] == "Described-Model"
    assert described["ModelArn"] == arn
    assert described["PrimaryContainer"] == {"Image": "image", "ModelDataUrl": "s3://models/m.tar.gz"}
    assert described["VpcConfig"] == vpc
    assert described["EnableNetworkIsolation"] is True
    assert described["ExecutionRoleArn"] == ROLE
    age = datetime.datetime.now(datetime.UTC) - described["CreationTime"]
    assert abs(age) < datetime.timedelta(minutes=5)


def test_an_endpoint_configuration_is_described_as_it_was_created(stand_in: StandIn) -> None:
    create_model(stand_in, "config-model")
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 50,
        "DestinationS3Uri": "s3://b/capture",
        "CaptureOptions": [{"CaptureMode": "Input"}],
    }
    arn = create_config(stand_in, "described", "config-model", DataCaptureConfig=capture, KmsKeyId="key")
    described = stand_in.sagemaker.describe_endpoint_config(EndpointConfigName="described")
    assert described["EndpointConfigArn"] == arn == f"{ARN}:endpoint-config/described"
    assert described["ProductionVariants"] == [{**production_variant("config-model"), "InitialVariantWeight": 1.0}]
    assert described["DataCaptureConfig"] == capture
    assert described["KmsKeyId"] == "key"


def test_what_is_deleted_is_gone(stand_in: StandIn) -> None:
    create_model(stand_in, "short")
    create_config(stand_in, "short", "short")
    stand_in.sagemaker.delete_model(ModelName="short")
    stand_in.sagemaker.delete_endpoint_config(EndpointConfigName="short")
    missing_model, missing_config = (
        not_found("model", "model/short"),
        not_found("endpoint configuration", "endpoint-config/short"),
    )
    for operation in ("describe_model", "delete_model"):
        assert refusal(getattr(stand_in.sagemaker, operation), ModelName="short") == missing_model
    for operation in ("describe_endpoint_config", "delete_endpoint_config"):
        assert refusal(getattr(stand_in.sagemaker, operation), EndpointConfigName="short") == missing_config
    create_model(stand_in, "short")


def test_missing_resources_are_named(stand_in: StandIn) -> None:
    sagemaker = stand_in.sagemaker
    missing = not_found("endpoint", "endpoint/nowhere")
    assert refusal(sagemaker.describe_endpoint, EndpointName="nowhere") == missing
    assert refusal(sagemaker.delete_endpoint, EndpointName="nowhere") == missing
    assert refusal(sagemaker.update_endpoint, EndpointName="nowhere", EndpointConfigName="c") == missing
    assert refusal(sagemaker.create_endpoint, EndpointName="e", EndpointConfigName="nowhere") == not_found(
        "endpoint configuration", "endpoint-config/nowhere"
    )
    assert refusal(
        sagemaker.create_endpoint_config,
        EndpointConfigName="c",
        ProductionVariants=[production_variant("nowhere")],
    ) == not_found("model", "model/nowhere")


def test_names_are_unique_whatever_their_case(stand_in: StandIn) -> None:
    create_model(stand_in, "twice")
    create_config(stand_in, "twice", "twice")
    for name in ("twice", "TWICE"):
        assert refusal(create_model, stand_in=stand_in, name=name)[:2] == (
            "ValidationException",
            f'Cannot create already existing model "{ARN}:model/twice".',
        )
        assert refusal(create_config, stand_in=stand_in, name=name, model="twice")[:2] == (
            "ValidationException",
            f'Cannot create already existing endpoint configuration "{ARN}:endpoint-config/twice".',
        )


def test_an_endpoint_needs_the_model_of_its_configuration(stand_in: StandIn) -> None:
    create_model(stand_in, "deleted-model")
    create_config(stand_in, "without-model", "deleted-model")
    stand_in.sagemaker.delete_model(ModelName="deleted-model")
    create = stand_in.sagemaker.create_endpoint
    assert refusal(create, EndpointName="e", EndpointConfigName="without-model") == not_found(
        "model", "model/deleted-model"
    )
    assert refusal(stand_in.sagemaker.describe_endpoint, EndpointName="e")[0] == "ValidationException"


S3_SOURCE = {"S3Uri": "s3://b/k", "S3DataType": "S3Object", "CompressionType": "Gzip"}


@pytest.mark.parametrize(
    ("members", "named"),
    [
        ({"PrimaryContainer": {"Image": "i", "ModelPackageName": "p"}}, "PrimaryContainer.ModelPackageName"),
        ({"PrimaryContainer": {"Image": "i", "Mode": "MultiModel"}}, "PrimaryContainer.Mode"),
        ({"PrimaryContainer": {"ModelDataUrl": "s3://b/k"}}, "PrimaryContainer.Image"),
        ({"PrimaryContainer": {"Image": "i", "ModelDataUrl": "https://b.s3.amazonaws.com/k"}}, "s3://bucket/key"),
        ({"PrimaryContainer": {"Image": "i", "ModelDataUrl": "s3://bucket"}}, "s3://bucket/key"),
        ({"PrimaryContainer": {"Image": "i", "ModelDataUrl": "s3://b/folder/"}}, "s3://bucket/key"),
        ({"PrimaryContainer": {"Image": "i", "Environment": {"A": "\0"}}}, "PrimaryContainer.Environment.A"),
        (
            {
                "PrimaryContainer": {
                    "Image": "i",
                    "ModelDataUrl": "s3://b/k",
                    "ModelDataSource": {"S3DataSource": S3_SOURCE},
                }
            },
            "only one of ModelDataUrl and ModelDataSource",
        ),
        (
            {
                "PrimaryContainer": {
                    "Image": "i",
                    "ModelDataSource": {"S3DataSource": S3_SOURCE | {"CompressionType": "None"}},
                }
            },
            "CompressionType Gzip only",
        ),
        ({"Containers": [{"Image": "i"}, {"Image": "j"}]}, "Containers"),
        ({"PrimaryContainer": {"Image": "i"}, "Containers": [{"Image": "i"}]}, "PrimaryContainer and Containers"),
        ({}, "PrimaryContainer and Containers"),
    ],
)
def test_models_that_cannot_be_emulated_are_refused_by_name(
    stand_in: StandIn, members: dict[str, Any], named: str
) -> None:
    code, message, status = refusal(stand_in.sagemaker.create_model, ModelName="refused", **members)
    assert (code, status) == ("ValidationException", 400)
    assert named in message
    assert refusal(stand_in.sagemaker.describe_model, ModelName="refused")[0] == "ValidationException"


ASYNC = {"OutputConfig": {"S3OutputPath": "s3://b/out"}}


@pytest.mark.parametrize(
    ("variants", "members", "named"),
    [
        ([production_variant("base"), production_variant("base") | {"VariantName": "B"}], {}, "ProductionVariants"),
        ([{"VariantName": "A"}], {}, "ModelName"),
        ([{"VariantName": "A", "ModelName": "base"}], {}, "InstanceType"),
        (
            [production_variant("base", InstancePools=[{"InstanceType": "ml.m5.large", "Priority": 1}])],
            {},
            "InstancePools",
        ),
        (
            [production_variant("base")],
            {"ShadowProductionVariants": [production_variant("base")]},
            "ShadowProductionVariants",
        ),
        ([production_variant("base")], {"AsyncInferenceConfig": ASYNC}, "AsyncInferenceConfig"),
    ],
)
def test_configurations_that_cannot_be_emulated_are_refused_by_name(
    stand_in: StandIn, variants: list[Any], members: dict[str, Any], named: str
) -> None:
    if not any(m["ModelName"] == "base" for m in stand_in.sagemaker.list_models(NameContains="base")["Models"]):
        create_model(stand_in, "base")
    create = stand_in.sagemaker.create_endpoint_config
    code, message, _ = refusal(create, EndpointConfigName="refused", ProductionVariants=variants, **members)
    assert code == "ValidationException"
    assert named in message


def test_lists_come_in_pages(stand_in: StandIn) -> None:
    names = [f"page-{number:02}" for number in range(25)]
    for name in names:
        create_model(stand_in, name)
    paginator = stand_in.sagemaker.get_paginator("list_models")
    pages = list(paginator.paginate(NameContains="page-", SortBy="Name", SortOrder="Ascending"))
    assert [len(page["Models"]) for page in pages] == [10, 10, 5]
    assert [model["ModelName"] for page in pages for model in page["Models"]] == names
    newest_first = paginator.paginate(NameContains="page-", PaginationConfig={"PageSize": 7}).build_full_result()
    assert [model["ModelName"] for model in newest_first["Models"]] == names[::-1]


def test_pages_do_not_shift_when_items_come_and_go(stand_in: StandIn) -> None:
    for name in ("shift-b", "shift-d", "shift-f"):
        create_model(stand_in, name)
    wanted = {"NameContains": "shift-", "SortBy": "Name", "SortOrder": "Ascending", "MaxResults": 2}
    first = stand_in.sagemaker.list_models(**wanted)
    stand_in.sagemaker.delete_model(ModelName="shift-b")
    create_model(stand_in, "shift-a")
    second = stand_in.sagemaker.list_models(**wanted, NextToken=first["NextToken"])
    assert [model["ModelName"] for model in second["Models"]] == ["shift-f"]


def test_lists_are_filtered_by_time(stand_in: StandIn) -> None:
    create_model(stand_in, "timed")
    created = stand_in.sagemaker.describe_model(ModelName="timed")["CreationTime"]
    hour = datetime.timedelta(hours=1)
    wanted = {"NameContains": "TIMED"}
    assert stand_in.sagemaker.list_models(**wanted, CreationTimeAfter=created - hour)["Models"]
    assert not stand_in.sagemaker.list_models(**wanted, CreationTimeBefore=created - hour)["Models"]
    assert not stand_in.sagemaker.list_models(**wanted, CreationTimeAfter=created + hour)["Models"]


@pytest.mark.parametrize("token", ["nonsense", "W10=", "WzEsMiwzLDRd", "bnVsbA==", "é"])
def test_made_up_tokens_are_refused(stand_in: StandIn, token: str) -> None:
    assert refusal(stand_in.sagemaker.list_models, NextToken=token)[0] == "ValidationException"


def test_a_token_belongs_to_its_order(stand_in: StandIn) -> None:
    for name in ("order-a", "order-b"):
        create_model(stand_in, name)
    token = stand_in.sagemaker.list_models(NameContains="order-", MaxResults=1)["NextToken"]
    code, message, _ = refusal(stand_in.sagemaker.list_models, SortBy="Name", NextToken=token)
    assert (code, "another SortBy" in message) == ("ValidationException", True)


def test_tags(stand_in: StandIn) -> None:
    arn = create_model(stand_in, "tagged", Tags=[{"Key": "team", "Value": "vision"}])
    sagemaker = stand_in.sagemaker
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "vision"}]
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "team", "Value": "ops"}, {"Key": "stage", "Value": "test"}])
    assert {tag["Key"]: tag["Value"] for tag in sagemaker.list_tags(ResourceArn=arn)["Tags"]} == {
        "team": "ops",
        "stage": "test",
    }
    sagemaker.delete_tags(ResourceArn=arn, TagKeys=["team", "never-there"])
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "stage", "Value": "test"}]
    sagemaker.delete_model(ModelName="tagged")
    assert refusal(sagemaker.list_tags, ResourceArn=arn)[0] == "ValidationException"


def test_the_number_of_tags_is_limited(stand_in: StandIn) -> None:
    arn = create_model(stand_in, "many-tags", Tags=[{"Key": f"k{number}", "Value": ""} for number in range(50)])
    code, _, _ = refusal(stand_in.sagemaker.add_tags, ResourceArn=arn, Tags=[{"Key": "one-more", "Value": ""}])
    assert code == "ResourceLimitExceeded"
    assert len(stand_in.sagemaker.list_tags(ResourceArn=arn)["Tags"]) == 50


def test_a_key_cannot_be_given_twice(stand_in: StandIn) -> None:
    twice = [{"Key": "k", "Value": "1"}, {"Key": "k", "Value": "2"}]
    assert refusal(create_model, stand_in=stand_in, name="doubly-tagged", Tags=twice)[0] == "ValidationException"
    assert refusal(stand_in.sagemaker.describe_model, ModelName="doubly-tagged")[0] == "ValidationException"


def test_regions_are_kept_apart(stand_in: StandIn) -> None:
    create_model(stand_in, "regional")
    elsewhere = SIGNED | {"Authorization": SIGNED["Authorization"].replace("us-east-1", "eu-central-1")}
    status, body = post(stand_in, "DescribeModel", b'{"ModelName": "regional"}', elsewhere)
    assert status == 400
    assert "arn:aws:sagemaker:eu-central-1:000000000000:model/regional" in body["message"]
    assert post(stand_in, "ListModels", b"{}", elsewhere)[1] == {"Models": []}


def post(
    stand_in: StandIn, operation: str | None, body: bytes, headers: dict[str, str] | None = None
) -> tuple[int, Any]:
    """A request that no SDK would send; the answer must be JSON 1.1."""
    target = {"X-Amz-Target": f"SageMaker.{operation}"} if operation else {}
    connection = http.client.HTTPConnection(urlsplit(stand_in.url).netloc, timeout=30)
    connection.request("POST", "/", body, {**target, **(SIGNED if headers is None else headers)})
    answer = connection.getresponse()
    assert answer.headers["Content-Type"] == "application/x-amz-json-1.1"
    assert answer.headers["x-amzn-RequestId"]
    return answer.status, json.loads(answer.read())


@pytest.mark.parametrize(
    ("operation", "body", "code"),
    [
        (None, b"{}", "UnknownOperationException"),
        ("NoSuchThing", b"{}", "UnknownOperationException"),
        ("CreateTrainingJob", b"{}", "UnknownOperationException"),
        ("__init__", b"{}", "UnknownOperationException"),
        ("ListModels", b"{", "SerializationException"),
        ("ListModels", b"\xff\xfe\x00", "SerializationException"),
        ("ListModels", b"[]", "SerializationException"),
        ("ListModels", b'"text"', "SerializationException"),
        ("ListModels", b'{"MaxResults": NaN}', "SerializationException"),
        ("ListModels", b'{"CreationTimeAfter": 1e999}', "SerializationException"),
        ("ListModels", b'{"MaxResults": ' + b"9" * 5000 + b"}", "SerializationException"),
        ("ListModels", b"[" * 100_000, "SerializationException"),
        ("ListModels", b'{"a":' * 50_000, "SerializationException"),
        ("ListModels", b'{"MaxResults": 1000000000000000000000}', "ValidationException"),
        ("ListModels", b'{"Unknown": 1}', "ValidationException"),
        ("DescribeModel", b"", "ValidationException"),
        ("DescribeModel", b'{"ModelName": null}', "ValidationException"),
        ("DescribeModel", b'{"ModelName": "\\ud800"}', "ValidationException"),
        ("DescribeModel", b'{"ModelName": "../../etc"}', "ValidationException"),
        ("CreateModel", b'{"ModelName": "m", "PrimaryContainer": {"Image": null}}', "ValidationException"),
        ("CreateModel", b'{"ModelName": "m", "Containers": [null]}', "SerializationException"),
        (
            "CreateModel",
            b'{"ModelName": "m", "PrimaryContainer": {"Image": "i", "Environment": {"A": "\\ud800"}}}',
            "ValidationException",
        ),
        ("ListModels", b" " * (1024**2 + 1), "RequestEntityTooLargeException"),
    ],
)
def test_malformed_requests_are_refused_in_the_protocols_shape(
    stand_in: StandIn, operation: str | None, body: bytes, code: str
) -> None:
    status, answer = post(stand_in, operation, body)
    assert (answer["__type"], 400 <= status < 500) == (code, True)
    assert answer["message"]


def test_a_null_is_an_absent_member(stand_in: StandIn) -> None:
    status, _ = post(stand_in, "ListModels", b'{"NextToken": null, "MaxResults": null}')
    assert status == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:4567", 200),
        ("[::1]:4567", 200),
        ("localhost", 200),
        ("sagemaker:4567", 200),
        ("rebound.example.com:4567", 403),
        ("127.0.0.1.example.com", 403),
    ],
)
def test_a_web_page_cannot_get_in_by_dns_rebinding(stand_in: StandIn, host: str, status: int) -> None:
    answered, body = post(stand_in, "ListModels", b"{}", {**SIGNED, "Host": host})
    assert answered == status
    assert body.get("__type") == (None if status == 200 else "AccessDeniedException")
    health = urllib3.request("GET", f"{stand_in.url}/_health", headers={"Host": host})
    assert health.status == status


@pytest.mark.parametrize(
    ("headers", "code", "status"),
    [
        ({}, "MissingAuthenticationTokenException", 403),
        ({"Authorization": "Basic dGVzdDp0ZXN0"}, "IncompleteSignatureException", 400),
        ({"Authorization": "AWS4-HMAC-SHA256 Credential=test"}, "IncompleteSignatureException", 400),
        ({"Authorization": SIGNED["Authorization"].replace("sagemaker", "s3")}, "IncompleteSignatureException", 400),
    ],
)
def test_requests_must_be_signed(stand_in: StandIn, headers: dict[str, str], code: str, status: int) -> None:
    answered, body = post(stand_in, "ListModels", b"{}", headers)
    assert (answered, body["__type"]) == (status, code)


@pytest.mark.parametrize(("method", "path"), [("GET", "/"), ("POST", "/nowhere"), ("DELETE", "/_health")])
def test_other_paths_and_methods_are_unknown_operations(stand_in: StandIn, method: str, path: str) -> None:
    connection = http.client.HTTPConnection(urlsplit(stand_in.url).netloc, timeout=30)
    connection.request(method, path, headers=SIGNED)
    answer = connection.getresponse()
    assert answer.status in (404, 405)
    assert json.loads(answer.read())["__type"] == "UnknownOperationException"
