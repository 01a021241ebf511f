"""The running API against its own description, attacked by schemathesis with a fixed seed.

``EXAMPLES=3000 make test TEST=tests/integration/test_openapi_contract.py`` makes a larger run.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.project import PROJECT
from tests.stack import Stack

HERE = Path(__file__).parent
EXAMPLES = os.environ.get("EXAMPLES", "60")
SEED = "20261124"


@pytest.fixture(scope="module")
def description(stack: Stack) -> dict[str, Any]:
    """The published one. Its example is an image on the Internet, which not every machine that runs tests reaches."""
    text = (PROJECT / "site/openapi.json").read_text()
    found: dict[str, Any] = json.loads(text)
    body = found["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
    body["example"]["url"] = f"{stack.outputs['pageUrl']}/samples/1.jpg"
    return found


def run(stack: Stack, description: dict[str, Any], folder: Path, checks: str = "", *options: str) -> dict[str, Any]:
    """Attack the API, with settings for some of the checks, and return what was counted."""
    (folder / "openapi.json").write_text(json.dumps(description))
    (folder / "schemathesis.toml").write_text((HERE / "schemathesis.toml").read_text() + checks)
    api = f"{stack.addresses.aws_url}/_aws/execute-api/{stack.outputs['apiId']}"
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(folder / "schemathesis.toml")),
        *("run", str(folder / "openapi.json"), "--url", api, "--seed", SEED, "--max-examples", EXAMPLES),
        *("--no-color", "--report", "json", "--report-json-path", str(folder / "report.json"), *options),
    ]
    environment = os.environ | {"PAGE_URL": stack.outputs["pageUrl"], "PYTHONPATH": str(PROJECT)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    report: dict[str, Any] = json.loads((folder / "report.json").read_text())
    assert report["complete"], report["stop_reason"]
    assert (report["failures"], report["errors"]) == ([], [])
    return report


def test_the_api_does_what_its_description_says(stack: Stack, description: dict[str, Any], tmp_path: Path) -> None:
    report = run(stack, description, tmp_path)
    rates = report["valid_rates"]["POST /predict"]
    assert rates["fuzzing"]["accepted"] > 0  # some requests come through to the model
    assert sum(phase["rejected"] for phase in rates.values()) == 0  # and none that is as described is refused


def test_any_text_may_come_as_the_url(stack: Stack, description: dict[str, Any], tmp_path: Path) -> None:
    """Where a URL leads, no schema can say: here values of the described type may be refused, as described."""
    description = json.loads(json.dumps(description))
    del description["components"]["schemas"]["ImageAddress"]["properties"]["url"]["format"]
    also_accepted = 'positive_data_acceptance.expected-statuses = ["200", "400", "422"]\n'
    run(stack, description, tmp_path, also_accepted, "--phases", "fuzzing")
