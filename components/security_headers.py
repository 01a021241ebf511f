"""What a distribution tells browsers about a site, so that nobody can misuse it."""

from collections.abc import Sequence
from typing import TypedDict

import pulumi
import pulumi_aws as aws

TWO_YEARS_IN_SECONDS = 63_072_000


class SecurityHeadersArgs(TypedDict):
    """What :class:`SecurityHeaders` are made from."""

    connect_sources: Sequence[pulumi.Input[str]]
    """Where the site's scripts may send requests beside the site itself, as sources of a Content-Security-Policy."""

    over_https: bool
    """Whether browsers reach the site over https, as everywhere but on a laptop."""


class SecurityHeaders(pulumi.ComponentResource):
    """A response headers policy for a site of plain files, which needs no inline script and sits in no frame."""

    policy_id: pulumi.Output[str]
    """Id of the policy, for a distribution's cache behaviors."""

    def __init__(self, name: str, args: SecurityHeadersArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("object-counting:index:SecurityHeaders", name, None, opts)
        security: aws.cloudfront.ResponseHeadersPolicySecurityHeadersConfigArgsDict = {
            "content_security_policy": {"content_security_policy": _content_security_policy(args), "override": True},
            "content_type_options": {"override": True},
            "referrer_policy": {"referrer_policy": "no-referrer", "override": True},
        }
        if args["over_https"]:  # over http a server must not send it: RFC 6797, 7.2
            security["strict_transport_security"] = {
                "access_control_max_age_sec": TWO_YEARS_IN_SECONDS,
                "override": True,
            }
        policy = aws.cloudfront.ResponseHeadersPolicy(
            name,
            security_headers_config=security,
            custom_headers_config={
                "items": [{"header": "Cross-Origin-Opener-Policy", "value": "same-origin", "override": True}]
            },
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.policy_id = policy.id
        self.register_outputs({"policyId": self.policy_id})


def _content_security_policy(args: SecurityHeadersArgs) -> pulumi.Output[str]:
    """Everything is forbidden but what the site is made of: its own files, images from anywhere, the named sources.

    https://www.w3.org/TR/CSP3/
    """
    # A page over http shows the images of its own laptop; in one over https, browsers block http images anyway.
    images = "'self' data: blob: https:" + ("" if args["over_https"] else " http:")
    return pulumi.Output.all(*args["connect_sources"]).apply(
        lambda sources: "; ".join(
            [
                "default-src 'none'",
                "script-src 'self'",
                "style-src 'self'",
                "font-src 'self'",
                f"img-src {images}",
                " ".join(["connect-src 'self'", *sources]),
                "base-uri 'none'",
                "form-action 'none'",
                "frame-ancestors 'none'",
                # No string can become markup or code, whatever a script does with it.
                "require-trusted-types-for 'script'",
                "trusted-types 'none'",
            ]
        )
    )
