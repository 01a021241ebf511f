"""One route of an HTTP API, and who may call it."""

from collections.abc import Sequence
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components.api_stage import STAGE


class JwtArgs(TypedDict):
    """Who may call: holders of a token (RFC 7519) of this issuer, for this audience."""

    issuer: str
    """URL of the issuer, under which its OpenID configuration is."""

    audience: Sequence[str]
    """Accepted values of the token's ``aud``."""


class ApiRouteArgs(TypedDict):
    """What an :class:`ApiRoute` is made from."""

    api_id: pulumi.Input[str]
    """Id of the API."""

    execution_arn: pulumi.Input[str]
    """Execution ARN of the API."""

    route_key: str
    """Method and path, for example ``POST /predict``."""

    function_name: pulumi.Input[str]
    """Name of the function behind the route."""

    invoke_arn: pulumi.Input[str]
    """Invocation ARN of that function."""

    jwt: NotRequired[JwtArgs | None]
    """Who may call; without it, everybody."""


class ApiRoute(pulumi.ComponentResource):
    """A route, proxied to a Lambda function with payload format 2.0, which nothing but this route may call."""

    route_key: pulumi.Output[str]
    """Method and path; known when the route is there."""

    def __init__(self, name: str, args: ApiRouteArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("object-counting:index:ApiRoute", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        integration = aws.apigatewayv2.Integration(
            name,
            api_id=args["api_id"],
            integration_type="AWS_PROXY",
            integration_uri=args["invoke_arn"],
            payload_format_version="2.0",
            opts=child,
        )
        authorizer: aws.apigatewayv2.Authorizer | None = None
        if jwt := args.get("jwt"):
            authorizer = aws.apigatewayv2.Authorizer(
                name,
                api_id=args["api_id"],
                authorizer_type="JWT",
                identity_sources=["$request.header.Authorization"],
                jwt_configuration={"issuer": jwt["issuer"], "audiences": list(jwt["audience"])},
                opts=child,
            )
        route = aws.apigatewayv2.Route(
            name,
            api_id=args["api_id"],
            route_key=args["route_key"],
            target=pulumi.Output.format("integrations/{0}", integration.id),
            authorization_type="JWT" if authorizer else "NONE",
            authorizer_id=authorizer.id if authorizer else None,
            opts=child,
        )
        method, path = args["route_key"].split(" ")
        aws.lambda_.Permission(
            name,
            action="lambda:InvokeFunction",
            function=args["function_name"],
            principal="apigateway.amazonaws.com",
            source_arn=pulumi.Output.format("{0}/{1}/{2}{3}", args["execution_arn"], STAGE, method, path),
            opts=child,
        )
        self.route_key = route.route_key
        self.register_outputs({"routeKey": self.route_key})
