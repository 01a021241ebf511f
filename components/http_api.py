"""The public HTTP API in front of the function."""

from collections.abc import Sequence
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components.api_domain import ApiDomain
from components.api_route import ApiRoute, JwtArgs
from components.api_stage import ApiStage, ThrottleArgs


class DomainArgs(TypedDict):
    """A domain name of one's own."""

    name: str
    """For example ``api.example.com``."""

    certificate_arn: pulumi.Input[str]
    """ARN of its certificate, in the API's region."""


class HttpApiArgs(TypedDict):
    """What an :class:`HttpApi` is made from."""

    api_name: str
    """Name of the API."""

    route_key: str
    """Method and path, for example ``POST /predict``."""

    function_name: pulumi.Input[str]
    """Name of the function behind the route."""

    invoke_arn: pulumi.Input[str]
    """Invocation ARN of that function."""

    allowed_origins: Sequence[pulumi.Input[str]]
    """Origins of the web pages that may call the API."""

    throttle: ThrottleArgs
    """What the route, and every other that may come, lets through."""

    log_retention_days: NotRequired[int]
    """Days for which the access logs are kept; 30 unless said otherwise."""

    keep_data: NotRequired[bool]
    """Whether the access logs stay when the API is destroyed."""

    domain: NotRequired[DomainArgs | None]
    """A domain name, in place of AWS's, which then stops working."""

    jwt: NotRequired[JwtArgs | None]
    """Who may call; without it, everybody."""


class HttpApi(pulumi.ComponentResource):
    """An API Gateway HTTP API with one route, which a Lambda function answers, for the pages of some origins."""

    api_id: pulumi.Output[str]
    """Id of the API."""

    url: pulumi.Output[str]
    """URL of the route."""

    domain_target: pulumi.Output[str]
    """Where the DNS record (CNAME or alias) of the domain must point to; empty without a domain."""

    def __init__(self, name: str, args: HttpApiArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("object-counting:index:HttpApi", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        method, path = args["route_key"].split(" ")
        domain, jwt = args.get("domain"), args.get("jwt")
        api = aws.apigatewayv2.Api(
            name,
            name=args["api_name"],
            protocol_type="HTTP",
            cors_configuration={
                "allow_origins": list(args["allowed_origins"]),
                "allow_methods": [method],
                "allow_headers": ["content-type", "accept", *(["authorization"] if jwt else [])],
                # What a page may read beside the body: when to come back, and what to quote in a report.
                "expose_headers": ["retry-after", "apigw-requestid"],
                "max_age": 3600,
            },
            # Whoever has a domain, and perhaps a firewall before it, leaves no second door open.
            disable_execute_api_endpoint=domain is not None,
            opts=child,
        )
        route = ApiRoute(
            name,
            {
                "api_id": api.id,
                "execution_arn": api.execution_arn,
                "route_key": args["route_key"],
                "function_name": args["function_name"],
                "invoke_arn": args["invoke_arn"],
                "jwt": jwt,
            },
            opts=child,
        )
        stage = ApiStage(
            name,
            {
                "api_id": api.id,
                "api_name": args["api_name"],
                "route_keys": [route.route_key],
                "throttle": args["throttle"],
                "log_retention_days": args.get("log_retention_days", 30),
                "keep_data": args.get("keep_data", False),
            },
            opts=child,
        )
        self.api_id = api.id
        if domain:
            own = ApiDomain(
                name,
                {
                    "domain_name": domain["name"],
                    "certificate_arn": domain["certificate_arn"],
                    "api_id": api.id,
                    "stage_name": stage.stage_name,
                },
                opts=child,
            )
            self.domain_target = own.target
            self.url = pulumi.Output.format("https://{0}{1}", domain["name"], path)
        else:
            self.domain_target = pulumi.Output.from_input("")
            self.url = pulumi.Output.format("{0}{1}", api.api_endpoint, path)
        self.register_outputs({"apiId": self.api_id, "url": self.url, "domainTarget": self.domain_target})
