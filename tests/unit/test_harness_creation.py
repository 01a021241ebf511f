"""Nothing that the program asks for is lost on its way into the emulators."""

from typing import Any

import botocore.session
import pytest

from harness.addresses import Addresses
from harness.clients import Clients
from harness.creation import Creation, DeploymentError
from harness.resources import RESOURCES
from harness.translate import UnknownInput, to_api


def parameters(service: str, operation: str, inputs: dict[str, Any]) -> Any:
    shape = botocore.session.get_session().get_service_model(service).operation_model(operation).input_shape
    assert shape is not None
    return to_api(inputs, shape)


def test_names_follow_the_service_model() -> None:
    inputs = {"apiId": "a", "payloadFormatVersion": "2.0", "tlsConfig": {"serverNameToVerify": "name"}}
    assert parameters("apigatewayv2", "CreateIntegration", inputs) == {
        "ApiId": "a",
        "PayloadFormatVersion": "2.0",
        "TlsConfig": {"ServerNameToVerify": "name"},
    }


def test_keys_of_maps_are_the_users_own() -> None:
    inputs = {"environment": {"variables": {"camelCase": "1", "UPPER": "2"}}}
    assert parameters("lambda", "CreateFunction", inputs) == {
        "Environment": {"Variables": {"camelCase": "1", "UPPER": "2"}}
    }


def test_lists_of_structures_and_whole_numbers() -> None:
    inputs = {"productionVariants": [{"variantName": "v", "initialInstanceCount": 1.0}]}
    translated = parameters("sagemaker", "CreateEndpointConfig", inputs)
    assert translated == {"ProductionVariants": [{"VariantName": "v", "InitialInstanceCount": 1}]}
    assert type(translated["ProductionVariants"][0]["InitialInstanceCount"]) is int


def test_tags_become_the_list_that_the_api_wants() -> None:
    assert parameters("iam", "CreateRole", {"tags": {"team": "vision"}}) == {
        "Tags": [{"Key": "team", "Value": "vision"}]
    }


def test_cloudfront_counts_its_lists() -> None:
    inputs = {"distributionConfig": {"aliases": ["a", "b"], "restrictions": {"geoRestriction": {}}}}
    assert parameters("cloudfront", "CreateDistribution", inputs)["DistributionConfig"] == {
        "Aliases": {"Quantity": 2, "Items": ["a", "b"]},
        "Restrictions": {"GeoRestriction": {"Quantity": 0}},
    }


def test_an_input_that_the_api_does_not_know_is_named_with_its_path() -> None:
    with pytest.raises(UnknownInput, match=r"^corsConfiguration\.allowEverything$"):
        parameters("apigatewayv2", "CreateApi", {"name": "a", "corsConfiguration": {"allowEverything": True}})


def test_inputs_that_are_left_over_are_an_error() -> None:
    creation = Creation("aws:x/y:Z", "it", {"used": 1, "forgotten": 2}, Clients(Addresses()))
    creation.take("used")
    with pytest.raises(DeploymentError, match=r"aws:x/y:Z 'it': the local stack ignores the inputs forgotten"):
        creation.finish()


def test_an_unknown_input_of_a_known_type_is_an_error_that_names_both() -> None:
    creation = Creation("aws:apigatewayv2/route:Route", "r", {"apiId": "a", "colour": "red"}, Clients(Addresses()))
    with pytest.raises(DeploymentError, match=r"aws:apigatewayv2/route:Route 'r'.*'colour'"):
        RESOURCES["aws:apigatewayv2/route:Route"](creation)


def test_a_resource_without_a_name_gets_a_generated_one() -> None:
    names = {Creation("aws:x/y:Z", "logical", {}, Clients(Addresses())).take_name() for _ in range(3)}
    assert len(names) == 3
    assert all(name.startswith("logical-") for name in names)
