"""A domain of one's own for an HTTP API that exists already."""

import pulumi

from components.api_domain import ApiDomain

domain = ApiDomain(
    "domain",
    {
        "domain_name": "api.example.com",
        "certificate_arn": "arn:aws:acm:eu-central-1:123456789012:certificate/a1b2c3d4",
        "api_id": "a1b2c3d4",
        "stage_name": "$default",
    },
)
pulumi.export("target", domain.target)
