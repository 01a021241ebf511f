"""The credentials of the function's role, in the two ways in which Lambda hands them over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple


class Credentials(NamedTuple):
    """What signs a request."""

    access_key: str
    secret_key: str
    token: str | None


def role_credentials(environment: Mapping[str, str]) -> Callable[[], Credentials]:
    """Find the credentials, and return what gives those that are valid at the time of a call.

    Variables hold them for as long as the process lives. With SnapStart they come from an address and expire.
    Raises RuntimeError if there are none.
    https://docs.aws.amazon.com/lambda/latest/dg/snapstart-best-practices.html
    """
    access_key, secret_key = environment.get("AWS_ACCESS_KEY_ID"), environment.get("AWS_SECRET_ACCESS_KEY")
    if access_key and secret_key:
        fixed = Credentials(access_key, secret_key, environment.get("AWS_SESSION_TOKEN"))
        return lambda: fixed
    # Imported here because it takes longer than all the rest, and without SnapStart nobody needs it.
    from botocore.credentials import ContainerProvider

    found = ContainerProvider().load()
    if found is None:
        raise RuntimeError("No AWS credentials. Lambda sets AWS_ACCESS_KEY_ID etc. from the function's role.")

    def current() -> Credentials:
        frozen = found.get_frozen_credentials()
        return Credentials(frozen.access_key or "", frozen.secret_key or "", frozen.token)

    return current
