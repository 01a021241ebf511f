"""Where the page is served from: a private bucket behind a CloudFront distribution."""

from collections.abc import Sequence
from typing import Any, NotRequired, TypedDict
from urllib.parse import urlsplit

import pulumi
import pulumi_aws as aws

from components.private_bucket import PrivateBucket
from components.security_headers import SecurityHeaders

# Policies that AWS manages have the same ids in every account.
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html
CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"


class SiteDomainArgs(TypedDict):
    """A domain name of one's own."""

    name: str
    """For example ``www.example.com``."""

    certificate_arn: pulumi.Input[str]
    """ARN of its certificate, which must be in region us-east-1."""


class StaticSiteArgs(TypedDict):
    """What a :class:`StaticSite` is made from."""

    url_template: str
    """Origin under which browsers reach the site. ``{domain}`` stands for the distribution's domain name,
    ``{label}`` for the first part of that name."""

    connect_sources: Sequence[pulumi.Input[str]]
    """Where the site's scripts may send requests beside the site itself, as sources of a Content-Security-Policy."""

    never_cached: NotRequired[Sequence[str]]
    """Paths that CloudFront asks the bucket for every time. What objects say of themselves does not suffice: the
    managed policy caches for a second at least, whatever their ``Cache-Control``."""

    domain: NotRequired[SiteDomainArgs | None]
    """A domain name, beside CloudFront's."""


class StaticSite(pulumi.ComponentResource):
    """A distribution that alone may read a private bucket (origin access control)."""

    bucket_name: pulumi.Output[str]
    """Name of the bucket for the site's files."""

    url: pulumi.Output[str]
    """Origin of the site, without a slash at the end."""

    domain_target: pulumi.Output[str]
    """Where the DNS record (CNAME or alias) of a domain must point to."""

    def __init__(self, name: str, args: StaticSiteArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("object-counting:index:StaticSite", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        bucket = PrivateBucket(f"{name}-pages", {}, opts=child)
        access_control = aws.cloudfront.OriginAccessControl(
            name,
            origin_access_control_origin_type="s3",
            signing_behavior="always",
            signing_protocol="sigv4",
            opts=child,
        )
        domain = args.get("domain")
        over_https = urlsplit(args["url_template"]).scheme == "https"
        headers = SecurityHeaders(
            name, {"connect_sources": args["connect_sources"], "over_https": over_https}, opts=child
        )
        behavior: dict[str, Any] = {
            "target_origin_id": "pages",
            "viewer_protocol_policy": "redirect-to-https" if over_https else "allow-all",
            "allowed_methods": ["GET", "HEAD"],
            "cached_methods": ["GET", "HEAD"],
            "compress": True,
            "response_headers_policy_id": headers.policy_id,
        }
        distribution = aws.cloudfront.Distribution(
            name,
            enabled=True,
            is_ipv6_enabled=True,
            http_version="http2and3",
            default_root_object="index.html",
            origins=[
                {
                    "origin_id": "pages",
                    "domain_name": bucket.regional_domain_name,
                    "origin_access_control_id": access_control.id,
                }
            ],
            default_cache_behavior=aws.cloudfront.DistributionDefaultCacheBehaviorArgs(
                cache_policy_id=CACHING_OPTIMIZED, **behavior
            ),
            ordered_cache_behaviors=[
                aws.cloudfront.DistributionOrderedCacheBehaviorArgs(
                    path_pattern=path, cache_policy_id=CACHING_DISABLED, **behavior
                )
                for path in args.get("never_cached", ())
            ],
            restrictions={"geo_restriction": {"restriction_type": "none"}},
            aliases=[domain["name"]] if domain else None,
            viewer_certificate=_certificate(domain),
            opts=child,
        )
        bucket.attach_policy(
            {
                "Effect": "Allow",
                "Principal": {"Service": "cloudfront.amazonaws.com"},
                "Action": "s3:GetObject",
                "Resource": pulumi.Output.format("{0}/*", bucket.arn),
                "Condition": {"StringEquals": {"AWS:SourceArn": distribution.arn}},
            }
        )
        self.bucket_name = bucket.name
        self.domain_target = distribution.domain_name
        self.url = distribution.domain_name.apply(
            lambda domain: args["url_template"].format(domain=domain, label=domain.split(".")[0])
        )
        self.register_outputs({"bucketName": self.bucket_name, "url": self.url, "domainTarget": self.domain_target})


def _certificate(domain: SiteDomainArgs | None) -> aws.cloudfront.DistributionViewerCertificateArgsDict:
    if domain is None:
        return {"cloudfront_default_certificate": True}
    return {
        "acm_certificate_arn": domain["certificate_arn"],
        "ssl_support_method": "sni-only",
        "minimum_protocol_version": "TLSv1.2_2021",
    }
