"""The function's signature: it must be, to the letter, what botocore's signer makes of the same request."""

from __future__ import annotations

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials

from handlers.predict.credentials import Credentials
from handlers.predict.signature import sign

REGION = "eu-central-1"
HEADERS = {"Content-Type": "image/jpeg", "Accept": "application/json", "X-Amzn-SageMaker-Custom-Attributes": "an-id="}


def by_botocore(url: str, sent: dict[str, str], body: bytes, credentials: Credentials) -> str:
    """The header that a request with these others must have, at the time that they name."""
    request = AWSRequest("POST", url, {name: sent[name] for name in sent if name != "Authorization"}, data=body)
    request.context["timestamp"] = sent["X-Amz-Date"]
    signer = SigV4Auth(ReadOnlyCredentials(*credentials), "sagemaker", REGION)
    names = signer.signed_headers(signer.headers_to_sign(request))
    signature = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
    return f"AWS4-HMAC-SHA256 Credential={signer.scope(request)}, SignedHeaders={names}, Signature={signature}"


@pytest.mark.parametrize("token", [None, "session/token=="])
@pytest.mark.parametrize("body", [b"", b"\xff\xd8\xff" + bytes(100_000)])
@pytest.mark.parametrize(
    ("url", "headers"),
    [
        ("https://runtime.sagemaker.eu-central-1.amazonaws.com/endpoints/pets/invocations", HEADERS),
        ("https://runtime.example:443/endpoints/pets/invocations", HEADERS),
        ("https://runtime.example:8443/endpoints/pets/invocations", HEADERS),
        ("http://runtime.example:80/endpoints/pets/invocations", HEADERS),
        ("http://127.0.0.1:4567/endpoints/pets/invocations", HEADERS),
        ("http://[::1]:4567/endpoints/pets/invocations", HEADERS),
        ("http://127.0.0.1:4567/a%20proxy/~here/endpoints/pets/invocations", HEADERS),
        ("http://127.0.0.1:4567/endpoints/pets/invocations", {"B": "2", "a": "  with   spaces ", "C-d": "x;y"}),
    ],
)
def test_it_is_that_of_botocore(url: str, headers: dict[str, str], body: bytes, token: str | None) -> None:
    credentials = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", token)
    sent = sign(url, headers, body, credentials, "sagemaker", REGION)
    assert sent["Authorization"] == by_botocore(url, sent, body, credentials)
    assert sent.get("X-Amz-Security-Token") == token
    assert sent.items() >= headers.items()
