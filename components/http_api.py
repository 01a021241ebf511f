"""The public HTTP API in front of the function."""

from collections.abc import Sequence
from typing import TypedDict

import pulumi
import pulumi_aws as aws


class HttpApiArgs(TypedDict):
    """What an :class:`HttpApi` is made from."""

    api_name: str

    route_key: str
    """Method and path, for example ``POST /predict``."""

    function_name: pulumi.Input[str]
    invoke_arn: pulumi.Input[str]
    """Invocation ARN of that function."""

    allowed_origins: Sequence[pulumi.Input[str]]
    """Origins of the web pages that may call the API."""


class HttpApi(pulumi.ComponentResource):
    """An API Gateway HTTP API with one route, proxied to a Lambda function with payload format 2.0."""

    api_id: pulumi.Output[str]
    url: pulumi.Output[str]
    """URL of the route."""

    def __init__(self, name: str, args: HttpApiArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("object-counting:index:HttpApi", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        method, path = args["route_key"].split(" ")
        api = aws.apigatewayv2.Api(
            name,
            name=args["api_name"],
            protocol_type="HTTP",
            cors_configuration={
                "allow_origins": list(args["allowed_origins"]),
                "allow_methods": [method],
                "allow_headers": ["content-type", "accept"],
                # What a page may read beside the body: when to come back, and what to quote in a report.
                "expose_headers": ["retry-after", "apigw-requestid"],
                "max_age": 3600,
            },
            opts=child,
        )
        integration = aws.apigatewayv2.Integration(
            name,
            api_id=api.id,
            integration_type="AWS_PROXY",
            integration_uri=args["invoke_arn"],
            payload_format_version="2.0",
            opts=child,
        )
        aws.apigatewayv2.Route(
            name,
            api_id=api.id,
            route_key=args["route_key"],
            target=pulumi.Output.format("integrations/{0}", integration.id),
            opts=child,
        )
        aws.apigatewayv2.Stage(name, api_id=api.id, name="$default", auto_deploy=True, opts=child)
        aws.lambda_.Permission(
            name,
            action="lambda:InvokeFunction",
            function=args["function_name"],
            principal="apigateway.amazonaws.com",
            source_arn=pulumi.Output.format("{0}/$default/{1}{2}", api.execution_arn, method, path),
            opts=child,
        )
        self.api_id = api.id
        self.url = pulumi.Output.format("{0}{1}", api.api_endpoint, path)
        self.register_outputs({"apiId": self.api_id, "url": self.url})
