"""Runs the unchanged program under Pulumi's mocks, for one stack's configuration."""

import json
import runpy
from pathlib import Path
from typing import Any

import pytest
import yaml
from pulumi.runtime import set_all_config

from harness.project import PROJECT
from tests.unit.recording import REGION, Recorder, Resources, record

STACKS = sorted(path.name.split(".")[1] for path in PROJECT.glob("Pulumi.*.yaml"))

# What is switched on by a setting that no stack of the repository uses.
OPTIONS: dict[str, dict[str, Any]] = {
    "domains": {
        "apiDomain": "api.example.com",
        "apiCertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/a",
        "pageDomain": "www.example.com",
        "pageCertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/b",
    },
    "tokens": {"jwtIssuer": "https://issuer.example.com", "jwtAudience": ["counting"]},
    "recording": {"dataCapturePercentage": 10},
    "key": {"volumeKeyArn": "arn:aws:kms:us-east-1:123456789012:key/c"},
    "isolation": {"networkIsolation": "true"},
    "own image": {"inferenceImageUri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/counting:1"},
    "few hosts": {"allowedImageHosts": ["aft-vbi-pds.s3.amazonaws.com", "images.example.com:8443"]},
    "mail": {"alarmEmail": "ops@example.com"},
    "scaling on concurrency": {"maxInstances": 4, "autoscalingMetric": "concurrency", "autoscalingTarget": 4},
}


def run_program(
    stack: str, monkeypatch: pytest.MonkeyPatch, artifact: Path, recorder: Recorder | None = None, **overrides: Any
) -> Resources:
    """What the program asks for, with the stack's configuration as the Pulumi CLI would pass it on."""
    monkeypatch.chdir(PROJECT)
    artifact.write_bytes(b"weights")
    configuration = _configuration(stack) | {f"object-counting:{key}": value for key, value in overrides.items()}
    configuration["object-counting:modelArtifact"] = str(artifact)
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in configuration.items()}

    def program() -> None:
        set_all_config(texts)
        runpy.run_path("__main__.py", run_name="__main__")

    return record(program, recorder, project="object-counting", stack=stack)


def _configuration(stack: str) -> dict[str, Any]:
    project = yaml.safe_load((PROJECT / "Pulumi.yaml").read_text())
    defaults = {f"{project['name']}:{key}": setting["default"] for key, setting in project["config"].items()}
    chosen: dict[str, Any] = yaml.safe_load((PROJECT / f"Pulumi.{stack}.yaml").read_text())["config"]
    return {"aws:region": REGION} | defaults | chosen
