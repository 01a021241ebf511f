"""The one exception from TLS: emulators on the machine of whoever deploys, which speak plain HTTP."""

import json
from urllib.parse import urlsplit

from pulumi_policy import PolicyProviderResource

LOOPBACK = {"127.0.0.1", "::1", "localhost"}


def is_emulated(provider: PolicyProviderResource | None, service: str) -> bool:
    """Whether the provider makes a service's resources at a loopback address.

    Not a name and not a setting decide, but where the resource is going to be: what is allowed in an emulator can
    never be created in AWS.

    :param service: as the AWS provider's ``endpoints`` call it, for example ``s3``.
    """
    if provider is None:
        return False
    endpoints = provider.props.get("endpoints") or "[]"
    if isinstance(endpoints, str):  # a provider's inputs are texts; what has a structure is JSON
        endpoints = json.loads(endpoints)
    urls = [group[service] for group in endpoints if group.get(service)]
    return bool(urls) and all(urlsplit(url).hostname in LOOPBACK for url in urls)
