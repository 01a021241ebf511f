"""Each example is a program of its own, and makes what it says."""

import runpy
from pathlib import Path

import pytest

from harness.project import PROJECT
from tests.unit.recording import Recorder, record

EXAMPLES = {
    "alarm_topic": {"MetricAlarm", "Topic", "TopicPolicy", "TopicSubscription"},
    "api_domain": {"ApiMapping", "DomainName"},
    "api_route": {"Integration", "Permission", "Route"},
    "api_stage": {"LogGroup", "Stage"},
    "dashboard": {"Dashboard"},
    "data_capture": {
        "Bucket",
        "BucketLifecycleConfiguration",
        "BucketPolicy",
        "BucketPublicAccessBlock",
        "BucketServerSideEncryptionConfiguration",
        "BucketVersioning",
    },
    "endpoint_alarms": {"MetricAlarm"},
    "endpoint_autoscaling": {"Policy", "Target"},
    "endpoint_configuration": {"EndpointConfiguration"},
    "http_api": {"Api", "Integration", "LogGroup", "Permission", "Route", "Stage"},
    "inference_endpoint": {"Endpoint", "EndpointConfiguration", "Model", "Role", "RolePolicy", "LogGroup"},
    "model_artifact": {
        "Bucket",
        "BucketLifecycleConfiguration",
        "BucketObject",
        "BucketPolicy",
        "BucketPublicAccessBlock",
        "BucketServerSideEncryptionConfiguration",
        "BucketVersioning",
    },
    "predict_function": {"Function", "LogGroup", "Role", "RolePolicy"},
    "request_alarms": {"MetricAlarm"},
    "security_headers": {"ResponseHeadersPolicy"},
    "site_content": {"BucketObject"},
    "static_site": {
        "Bucket",
        "BucketPolicy",
        "BucketPublicAccessBlock",
        "BucketServerSideEncryptionConfiguration",
        "Distribution",
        "OriginAccessControl",
        "ResponseHeadersPolicy",
    },
}
"""Which classes of resources each example makes."""


@pytest.fixture
def working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else's project, with a model and a page."""
    monkeypatch.chdir(tmp_path)
    for file in ("build/model.tar.gz", "site/index.html"):
        (tmp_path / file).parent.mkdir()
        (tmp_path / file).write_text("content")


@pytest.mark.usefixtures("working_directory")
@pytest.mark.parametrize("name", EXAMPLES)
def test_example_makes(name: str) -> None:
    recorder = Recorder()
    record(lambda: runpy.run_path(str(PROJECT / f"examples/{name}.py"), run_name="__main__"), recorder)
    assert {resource.type.split(":")[-1] for resource in recorder.resources} == EXAMPLES[name]


def test_every_example_is_run() -> None:
    assert {file.stem for file in (PROJECT / "examples").glob("*.py")} == set(EXAMPLES)
