"""A domain name of one's own for an HTTP API."""

from typing import TypedDict

import pulumi
import pulumi_aws as aws


class ApiDomainArgs(TypedDict):
    """What an :class:`ApiDomain` is made from."""

    domain_name: str
    """For example ``api.example.com``."""

    certificate_arn: pulumi.Input[str]
    """ARN of its certificate, in the API's region."""

    api_id: pulumi.Input[str]
    """Id of the API."""

    stage_name: pulumi.Input[str]
    """Stage that answers under the domain."""


class ApiDomain(pulumi.ComponentResource):
    """A domain name under which one stage of an HTTP API answers, over TLS 1.2 or later."""

    target: pulumi.Output[str]
    """Where the DNS record (CNAME or alias) of the domain must point to."""

    def __init__(self, name: str, args: ApiDomainArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("object-counting:index:ApiDomain", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        domain = aws.apigatewayv2.DomainName(
            name,
            domain_name=args["domain_name"],
            domain_name_configuration={
                "certificate_arn": args["certificate_arn"],
                "endpoint_type": "REGIONAL",
                "security_policy": "TLS_1_2",
            },
            opts=child,
        )
        aws.apigatewayv2.ApiMapping(
            name, api_id=args["api_id"], domain_name=domain.domain_name, stage=args["stage_name"], opts=child
        )
        self.target = domain.domain_name_configuration.target_domain_name
        self.register_outputs({"target": self.target})
