"""The stacks of the repository, deployed for real on the emulators: nothing is left out, and they answer.

Stack ``local`` is what all other integration tests run against.
"""

import fnmatch
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness import loopback
from harness.prediction import predict
from harness.project import PROJECT
from tests.embedded_stack import EmbeddedStack, bare_emulators, harness, start_stack
from tests.unit.program import STACKS, run_program
from tests.unit.recording import Recorder

SAMPLE = str(PROJECT / "site/samples/3.jpg")


def running(name: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStack]:
    stack = start_stack(tmp_path_factory.mktemp(name), f"--stack={name}")
    yield stack
    harness("down", directory=stack.directory)


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStack]:
    yield from running("dev", tmp_path_factory)


@pytest.fixture(scope="module")
def prod(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStack]:
    yield from running("prod", tmp_path_factory)


@pytest.fixture(params=["dev", "prod"])
def any_stack(request: pytest.FixtureRequest) -> tuple[str, EmbeddedStack]:
    return request.param, request.getfixturevalue(request.param)


def test_it_answers(any_stack: tuple[str, EmbeddedStack]) -> None:
    _, stack = any_stack
    assert predict(stack.outputs["predictUrl"], SAMPLE).answer["label"] == "3"
    assert predict(stack.outputs["predictUrl"], f"{stack.outputs['pageUrl']}/samples/5.jpg").answer["label"] == "5"


def test_no_resource_is_left_out(
    any_stack: tuple[str, EmbeddedStack], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    name, stack = any_stack
    recorder = Recorder()
    run_program(name, monkeypatch, tmp_path / "model.tar.gz", recorder)
    status = json.loads(harness("status", "--json", directory=stack.directory).stdout)
    assert status["timings"]["resources"] == len(recorder.resources)


def test_every_stack_of_the_repository_is_deployed_by_a_test() -> None:
    assert STACKS == ["dev", "local", "localstack", "prod"]


def variant(stack: EmbeddedStack) -> dict[str, Any]:
    described = stack.aws["sagemaker"].describe_endpoint(EndpointName=stack.outputs["endpointName"])
    (summary,) = described["ProductionVariants"]
    return dict(summary)


def test_development_is_serverless(dev: EmbeddedStack) -> None:
    assert variant(dev)["CurrentServerlessConfig"] == {"MemorySizeInMB": 3072, "MaxConcurrency": 5}


def test_production_has_instances_that_scale(prod: EmbeddedStack) -> None:
    assert variant(prod)["CurrentInstanceCount"] == 2
    scaling = prod.aws["application-autoscaling"]
    (target,) = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (2, 5)
    assert target["ResourceId"] == f"endpoint/{prod.outputs['endpointName']}/variant/AllTraffic"
    (policy,) = scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
    assert policy["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] == 900
    assert policy["PolicyARN"].split(":")[4] == "000000000000"


def test_a_rollout_of_production_is_guarded_by_alarms_that_exist(prod: EmbeddedStack) -> None:
    described = prod.aws["sagemaker"].describe_endpoint(EndpointName=prod.outputs["endpointName"])
    guards = described["LastDeploymentConfig"]["AutoRollbackConfiguration"]["Alarms"]
    alarms = prod.aws["cloudwatch"].describe_alarms()["MetricAlarms"]
    assert {guard["AlarmName"] for guard in guards} < {alarm["AlarmName"] for alarm in alarms}
    assert len(alarms) == 7


def test_the_api_is_throttled_and_logs_its_calls(any_stack: tuple[str, EmbeddedStack]) -> None:
    name, stack = any_stack
    stage = stack.aws["apigatewayv2"].get_stage(ApiId=stack.outputs["apiId"], StageName="$default")
    assert stage["DefaultRouteSettings"]["ThrottlingRateLimit"] == {"dev": 20, "prod": 200}[name]
    assert stage["RouteSettings"]["POST /predict"]["ThrottlingBurstLimit"] == {"dev": 40, "prod": 100}[name]
    assert ":log-group:/aws/vendedlogs/object-counting-api" in stage["AccessLogSettings"]["DestinationArn"]


def test_the_dashboard_is_there(any_stack: tuple[str, EmbeddedStack]) -> None:
    _, stack = any_stack
    body = stack.aws["cloudwatch"].get_dashboard(DashboardName="object-counting")["DashboardBody"]
    assert len(json.loads(body)["widgets"]) == 12


def test_buckets_are_private_versioned_and_encrypted(any_stack: tuple[str, EmbeddedStack]) -> None:
    _, stack = any_stack
    s3 = stack.aws["s3"]
    names = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    assert len(names) == 2
    for name in names:
        assert set(s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"].values()) == {True}
        (rule,) = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
        assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    (artifacts,) = [name for name in names if name.startswith("model-artifacts")]
    assert s3.get_bucket_versioning(Bucket=artifacts)["Status"] == "Enabled"
    (rule,) = s3.get_bucket_lifecycle_configuration(Bucket=artifacts)["Rules"]
    assert rule["NoncurrentVersionExpiration"]["NoncurrentDays"] == 90


# --- LocalStack ------------------------------------------------------------------------------------------

# The command line does not say how many resources there are.
DEPLOY = """
import json, sys
from harness.addresses import Addresses
from harness.configuration import read
from harness.deployment import deploy
addresses = Addresses(int(sys.argv[1]), int(sys.argv[2]))
deployed = deploy(read("localstack", addresses), addresses, lambda step, detail="": None)
print(json.dumps({"outputs": deployed.outputs, "resources": deployed.resources}))
"""


@pytest.fixture(scope="module")
def localstack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """What deploying stack ``localstack`` makes, on a MiniStack that gives itself LocalStack's host name.

    LocalStack itself needs a token. Its names are what differs, and what the stack's settings are about.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MINISTACK_HOST", "localhost.localstack.cloud")
        with bare_emulators(tmp_path_factory.mktemp("localstack")) as addresses:
            command = [sys.executable, "-c", DEPLOY, str(addresses.aws_port), str(addresses.sagemaker_port)]
            done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
            yield json.loads(done.stdout)


def test_localstacks_stack_leaves_nothing_out(
    localstack: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    recorder = Recorder()
    run_program("localstack", monkeypatch, tmp_path / "model.tar.gz", recorder)
    assert localstack["resources"] == len(recorder.resources)


def test_localstacks_stack_answers(localstack: dict[str, Any]) -> None:
    """To an image. The function would find the URL of a sample by the public DNS, or by LocalStack's own."""
    assert predict(localstack["outputs"]["predictUrl"], SAMPLE).answer["label"] == "3"


def test_localstacks_page_may_ask_the_api(localstack: dict[str, Any]) -> None:
    page_url, predict_url = localstack["outputs"]["pageUrl"], localstack["outputs"]["predictUrl"]
    page = loopback.request("GET", f"{page_url}/index.html")
    assert page.status == 200
    (directive,) = [d for d in page.headers["Content-Security-Policy"].split("; ") if d.startswith("connect-src ")]
    assert any(fnmatch.fnmatch(predict_url, f"{source}/predict") for source in directive.split())
    config = loopback.request("GET", f"{page_url}/config.json").json()
    assert config["apiUrl"] == predict_url
    preflight = {"Origin": page_url, "Access-Control-Request-Method": "POST"}
    allowed = loopback.request("OPTIONS", predict_url, headers=preflight)
    assert allowed.headers["Access-Control-Allow-Origin"] == page_url
