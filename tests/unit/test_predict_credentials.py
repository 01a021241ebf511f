"""Where the function finds its credentials, and that it says so if there are none."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from handlers.predict.credentials import role_credentials


class Address(BaseHTTPRequestHandler):
    """What Lambda offers with SnapStart: credentials that expire, for those who know the token."""

    def do_GET(self) -> None:
        self.send_response(200 if self.headers["Authorization"] == "the token" else 403)
        self.end_headers()
        expires = datetime.now(UTC) + timedelta(hours=1)
        answer = {
            "AccessKeyId": "id",
            "SecretAccessKey": "secret",
            "Token": "session",
            "Expiration": expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def address() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Address) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/credentials"
        server.shutdown()


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """botocore reads these from the process's environment, too."""
    monkeypatch.delenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", raising=False)
    monkeypatch.delenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", raising=False)


@pytest.mark.parametrize("token", [None, "session"])
def test_from_variables(token: str | None) -> None:
    variables = {"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret"}
    found = role_credentials(variables | ({"AWS_SESSION_TOKEN": token} if token else {}))()
    assert (found.access_key, found.secret_key, found.token) == ("id", "secret", token)


def test_from_an_address(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", address)
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "the token")
    found = role_credentials({})()
    assert (found.access_key, found.secret_key, found.token) == ("id", "secret", "session")


@pytest.mark.parametrize("variables", [{}, {"AWS_ACCESS_KEY_ID": "id"}, {"AWS_SECRET_ACCESS_KEY": "secret"}])
def test_from_nowhere(variables: dict[str, str]) -> None:
    with pytest.raises(RuntimeError, match="No AWS credentials"):
        role_credentials(variables)
