"""Runs the SageMaker stand-in for tests, and drives it as its users do."""

import contextlib
import functools
import io
import json
import os
import shlex
import subprocess
import sys
import tarfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO, TypeVar

import boto3
from botocore.config import Config

from harness.project import PROJECT
from model_server.sagemaker.ports import reserve_port

FAKE_CONTAINER = shlex.join([sys.executable, str(Path(__file__).with_name("sagemaker_fake_container.py"))])
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
}
ARN = "arn:aws:sagemaker:us-east-1:000000000000"
ROLE = "arn:aws:iam::000000000000:role/execution"


@dataclass
class StandIn:
    """A running stand-in."""

    url: str
    directory: Path
    process: "subprocess.Popen[bytes]"
    s3_endpoint: str
    own_log: TextIO

    def client(self, service: str) -> Any:
        """A boto3 client that does not hide an error behind a retry."""
        return _client(service, self.s3_endpoint if service == "s3" else self.url)

    @property
    def sagemaker(self) -> Any:
        return self.client("sagemaker")

    def upload(self, key: str, files: dict[str, str]) -> str:
        """Put a model.tar.gz into S3 and return its URI."""
        return self.upload_bytes(key, archive(files))

    def upload_bytes(self, key: str, content: bytes) -> str:
        s3 = self.client("s3")
        s3.create_bucket(Bucket="models")
        s3.put_object(Bucket="models", Key=key, Body=content)
        return f"s3://models/{key}"

    def configure(self, name: str, uri: str, environment: dict[str, str] | None = None, **variant: object) -> None:
        """Create a model and an endpoint configuration of that name."""
        container = {"Image": "image", "ModelDataUrl": uri, "Environment": environment or {}}
        self.sagemaker.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=ROLE)
        self.sagemaker.create_endpoint_config(
            EndpointConfigName=name, ProductionVariants=[production_variant(name, **variant)]
        )

    def create_endpoint(
        self, name: str, environment: dict[str, str] | None = None, **variant: object
    ) -> dict[str, Any]:
        """Create all that an endpoint needs and wait until it has settled."""
        self.configure(name, self.upload(f"{name}.tar.gz", {"name.txt": name}), environment, **variant)
        self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
        return self.settled(name)

    def settled(self, name: str, seconds: float = 60, interval: float = 0.02) -> dict[str, Any]:
        """The description of an endpoint once nothing is under way."""

        def description() -> dict[str, Any] | None:
            described: dict[str, Any] = self.sagemaker.describe_endpoint(EndpointName=name)
            return described if described["EndpointStatus"] in ("InService", "Failed") else None

        return eventually(description, seconds, interval)

    def invoke(self, name: str, body: bytes = b"x", **parameters: Any) -> Any:
        """What the fake container says that it got."""
        answer = self.client("sagemaker-runtime").invoke_endpoint(EndpointName=name, Body=body, **parameters)
        return json.loads(answer["Body"].read())

    def container_pid(self, name: str) -> int | None:
        """The process id of an endpoint's container, as the health check tells it."""
        endpoints = json.load(urllib.request.urlopen(f"{self.url}/_health"))["endpoints"]
        pid: int | None = next(e["container_pid"] for e in endpoints if e["name"] == name)
        return pid

    def logged(self) -> list[dict[str, Any]]:
        """What the stand-in has logged since the last call, all of it JSON."""
        return [json.loads(line) for line in self.own_log]

    def log(self, name: str) -> str:
        """What the container of an endpoint has printed."""
        return (self.directory / "endpoints" / name / "container.log").read_text()


@functools.cache
def _client(service: str, url: str) -> Any:
    session: Any = boto3.session.Session()
    return session.client(
        service,
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}, read_timeout=90, max_pool_connections=50),
    )


@contextlib.contextmanager
def running_stand_in(directory: Path, s3_endpoint: str, *arguments: str) -> Iterator[StandIn]:
    """Start a stand-in in a process group of its own, and stop it as the harness does."""
    port = reserve_port("127.0.0.1")
    log = directory.with_name(f"{directory.name}.log")
    with log.open("ab") as stderr:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "model_server.sagemaker"),
                *("--port", str(port), "--directory", str(directory)),
                *("--container-command", FAKE_CONTAINER),
                *arguments,
            ],
            cwd=PROJECT,
            env={**os.environ, **CREDENTIALS, "AWS_ENDPOINT_URL_S3": s3_endpoint},
            stderr=stderr,
            start_new_session=True,
        )
    with log.open() as own_log:
        stand_in = StandIn(f"http://127.0.0.1:{port}", directory, process, s3_endpoint, own_log)

        def answers() -> bool:
            assert process.poll() is None, f"the stand-in ended while starting: {log.read_text()}"
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{stand_in.url}/_health", timeout=5).close()
                return True
            return False

        try:
            eventually(answers)
            yield stand_in
        finally:
            process.terminate()
            process.wait()
            sys.stderr.write(log.read_text())  # for the report of a test that failed


T = TypeVar("T")


def eventually(probe: Callable[[], T | None], seconds: float = 60, interval: float = 0.02) -> T:
    """Repeat `probe` until it returns something true; the generous limit is for failures only."""
    deadline = time.monotonic() + seconds
    while not (result := probe()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(interval)
    return result


def archive(files: dict[str, str]) -> bytes:
    """A model.tar.gz."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
    return buffer.getvalue()


def production_variant(model: str, **members: object) -> dict[str, object]:
    """A production variant as most people write it."""
    variant = {"VariantName": "AllTraffic", "ModelName": model}
    if "ServerlessConfig" not in members:
        members = {"InstanceType": "ml.m5.large", "InitialInstanceCount": 1, **members}
    return {**variant, **members}
