"""Alarms on what callers notice: the API, and the function behind it."""

from collections.abc import Sequence
from typing import TypedDict

import pulumi

from components.api_stage import STAGE
from components.metric_alarm import metric_alarm


class RequestAlarmsArgs(TypedDict):
    """What :class:`RequestAlarms` are made from."""

    prefix: str
    """Beginning of the alarms' names."""

    api_id: pulumi.Input[str]
    """Id of the API."""

    function_name: pulumi.Input[str]
    """Name of the function."""

    highest_error_percentage: float
    """Share of the calls that may end with a 5xx."""

    slowest_answer_seconds: float
    """Time for an answer, at the 99th percentile, above which something is wrong."""

    actions: Sequence[pulumi.Input[str]]
    """ARNs of the topics that are told."""


class RequestAlarms(pulumi.ComponentResource):
    """The API's errors and latency, the function's errors and throttles."""

    names: Sequence[pulumi.Output[str]]
    """Names of the alarms."""

    def __init__(self, name: str, args: RequestAlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("object-counting:index:RequestAlarms", name, None, opts)
        prefix, actions, child = args["prefix"], args["actions"], pulumi.ResourceOptions(parent=self)
        stage = {"ApiId": args["api_id"], "Stage": STAGE}
        function = {"FunctionName": args["function_name"]}
        alarms = [
            metric_alarm(
                f"{prefix}-api-errors",
                "Too many calls of the API end with a 5xx. The access log tells which; the function's log, by the same "
                "requestId, tells why. 503: the endpoint; 504: too slow; 500: the configuration.",
                actions,
                child,
                metric_queries=[
                    {"id": "percentage", "expression": "100 * errors / calls", "label": "5xx, %", "return_data": True},
                    {"id": "errors", "metric": _sum_per_minute("5xx", stage)},
                    {"id": "calls", "metric": _sum_per_minute("Count", stage)},
                ],
                threshold=args["highest_error_percentage"],
            ),
            metric_alarm(
                f"{prefix}-api-latency",
                "Callers wait too long. The function's log splits the time into fetchMs (the images' web servers, not "
                "ours) and endpointMs (the model: see the endpoint's alarms).",
                actions,
                child,
                namespace="AWS/ApiGateway",
                metric_name="Latency",
                dimensions=stage,
                extended_statistic="p99",
                period=60,
                threshold=args["slowest_answer_seconds"] * 1000,  # the metric is in milliseconds
            ),
            metric_alarm(
                f"{prefix}-function-errors",
                "The function ends without an answer, which it never should: it was stopped at its time limit, ran out "
                "of memory, or cannot start. Its log has the reason.",
                actions,
                child,
                namespace="AWS/Lambda",
                metric_name="Errors",
                dimensions=function,
                statistic="Sum",
                period=60,
                threshold=0,
            ),
            metric_alarm(
                f"{prefix}-function-throttles",
                "Calls are refused because too many run at a time. Raise functionReservedConcurrency, or the account's "
                "limit; or lower throttleRate, if this is an attack.",
                actions,
                child,
                namespace="AWS/Lambda",
                metric_name="Throttles",
                dimensions=function,
                statistic="Sum",
                period=60,
                threshold=0,
            ),
        ]
        self.names = [alarm.name for alarm in alarms]
        self.register_outputs({"names": self.names})


def _sum_per_minute(metric: str, stage: dict[str, pulumi.Input[str]]) -> dict[str, object]:
    return {"namespace": "AWS/ApiGateway", "metric_name": metric, "dimensions": stage, "stat": "Sum", "period": 60}
