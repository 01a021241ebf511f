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


def test_browsers_are_told_what_the_page_may_do() -> None:
    headers = made().one(":ResponseHeadersPolicy")["securityHeadersConfig"]
    policy = headers["contentSecurityPolicy"]["contentSecurityPolicy"]
    assert "default-src 'none'" in policy
    assert "connect-src 'self' https://api.test" in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["contentTypeOptions"] == {"override": True}
    assert headers["strictTransportSecurity"]["accessControlMaxAgeSec"] >= 31_536_000
    assert headers["referrerPolicy"]["referrerPolicy"] == "no-referrer"


def test_a_domain_has_its_certificate_and_modern_tls() -> None:
    own = made(domain={"name": "www.example.com", "certificate_arn": "arn:of:certificate"}).one(":Distribution")
    assert own["aliases"] == ["www.example.com"]
    assert own["viewerCertificate"] == {
        "acmCertificateArn": "arn:of:certificate",
        "sslSupportMethod": "sni-only",
        "minimumProtocolVersion": "TLSv1.2_2021",
    }
