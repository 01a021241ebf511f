"""The settings of the HTTP API. ``Pulumi.yaml`` says what each one means."""

import re
from dataclasses import dataclass

from components.api_route import JwtArgs
from components.api_stage import ThrottleArgs
from components.http_api import DomainArgs
from components.setting_reader import SettingReader, is_arn, is_domain_name

# An account's limits, unless AWS has raised them.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
LARGEST_THROTTLE_RATE, LARGEST_THROTTLE_BURST = 10_000, 5_000


@dataclass(frozen=True)
class ApiSettings:
    """Who may call the API, where, and how often."""

    throttle: ThrottleArgs
    domain: DomainArgs | None
    jwt: JwtArgs | None

    @classmethod
    def read(cls, read: SettingReader) -> "ApiSettings":
        """:raises SettingError: for the first setting that cannot work, alone or beside the others."""
        domain = read.optional_text("apiDomain", is_domain_name, "a domain name such as api.example.com")
        certificate = read.optional_text(
            "apiCertificateArn",
            is_arn("acm", "certificate", read.region),
            f"the ARN of a certificate in ACM, in {read.region}",
        )
        read.check_pair("apiDomain", domain, "apiCertificateArn", certificate)
        issuer = read.optional_text(
            "jwtIssuer", lambda value: re.fullmatch(r"https://\S+", value), "the https URL of a token issuer"
        )
        audience = read.texts("jwtAudience")
        read.check_pair("jwtIssuer", issuer, "jwtAudience", audience)
        return cls(
            throttle={
                "rate": read.number("throttleRate", 0.1, LARGEST_THROTTLE_RATE),
                "burst": read.integer("throttleBurst", 1, LARGEST_THROTTLE_BURST),
            },
            domain={"name": domain, "certificate_arn": certificate} if domain and certificate else None,
            jwt={"issuer": issuer, "audience": audience} if issuer else None,
        )
