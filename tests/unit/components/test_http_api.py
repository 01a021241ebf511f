"""The API: which pages may call it, and under which name."""

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


def test_its_route_is_throttled_and_may_call_the_function(api: Resources) -> None:
    assert api.one(":Route")["apiId"] == "api-id"
    (settings,) = api.one(":Stage")["routeSettings"]
    assert (settings["routeKey"], settings["throttlingRateLimit"]) == ("POST /predict", 20)
    assert api.one(":Permission")["sourceArn"] == "arn:of:execution/$default/POST/predict"


def test_a_page_may_send_the_token_that_is_asked_for(api: Resources) -> None:
    assert "authorization" not in api.one(":Api")["corsConfiguration"]["allowHeaders"]
    guarded = made(jwt={"issuer": "https://issuer.test", "audience": ["counting"]})
    assert guarded.one(":Route")["authorizationType"] == "JWT"
    assert "authorization" in guarded.one(":Api")["corsConfiguration"]["allowHeaders"]


def test_with_a_domain_there_is_no_second_door(api: Resources) -> None:
    assert api.one(":Api")["disableExecuteApiEndpoint"] is False
    own = made(domain={"name": "api.example.com", "certificate_arn": "arn:of:certificate"})
    assert own.one(":Api")["disableExecuteApiEndpoint"] is True
    assert own.one(":DomainName")["domainName"] == "api.example.com"
    assert own.one(":ApiMapping")["stage"] == "$default"
