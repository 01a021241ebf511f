"""A route: which function answers, and who may ask."""

from typing import Any

import pytest

from components.api_route import ApiRoute, ApiRouteArgs
from tests.unit.recording import Resources, record


def made(**others: Any) -> Resources:
    args: ApiRouteArgs = {
        "api_id": "api-id",
        "execution_arn": "arn:of:execution",
        "route_key": "POST /predict",
        "function_name": "counting-predict",
        "invoke_arn": "arn:of:invocation",
        **others,  # type: ignore[typeddict-item]
    }
    return record(lambda: ApiRoute("route", args))


@pytest.fixture
def route() -> Resources:
    return made()


def test_it_is_proxied_to_the_function(route: Resources) -> None:
    assert route.one(":Route")["routeKey"] == "POST /predict"
    assert route.one(":Route")["target"] == "integrations/route-id"
    integration = route.one(":Integration")
    assert (integration["integrationType"], integration["integrationUri"]) == ("AWS_PROXY", "arn:of:invocation")
    assert integration["payloadFormatVersion"] == "2.0"


def test_the_function_can_be_invoked_from_this_route_only(route: Resources) -> None:
    permission = route.one(":Permission")
    assert permission["principal"] == "apigateway.amazonaws.com"
    assert permission["sourceArn"] == "arn:of:execution/$default/POST/predict"


def test_everybody_may_call_unless_tokens_are_asked_for(route: Resources) -> None:
    assert route.one(":Route")["authorizationType"] == "NONE"
    assert route.of_type(":Authorizer") == []


def test_tokens_of_an_issuer_can_be_asked_for() -> None:
    route = made(jwt={"issuer": "https://issuer.test", "audience": ["counting"]})
    assert route.one(":Authorizer")["jwtConfiguration"] == {"issuer": "https://issuer.test", "audiences": ["counting"]}
    assert route.one(":Route")["authorizationType"] == "JWT"
    assert route.one(":Route")["authorizerId"] == "route-id"
