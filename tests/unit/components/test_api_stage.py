"""The stage: no call is lost from the log, and none too many gets through."""

import json
from typing import Any

import pytest

from components.api_stage import ApiStage, ApiStageArgs
from tests.unit.recording import Resources, record


def made(**others: Any) -> Resources:
    args: ApiStageArgs = {
        "api_id": "api-id",
        "api_name": "counting-api",
        "route_keys": ["POST /predict", "GET /labels"],
        "throttle": {"rate": 20, "burst": 40},
        **others,  # type: ignore[typeddict-item]
    }
    return record(lambda: ApiStage("stage", args))


@pytest.fixture
def stage() -> Resources:
    return made()


def test_the_default_stage_deploys_by_itself(stage: Resources) -> None:
    assert stage.one(":Stage")["name"] == "$default"
    assert stage.one(":Stage")["autoDeploy"] is True


def test_each_route_and_the_default_are_throttled(stage: Resources) -> None:
    settings = stage.one(":Stage")
    assert settings["defaultRouteSettings"] == {"throttlingRateLimit": 20, "throttlingBurstLimit": 40}
    assert [route["routeKey"] for route in settings["routeSettings"]] == ["POST /predict", "GET /labels"]
    for route in settings["routeSettings"]:
        assert (route["throttlingRateLimit"], route["throttlingBurstLimit"]) == (20, 40)


def test_every_call_leaves_a_line_of_json(stage: Resources) -> None:
    log = stage.one(":Stage")["accessLogSettings"]
    assert log["destinationArn"] == "arn:of:stage"
    assert {"requestId", "status", "integrationLatency"} <= json.loads(log["format"]).keys()


def test_the_log_forgets_and_goes_with_the_stage_unless_it_is_to_stay(stage: Resources) -> None:
    group = stage.one(":LogGroup")
    assert group["name"] == "/aws/vendedlogs/counting-api"
    assert (group["retentionInDays"], group["skipDestroy"]) == (30, False)
    kept = made(keep_data=True, log_retention_days=90).one(":LogGroup")
    assert (kept["retentionInDays"], kept["skipDestroy"]) == (90, True)
