"""Security headers for the distribution of a page whose scripts ask one API."""

import pulumi

from components.security_headers import SecurityHeaders

headers = SecurityHeaders("headers", {"connect_sources": ["https://api.example.com"], "over_https": True})
pulumi.export("responseHeadersPolicyId", headers.policy_id)
