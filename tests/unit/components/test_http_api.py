"""The API: who may call it, how often, and what it writes down."""

import json
from typing import Any

import pytest

from components.http_api import HttpApi, HttpApiArgs
from tests.unit.recording import Resources, record


def made(**others: Any) -> Resources:
    args: HttpApiArgs = {
        "api_name": "counting-api",
        "route_key": "POST /predict",
        "function_name": "counting-predict",
        "invoke_arn": "arn:of:invocation",
        "allowed_origins": ["https://page.test"],
        "throttle": {"rate": 20, "burst": 40},
        **others,  # type: ignore[typeddict-item]
    }
    return record(lambda: HttpApi("api", args))


@pytest.fixture
def api() -> Resources:
    return made()


def test_only_the_page_may_call_it_from_a_browser(api: Resources) -> None:
    cors = api.one(":Api")["corsConfiguration"]
    assert cors["allowOrigins"] == ["https://page.test"]
    assert cors["allowMethods"] == ["POST"]


def test_the_default_stage_deploys_by_itself(api: Resources) -> None:
    assert api.one(":Stage")["name"] == "$default"
    assert api.one(":Stage")["autoDeploy"] is True


def test_route_and_default_are_throttled(api: Resources) -> None:
    stage = api.one(":Stage")
    assert stage["defaultRouteSettings"] == {"throttlingRateLimit": 20, "throttlingBurstLimit": 40}
    (route,) = stage["routeSettings"]
    assert route["routeKey"] == "POST /predict"
    assert (route["throttlingRateLimit"], route["throttlingBurstLimit"]) == (20, 40)


def test_every_call_leaves_a_line_of_json(api: Resources) -> None:
    log = api.one(":Stage")["accessLogSettings"]
    assert log["destinationArn"] == "arn:of:api"
    assert {"requestId", "status", "integrationLatency"} <= json.loads(log["format"]).keys()
    assert api.one(":LogGroup")["name"] == "/aws/vendedlogs/counting-api"
    assert api.one(":LogGroup")["retentionInDays"] == 30


def test_its_route_is_proxied_to_the_function(api: Resources) -> None:
    assert api.one(":Route")["routeKey"] == "POST /predict"
    assert api.one(":Route")["target"] == "integrations/api-id"
    assert api.one(":Integration")["payloadFormatVersion"] == "2.0"


def test_the_function_can_be_invoked_from_this_route_only(api: Resources) -> None:
    permission = api.one(":Permission")
    assert permission["principal"] == "apigateway.amazonaws.com"
    assert permission["sourceArn"] == "arn:of:execution/$default/POST/predict"


def test_everybody_may_call_unless_tokens_are_asked_for(api: Resources) -> None:
    assert api.one(":Route")["authorizationType"] == "NONE"
    assert api.of_type(":Authorizer") == []


def test_tokens_of_an_issuer_can_be_asked_for() -> None:
    api = made(jwt={"issuer": "https://issuer.test", "audience": ["counting"]})
    assert api.one(":Authorizer")["jwtConfiguration"] == {"issuer": "https://issuer.test", "audiences": ["counting"]}
    assert api.one(":Route")["authorizationType"] == "JWT"
    assert api.one(":Route")["authorizerId"] == "api-id"
    assert "authorization" in api.one(":Api")["corsConfiguration"]["allowHeaders"]


def test_with_a_domain_there_is_no_second_door(api: Resources) -> None:
    assert api.one(":Api")["disableExecuteApiEndpoint"] is False
    own = made(domain={"name": "api.example.com", "certificate_arn": "arn:of:certificate"})
    assert own.one(":Api")["disableExecuteApiEndpoint"] is True
    assert own.one(":DomainName")["domainNameConfiguration"]["securityPolicy"] == "TLS_1_2"
    assert own.one(":ApiMapping")["stage"] == "$default"
