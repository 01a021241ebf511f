"""One picture of a request's way, from left to right."""

from collections.abc import Sequence
from typing import Any, TypedDict

import pulumi
import pulumi_aws as aws

from components.api_stage import STAGE
from components.endpoint_configuration import VARIANT

WIDTH, HEIGHT = 6, 6  # CloudWatch's grid has 24 columns, which makes four stations

Dimensions = Sequence[pulumi.Input[str]]
Metrics = tuple[str, Dimensions]
"""A namespace, and names and values of dimensions in turn."""
Lines = Sequence[tuple[str, str]]
"""Metrics and their statistics."""
Column = tuple[str, Metrics, Lines, Lines, Lines]
"""A station on the way: its title, and what is drawn there: how much, how well, how fast."""


class DashboardArgs(TypedDict):
    """What a :class:`Dashboard` is made from."""

    dashboard_name: str
    """Name in CloudWatch."""

    api_id: pulumi.Input[str]
    """Id of the API."""

    function_name: pulumi.Input[str]
    """Name of the function."""

    endpoint_name: str
    """Name of the endpoint."""

    has_instances: bool
    """Whether it is a real-time endpoint."""


class Dashboard(pulumi.ComponentResource):
    """API, function, endpoint and instances beside each other: how much, how well, how fast."""

    name: pulumi.Output[str]
    """Name in CloudWatch."""

    def __init__(self, name: str, args: DashboardArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("object-counting:index:Dashboard", name, None, opts)
        region = aws.get_region_output(opts=pulumi.InvokeOptions(parent=self)).region
        dashboard = aws.cloudwatch.Dashboard(
            name,
            dashboard_name=args["dashboard_name"],
            dashboard_body=pulumi.Output.json_dumps({"widgets": _widgets(args, region)}),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.name = dashboard.dashboard_name
        self.register_outputs({"name": self.name})


def _widgets(args: DashboardArgs, region: pulumi.Output[str]) -> list[dict[str, Any]]:
    api: Metrics = ("AWS/ApiGateway", ["ApiId", args["api_id"], "Stage", STAGE])
    function: Metrics = ("AWS/Lambda", ["FunctionName", args["function_name"]])
    variant: Dimensions = ["EndpointName", args["endpoint_name"], "VariantName", VARIANT]
    endpoint: Metrics = ("AWS/SageMaker", variant)
    machines: Metrics = ("/aws/sagemaker/Endpoints", variant)
    columns: list[Column] = [
        ("API", api, [("Count", "Sum")], [("4xx", "Sum"), ("5xx", "Sum")], [("Latency", "p50"), ("Latency", "p99")]),
        (
            "Function",
            function,
            [("Invocations", "Sum"), ("ConcurrentExecutions", "Maximum")],
            [("Errors", "Sum"), ("Throttles", "Sum")],
            [("Duration", "p50"), ("Duration", "p99")],
        ),
        (
            "Endpoint",
            endpoint,
            [("Invocations", "Sum")],
            [("Invocation4XXErrors", "Sum"), ("Invocation5XXErrors", "Sum")],
            [("ModelLatency", "p50"), ("ModelLatency", "p99"), ("OverheadLatency", "p99")],
        ),
        (
            "Instances",
            machines,
            [("CPUUtilization", "SampleCount")],
            [("CPUUtilization", "Maximum")],
            [("MemoryUtilization", "Maximum")],
        )
        if args["has_instances"]
        else (
            "Serverless",
            endpoint,
            [("ServerlessConcurrentExecutionsUtilization", "Maximum")],
            [("ModelSetupTime", "SampleCount")],
            [("ModelSetupTime", "Maximum")],
        ),
    ]
    return [
        _widget(title, metrics, lines, column, row, region)
        for column, (title, metrics, *rows) in enumerate(columns)
        for row, lines in enumerate(rows)
    ]


def _widget(
    title: str,
    metrics: Metrics,
    lines: Lines,
    column: int,
    row: int,
    region: pulumi.Output[str],
) -> dict[str, Any]:
    namespace, dimensions = metrics
    return {
        "type": "metric",
        "x": column * WIDTH,
        "y": row * HEIGHT,
        "width": WIDTH,
        "height": HEIGHT,
        "properties": {
            "title": f"{title}: {', '.join(dict.fromkeys(metric for metric, _ in lines))}",
            "region": region,
            "view": "timeSeries",
            "period": 60,
            "metrics": [
                [namespace, metric, *dimensions, {"stat": statistic, "label": f"{metric} {statistic}"}]
                for metric, statistic in lines
            ],
        },
    }
