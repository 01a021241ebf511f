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
