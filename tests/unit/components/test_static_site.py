"""The page's place: a private bucket behind a distribution, and what the distribution tells browsers."""

import json
from typing import Any

from components.static_site import StaticSite, StaticSiteArgs
from tests.unit.recording import Resources, record


def made(url_template: str = "https://{domain}", **others: Any) -> Resources:
    args: StaticSiteArgs = {
        "url_template": url_template,
        "connect_sources": ["https://api.test"],
        **others,  # type: ignore[typeddict-item]
    }
    return record(lambda: StaticSite("site", args))


def test_the_bucket_can_be_read_by_its_distribution_only() -> None:
    reading, plain_http = json.loads(made().one(":BucketPolicy")["policy"])["Statement"]
    assert reading["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert reading["Action"] == "s3:GetObject"
    assert reading["Condition"] == {"StringEquals": {"AWS:SourceArn": "arn:of:site"}}
    assert (plain_http["Effect"], plain_http["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_it_is_https_only_unless_browsers_are_told_to_use_http() -> None:
    def policy(resources: Resources) -> str:
        found: str = resources.one(":Distribution")["defaultCacheBehavior"]["viewerProtocolPolicy"]
        return found

    assert policy(made()) == "redirect-to-https"
    assert policy(made("http://{label}.cloudfront.localhost:4566")) == "allow-all"


def test_it_signs_its_requests_to_the_bucket() -> None:
    control = made().one(":OriginAccessControl")
    assert (control["signingBehavior"], control["signingProtocol"]) == ("always", "sigv4")


def test_content_is_compressed_on_the_way() -> None:
    assert made().one(":Distribution")["defaultCacheBehavior"]["compress"] is True


def test_the_security_headers_come_with_every_file() -> None:
    assert made().one(":Distribution")["defaultCacheBehavior"]["responseHeadersPolicyId"] == "site-id"


def test_the_security_headers_know_the_api_and_whether_the_page_is_under_https() -> None:
    def headers(url_template: str) -> dict[str, Any]:
        found: dict[str, Any] = made(url_template).one(":ResponseHeadersPolicy")["securityHeadersConfig"]
        return found

    policy = headers("https://{domain}")["contentSecurityPolicy"]["contentSecurityPolicy"]
    assert "connect-src 'self' https://api.test;" in policy
    assert "strictTransportSecurity" in headers("https://{domain}")
    assert "strictTransportSecurity" not in headers("http://{label}.cloudfront.localhost:4566")


def test_what_must_not_be_cached_has_a_behavior_of_its_own() -> None:
    distribution = made(never_cached=["/config.json"]).one(":Distribution")
    (behavior,) = distribution["orderedCacheBehaviors"]
    assert behavior["pathPattern"] == "/config.json"
    assert behavior["cachePolicyId"] != distribution["defaultCacheBehavior"]["cachePolicyId"]
    assert behavior["responseHeadersPolicyId"] == "site-id"


def test_a_domain_has_its_certificate_and_modern_tls() -> None:
    own = made(domain={"name": "www.example.com", "certificate_arn": "arn:of:certificate"}).one(":Distribution")
    assert own["aliases"] == ["www.example.com"]
    assert own["viewerCertificate"] == {
        "acmCertificateArn": "arn:of:certificate",
        "sslSupportMethod": "sni-only",
        "minimumProtocolVersion": "TLSv1.2_2021",
    }
