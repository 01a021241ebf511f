"""What IAM says: who calls, what somebody may do, and the credentials of a role. Used where IAM is enforced.

The IAM and STS beside the stand-in decide (`AWS_ENDPOINT_URL` says where they are); nothing is decided here.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import urllib3
from werkzeug.datastructures import Headers

from model_server.sagemaker.errors import (
    AccessDeniedException,
    ExpiredTokenException,
    InvalidSignatureException,
    SageMakerError,
    UnrecognizedClientException,
)

_GET_CALLER_IDENTITY = b"Action=GetCallerIdentity&"
_SIGNED_HEADERS = re.compile(r"SignedHeaders=([^,\s]+)")
_REFUSALS: dict[str, type[SageMakerError]] = {
    "ExpiredToken": ExpiredTokenException,
    "InvalidClientTokenId": UnrecognizedClientException,
}
_connections = urllib3.PoolManager(maxsize=64, retries=False, timeout=30)


@dataclass(frozen=True)
class Credentials:
    """Of a role that was assumed."""

    access_key_id: str
    secret_access_key: str
    session_token: str

    @property
    def environment(self) -> dict[str, str]:
        """The variables in which an AWS SDK looks for them."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            "AWS_SESSION_TOKEN": self.session_token,
        }


class NotAllowed(Exception):
    """A role may not do what is needed. The message names role, action and resource."""


def caller_arn(method: str, path: str, headers: Headers, body: bytes) -> str:
    """The identity that signed a request, once its signature has been verified.

    Only IAM knows the secret behind an access key. So the signed part of the request, as it is, goes on to STS, but
    for two things that no signature covers: `X-Amz-Target` says that this is GetCallerIdentity, and the body
    that was signed is represented by its hash. STS verifies the signature, and answers whose it is.

    Raises:
        SageMakerError: the key is not known, has expired, or did not make this signature.
    """
    signed = _SIGNED_HEADERS.search(headers["Authorization"])
    names = {"authorization", *(signed[1].split(";") if signed else ())}
    # Some SDKs sign the length of the body as well; spaces after the & mean nothing.
    length = len(body) if "content-length" in names else 0
    answer = _connections.request(
        method,
        f"{_client('sts').meta.endpoint_url}{path}",
        body=_GET_CALLER_IDENTITY.ljust(length),
        headers={name: value for name, value in headers.items() if name.lower() in names}
        | {
            "X-Amz-Target": "AWSSecurityTokenServiceV20110615.GetCallerIdentity",
            "X-Amz-Content-Sha256": hashlib.sha256(body).hexdigest(),
        },
    )
    text = answer.data.decode()
    if answer.status == 200 and (arn := re.search(r"arn:[^<\"]+", text)):
        return arn[0]
    code, message = (re.search(rf"<{tag}>([^<]*)", text) for tag in ("Code", "Message"))
    refusal = _REFUSALS.get(code[1] if code else "", InvalidSignatureException)
    raise refusal(message[1] if message else text)


def require_root(method: str, path: str, headers: Headers, body: bytes) -> None:
    """Raise AccessDeniedException unless the account's root calls the control plane.

    There `X-Amz-Target` is signed, so nobody else's signature can be verified. Root, who deploys, signs nothing
    that an emulated IAM would verify.
    """
    try:
        arn = caller_arn(method, path, headers, body)
    except SageMakerError:
        arn = ""
    if not arn.endswith(":root"):
        raise AccessDeniedException("With IAM enforced, this stand-in takes its control plane's operations from root.")


def authorize(arn: str, action: str, resource: str) -> None:
    """Raise AccessDeniedException, in AWS's words, unless the policies of a caller allow an action."""
    if arn.endswith(":root"):
        return
    decision = _decisions(_policy_source(arn), [action], resource)[action]
    if decision != "allowed":
        because = (
            "with an explicit deny in an identity-based policy"
            if decision == "explicitDeny"
            else f"because no identity-based policy allows the {action} action"
        )
        raise AccessDeniedException(
            f"User: {arn} is not authorized to perform: {action} on resource: {resource} {because}"
        )


def require(role_arn: str, actions: Iterable[str], resource: str, context: Mapping[str, str] | None = None) -> None:
    """Raise NotAllowed unless a role may do all `actions`; `context` has the condition keys of the request."""
    for action, decision in _decisions(role_arn, list(actions), resource, context or {}).items():
        if decision != "allowed":
            raise NotAllowed(f"The role '{role_arn}' is not authorized to perform: {action} on resource: {resource}")


def assume(role_arn: str) -> Credentials:
    """Credentials of a role, for an hour.

    Raises:
        botocore.exceptions.ClientError: there is no such role, or it does not let SageMaker in.
    """
    got = _client("sts").assume_role(RoleArn=role_arn, RoleSessionName="SageMaker")["Credentials"]
    return Credentials(got["AccessKeyId"], got["SecretAccessKey"], got["SessionToken"])


def _policy_source(arn: str) -> str:
    """The role behind `arn:aws:sts::<account>:assumed-role/<role>/<session>`; a user as is."""
    session = re.fullmatch(r"arn:(.+):sts::(\d+):assumed-role/([^/]+)/.+", arn)
    return f"arn:{session[1]}:iam::{session[2]}:role/{session[3]}" if session else arn


def _decisions(
    source_arn: str, actions: list[str], resource: str, context: Mapping[str, str] | None = None
) -> dict[str, str]:
    """IAM's decision on each action: allowed, implicitDeny or explicitDeny."""
    entries = [
        {"ContextKeyName": key, "ContextKeyValues": [value], "ContextKeyType": "string"}
        for key, value in (context or {}).items()
    ]
    answer = _client("iam").simulate_principal_policy(
        PolicySourceArn=source_arn, ActionNames=actions, ResourceArns=[resource], ContextEntries=entries
    )
    return {result["EvalActionName"]: result["EvalDecision"] for result in answer["EvaluationResults"]}


@cache
def _client(service: str) -> Any:
    import boto3  # here because it takes a third of a second, and the server should listen before that

    session: Any = boto3.session.Session()
    return session.client(service)
