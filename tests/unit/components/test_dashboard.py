"""The dashboard: a request's way from left to right."""

import json
from typing import Any

from components.dashboard import Dashboard
from tests.unit.recording import REGION, record


def widgets(has_instances: bool) -> list[dict[str, Any]]:
    resources = record(
        lambda: Dashboard(
            "dashboard",
            {
                "dashboard_name": "counting",
                "api_id": "api-id",
                "function_name": "f",
                "endpoint_name": "e",
                "has_instances": has_instances,
            },
        )
    )
    found: list[dict[str, Any]] = json.loads(resources.one(":Dashboard")["dashboardBody"])["widgets"]
    return found


def columns(has_instances: bool) -> list[str]:
    top = sorted((w["x"], w["properties"]["title"].split(":")[0]) for w in widgets(has_instances) if w["y"] == 0)
    return [title for _, title in top]


def test_stations_stand_in_the_order_of_a_request() -> None:
    assert columns(has_instances=True) == ["API", "Function", "Endpoint", "Instances"]
    assert columns(has_instances=False) == ["API", "Function", "Endpoint", "Serverless"]


def test_widgets_fill_the_grid_and_do_not_overlap() -> None:
    places = [(w["x"], w["y"]) for w in widgets(has_instances=True)]
    assert len(set(places)) == len(places) == 12
    assert {x for x, _ in places} == {0, 6, 12, 18}


def test_every_line_names_its_metric_and_region() -> None:
    for widget in widgets(has_instances=True):
        assert widget["properties"]["region"] == REGION
        for namespace, metric, *dimensions, options in widget["properties"]["metrics"]:
            assert namespace.startswith(("AWS/", "/aws/"))
            assert metric
            assert len(dimensions) in (2, 4)
            assert options["stat"] in ("Sum", "SampleCount", "Maximum", "p50", "p99")
