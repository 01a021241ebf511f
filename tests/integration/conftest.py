"""Fixtures that several integration tests share."""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from model_server.sagemaker.ports import reserve_port


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """The URL of a real MiniStack, which serves S3 for the whole session."""
    port = reserve_port("127.0.0.1")
    settings = {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "IOT_MTLS_ENABLED": "0", "SFTP_ENABLED": "0"}
    process = subprocess.Popen(
        [sys.executable, "-m", "ministack"],
        env={**os.environ, **settings},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{url}/_ministack/health", process)
        yield url
    finally:
        process.terminate()
        process.wait()


def _wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except (OSError, urllib.error.URLError):
            assert process.poll() is None, "MiniStack ended while starting"
            assert time.monotonic() < deadline, f"{url} did not answer"
            time.sleep(0.1)
        else:
            return
