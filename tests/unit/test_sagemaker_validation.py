"""Requests are checked against SageMaker's own service model, and refused in its words."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_server.sagemaker.errors import SageMakerError, SerializationException, ValidationException
from model_server.sagemaker.operations import OPERATIONS
from model_server.sagemaker.service_model import operation_model, operations
from model_server.sagemaker.validation import _compiled, validate

VARIANT = {"VariantName": "v", "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}


def refusal(operation: str, request: dict[str, Any]) -> str:
    with pytest.raises(ValidationException) as refused:
        validate(operation, request)
    return refused.value.message


def test_valid_requests_pass() -> None:
    validate("CreateEndpoint", {"EndpointName": "e", "EndpointConfigName": "c"})
    validate("CreateEndpointConfig", {"EndpointConfigName": "c", "ProductionVariants": [VARIANT]})
    validate("ListEndpoints", {"CreationTimeAfter": 1700000000.5, "MaxResults": 100})
    validate(
        "AddTags", {"ResourceArn": "arn:aws:sagemaker:x:000000000000:y", "Tags": [{"Key": "Größe 名_1", "Value": ""}]}
    )


@pytest.mark.parametrize(
    ("operation", "request_", "message"),
    [
        (
            "DescribeEndpoint",
            {},
            "1 validation error detected: Value null at 'endpointName' failed to satisfy constraint: "
            "Member must not be null",
        ),
        (
            "DescribeEndpoint",
            {"EndpointName": "ENTER NAME"},
            "1 validation error detected: Value 'ENTER NAME' at 'endpointName' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}",
        ),
        (
            "DescribeEndpoint",
            {"EndpointName": "e" * 64},
            f"1 validation error detected: Value '{'e' * 64}' at 'endpointName' failed to satisfy constraint: "
            "Member must have length less than or equal to 63",
        ),
        (
            "ListEndpoints",
            {"MaxResults": 101},
            "1 validation error detected: Value '101' at 'maxResults' failed to satisfy constraint: "
            "Member must have value less than or equal to 100",
        ),
        (
            "ListEndpoints",
            {"SortOrder": "Up"},
            "1 validation error detected: Value 'Up' at 'sortOrder' failed to satisfy constraint: "
            "Member must satisfy enum value set: [Ascending, Descending]",
        ),
    ],
)
def test_constraints_are_reported_in_sagemakers_words(operation: str, request_: dict[str, Any], message: str) -> None:
    assert refusal(operation, request_) == message


def test_nested_members_are_named_by_their_path() -> None:
    variants = [VARIANT, VARIANT | {"ModelName": "not a name", "InitialInstanceCount": 0}]
    message = refusal("CreateEndpointConfig", {"EndpointConfigName": "c", "ProductionVariants": variants})
    assert message.startswith("2 validation errors detected: ")
    assert "'not a name' at 'productionVariants.2.member.modelName'" in message
    assert "'0' at 'productionVariants.2.member.initialInstanceCount'" in message


def test_map_keys_and_values_are_checked() -> None:
    container = {"Image": "i", "Environment": {"1BAD": "x", "GOOD": "x" * 20_000}}
    message = refusal("CreateModel", {"ModelName": "m", "PrimaryContainer": container})
    assert "'1BAD' at 'primaryContainer.environment.key'" in message
    assert "at 'primaryContainer.environment.GOOD'" in message
    assert len(message) < 1500


def test_unknown_members_are_refused() -> None:
    request = {"EndpointName": "e", "EndpointConfigName": "c", "Endpointname": "typo"}
    assert "'endpointname' is not a member of CreateEndpointInput (EndpointName, " in refusal("CreateEndpoint", request)


@pytest.mark.parametrize(
    ("operation", "request_", "message"),
    [
        ("DescribeEndpoint", {"EndpointName": 1}, "'endpointName' must be a string, not a number"),
        ("ListEndpoints", {"MaxResults": "5"}, "'maxResults' must be an integer, not a string"),
        ("ListEndpoints", {"MaxResults": True}, "'maxResults' must be an integer, not a boolean"),
        ("ListEndpoints", {"CreationTimeAfter": "now"}, "'creationTimeAfter' must be a finite number, not a string"),
        ("ListEndpoints", {"CreationTimeAfter": float("inf")}, "'creationTimeAfter' must be a finite number"),
        ("CreateModel", {"ModelName": "m", "Tags": {}}, "'tags' must be a list, not an object"),
        ("CreateModel", {"ModelName": "m", "PrimaryContainer": []}, "'primaryContainer' must be an object, not a list"),
        ("CreateModel", {"ModelName": "m", "EnableNetworkIsolation": 1}, "must be a boolean"),
    ],
)
def test_wrong_json_types_are_serialization_errors(operation: str, request_: dict[str, Any], message: str) -> None:
    with pytest.raises(SerializationException, match=message):
        validate(operation, request_)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
members = st.sampled_from(
    ["ModelName", "PrimaryContainer", "Containers", "Tags", "VpcConfig", "EnableNetworkIsolation"]
)


@pytest.mark.parametrize("service", ["sagemaker", "application-autoscaling"])
def test_every_pattern_is_one_for_python(service: str) -> None:
    names = OPERATIONS if service == "sagemaker" else operations(service)
    for shape in _shapes([operation_model(name, service).input_shape for name in names]):
        if pattern := shape.metadata.get("pattern"):
            assert _compiled(pattern)


def _shapes(shapes: list[Any]) -> list[Any]:
    found: dict[str, Any] = {}
    while shapes:
        shape = shapes.pop()
        if shape is not None and shape.name not in found:
            found[shape.name] = shape
            shapes += [*getattr(shape, "members", {}).values()]
            shapes += [getattr(shape, part) for part in ("member", "key", "value") if hasattr(shape, part)]
    return list(found.values())


@given(st.dictionaries(members, json_values))
def test_anything_else_is_refused_or_valid(request_: dict[str, Any]) -> None:
    try:
        validate("CreateModel", request_)
    except SageMakerError as error:
        assert error.status == 400
