"""The public HTTP API in front of the function."""

import json
from collections.abc import Sequence
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

STAGE = "$default"

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


class DomainArgs(TypedDict):
    """A domain name of one's own."""

    name: str
    """For example ``api.example.com``."""

    certificate_arn: pulumi.Input[str]
    """ARN of its certificate, in the API's region."""


class JwtArgs(TypedDict):
    """Who may call: holders of a token (RFC 7519) of this issuer, for this audience."""

    issuer: str
    """URL of the issuer, under which its OpenID configuration is."""

    audience: Sequence[str]
    """Accepted values of the token's ``aud``."""


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
    """An API Gateway HTTP API with one route, proxied to a Lambda function with payload format 2.0."""

    api_id: pulumi.Output[str]
    """Id of the API."""

    url: pulumi.Output[str]
    """URL of the route."""

    domain_target: pulumi.Output[str]
    """Where the DNS record (CNAME or alias) of the domain must point to; empty without a domain."""

    def __init__(self, name: str, args: HttpApiArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("object-counting:index:HttpApi", name, None, opts)
        self._child = child = pulumi.ResourceOptions(parent=self)
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
        integration = aws.apigatewayv2.Integration(
            name,
            api_id=api.id,
            integration_type="AWS_PROXY",
            integration_uri=args["invoke_arn"],
            payload_format_version="2.0",
            opts=child,
        )
        authorizer = self._authorizer(name, api, jwt) if jwt else None
        route = aws.apigatewayv2.Route(
            name,
            api_id=api.id,
            route_key=args["route_key"],
            target=pulumi.Output.format("integrations/{0}", integration.id),
            authorization_type="JWT" if authorizer else "NONE",
            authorizer_id=authorizer.id if authorizer else None,
            opts=child,
        )
        stage = self._stage(name, api, route, args)
        aws.lambda_.Permission(
            name,
            action="lambda:InvokeFunction",
            function=args["function_name"],
            principal="apigateway.amazonaws.com",
            source_arn=pulumi.Output.format("{0}/{1}/{2}{3}", api.execution_arn, STAGE, method, path),
            opts=child,
        )
        self.api_id = api.id
        if domain:
            self.domain_target = self._domain(name, api, stage, domain)
            self.url = pulumi.Output.format("https://{0}{1}", domain["name"], path)
        else:
            self.domain_target = pulumi.Output.from_input("")
            self.url = pulumi.Output.format("{0}{1}", api.api_endpoint, path)
        self.register_outputs({"apiId": self.api_id, "url": self.url, "domainTarget": self.domain_target})

    def _authorizer(self, name: str, api: aws.apigatewayv2.Api, jwt: JwtArgs) -> aws.apigatewayv2.Authorizer:
        return aws.apigatewayv2.Authorizer(
            name,
            api_id=api.id,
            authorizer_type="JWT",
            identity_sources=["$request.header.Authorization"],
            jwt_configuration={"issuer": jwt["issuer"], "audiences": list(jwt["audience"])},
            opts=self._child,
        )

    def _stage(
        self, name: str, api: aws.apigatewayv2.Api, route: aws.apigatewayv2.Route, args: HttpApiArgs
    ) -> aws.apigatewayv2.Stage:
        log_group = aws.cloudwatch.LogGroup(
            name,
            # API Gateway may write to groups of this prefix without a resource policy for each.
            # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-and-resource-policy.html
            name=f"/aws/vendedlogs/{args['api_name']}",
            retention_in_days=args.get("log_retention_days", 30),
            skip_destroy=args.get("keep_data", False),
            opts=self._child,
        )
        rate, burst = args["throttle"]["rate"], args["throttle"]["burst"]
        return aws.apigatewayv2.Stage(
            name,
            api_id=api.id,
            name=STAGE,
            auto_deploy=True,
            default_route_settings={"throttling_rate_limit": rate, "throttling_burst_limit": burst},
            route_settings=[
                {
                    "route_key": route.route_key,
                    "throttling_rate_limit": rate,
                    "throttling_burst_limit": burst,
                }
            ],
            access_log_settings={"destination_arn": log_group.arn, "format": ACCESS_LOG_FORMAT},
            opts=self._child,
        )

    def _domain(
        self, name: str, api: aws.apigatewayv2.Api, stage: aws.apigatewayv2.Stage, domain: DomainArgs
    ) -> pulumi.Output[str]:
        domain_name = aws.apigatewayv2.DomainName(
            name,
            domain_name=domain["name"],
            domain_name_configuration={
                "certificate_arn": domain["certificate_arn"],
                "endpoint_type": "REGIONAL",
                "security_policy": "TLS_1_2",
            },
            opts=self._child,
        )
        aws.apigatewayv2.ApiMapping(
            name, api_id=api.id, domain_name=domain_name.domain_name, stage=stage.name, opts=self._child
        )
        return domain_name.domain_name_configuration.target_domain_name
