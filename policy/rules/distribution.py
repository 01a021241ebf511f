"""The CloudFront distribution in front of the page."""

from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_policy import ResourceValidationArgs, Severity

from .emulator import is_emulated
from .rule import Complaints, is_set, properties, resource_rule, text

DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/secure-connections-supported-viewer-protocols-ciphers.html
MODERN_TLS = ("TLSv1.2_2021", "TLSv1.2_2025", "TLSv1.3_2025")


@resource_rule(Severity.HIGH, DISTRIBUTION)
def distribution_answers_over_https_only(distribution: ResourceValidationArgs) -> Complaints:
    """A distribution redirects plain HTTP to HTTPS; emulators at a loopback address speak no TLS."""
    if is_emulated(distribution.provider, "cloudfront"):
        return
    for behaviour in _behaviours(distribution):
        policy = behaviour.get("viewerProtocolPolicy")
        if policy not in ("redirect-to-https", "https-only"):
            yield f"a behaviour has the viewer protocol policy {text(policy)}. Set it to redirect-to-https."


@resource_rule(Severity.HIGH, DISTRIBUTION)
def distribution_has_modern_tls(distribution: ResourceValidationArgs) -> Complaints:
    """A distribution with a certificate of one's own takes no TLS older than 1.2, and no old ciphers."""
    certificate = properties(distribution, "viewerCertificate")
    if certificate.get("cloudfrontDefaultCertificate"):  # with CloudFront's own name, CloudFront decides
        return
    version = certificate.get("minimumProtocolVersion")
    if version not in MODERN_TLS:
        yield f"it takes TLS from {text(version)} on. Set minimumProtocolVersion to {MODERN_TLS[0]} or newer."


@resource_rule(Severity.HIGH, DISTRIBUTION)
def distribution_proves_itself_to_origins(distribution: ResourceValidationArgs) -> Complaints:
    """A distribution reads buckets with origin access control, and other origins over HTTPS."""
    for origin in distribution.props.get("origins", []):
        custom = origin.get("customOriginConfig")
        if custom and custom.get("originProtocolPolicy") != "https-only":
            yield "it may fetch from an origin over plain HTTP. Set originProtocolPolicy to https-only."
        if not custom and not is_set(origin, "originAccessControlId"):
            yield "it reads a bucket that would have to be public. Add an OriginAccessControl to the origin."


@resource_rule(Severity.MEDIUM, DISTRIBUTION)
def distribution_sends_security_headers(distribution: ResourceValidationArgs) -> Complaints:
    """Every behaviour of a distribution has a response headers policy."""
    for behaviour in _behaviours(distribution):
        if not is_set(behaviour, "responseHeadersPolicyId"):
            yield "a behaviour sends no security headers. Give it a ResponseHeadersPolicy."


def _behaviours(distribution: ResourceValidationArgs) -> Iterator[Mapping[str, Any]]:
    yield properties(distribution, "defaultCacheBehavior")
    yield from distribution.props.get("orderedCacheBehaviors", [])
