"""The stage of an HTTP API: how much it lets through, and what it writes down."""

import json
from collections.abc import Sequence
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

STAGE = "$default"
"""Name of the stage whose URLs begin with no name of a stage."""

# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
ACCESS_LOG_FORMAT = json.dumps(
    {
        "requestId": "$context.requestId",
        "requestTime": "$context.requestTime",
        "sourceIp": "$context.identity.sourceIp",
        "routeKey": "$context.routeKey",
        "status": "$context.status",
        "responseLength": "$context.responseLength",
        "responseLatency": "$context.responseLatency",
        "integrationLatency": "$context.integrationLatency",
        "integrationError": "$context.integrationErrorMessage",
    }
)


class ThrottleArgs(TypedDict):
    """How much the API lets through; what is more gets a 429."""

    rate: float
    """Requests per second, on average."""

    burst: int
    """Requests at once."""


class ApiStageArgs(TypedDict):
    """What an :class:`ApiStage` is made from."""

    api_id: pulumi.Input[str]
    """Id of the API."""

    api_name: str
    """Name of the API, after which the log group is named."""

    route_keys: Sequence[pulumi.Input[str]]
    """Routes of the API, for example ``POST /predict``."""

    throttle: ThrottleArgs
    """What each of these routes, and every other that may come, lets through."""

    log_retention_days: NotRequired[int]
    """Days for which the access logs are kept; 30 unless said otherwise."""

    keep_data: NotRequired[bool]
    """Whether the access logs stay when the stage is destroyed."""


class ApiStage(pulumi.ComponentResource):
    """The default stage, which deploys every change of the API by itself, is throttled, and logs each call as JSON."""

    stage_name: pulumi.Output[str]
    """Name of the stage; known when it is there."""

    def __init__(self, name: str, args: ApiStageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("object-counting:index:ApiStage", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        log_group = aws.cloudwatch.LogGroup(
            name,
            # API Gateway may write to groups of this prefix without a resource policy for each.
            # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-and-resource-policy.html
            name=f"/aws/vendedlogs/{args['api_name']}",
            retention_in_days=args.get("log_retention_days", 30),
            skip_destroy=args.get("keep_data", False),
            opts=child,
        )
        rate, burst = args["throttle"]["rate"], args["throttle"]["burst"]
        stage = aws.apigatewayv2.Stage(
            name,
            api_id=args["api_id"],
            name=STAGE,
            auto_deploy=True,
            default_route_settings={"throttling_rate_limit": rate, "throttling_burst_limit": burst},
            route_settings=[
                {"route_key": key, "throttling_rate_limit": rate, "throttling_burst_limit": burst}
                for key in args["route_keys"]
            ],
            access_log_settings={"destination_arn": log_group.arn, "format": ACCESS_LOG_FORMAT},
            opts=child,
        )
        self.stage_name = stage.name
        self.register_outputs({"stageName": self.stage_name})
