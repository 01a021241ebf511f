"""``python -m harness deploy``: into emulators that somebody else has started."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from harness.addresses import Addresses
from harness.clients import Clients
from harness.prediction import predict
from harness.project import PROJECT
from tests.embedded_stack import WITHOUT_MODEL, free_port, harness


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Addresses]:
    """Where the command that starts only emulators has started them."""
    addresses, directory = Addresses(free_port(), free_port()), tmp_path_factory.mktemp("emulators")
    ports = (f"--port={addresses.aws_port}", f"--sagemaker-port={addresses.sagemaker_port}")
    command = [sys.executable, "-m", "harness", "emulators", *ports, f"--directory={directory}"]
    environment = os.environ | WITHOUT_MODEL
    with subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, text=True) as emulators:
        assert emulators.stdout
        assert addresses.aws_url in emulators.stdout.readline()
        yield addresses
        harness("down", directory=directory)


def urls(addresses: Addresses) -> tuple[str, str]:
    return f"--aws-url={addresses.aws_url}", f"--sagemaker-url={addresses.sagemaker_url}"


def deploy(addresses: Addresses, *options: str) -> str:
    """What it prints."""
    done = harness("deploy", *urls(addresses), *options)
    assert done.returncode == 0, done.stderr
    return done.stdout


def check(addresses: Addresses, outputs: dict[str, str]) -> None:
    """The stack is there once, and it answers."""
    assert outputs.keys() >= {"pageUrl", "predictUrl", "apiId", "endpointName", "functionName"}
    answer = predict(outputs["predictUrl"], f"{outputs['pageUrl']}/samples/2.jpg").answer
    assert answer["label"] == "2"
    assert len(Clients(addresses)["s3"].list_buckets()["Buckets"]) == 2
    assert len(Clients(addresses)["sagemaker"].list_models()["Models"]) == 1


def test_deploys_and_prints_the_outputs_and_does_so_again(addresses: Addresses) -> None:
    outputs = json.loads(deploy(addresses, "--json"))
    check(addresses, outputs)
    lines = [line.partition(" ") for line in deploy(addresses).splitlines()]
    again = {name: value.strip() for name, _, value in lines}
    assert list(again) == list(outputs)
    check(addresses, again)


def test_says_in_one_sentence_that_nothing_answers() -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    done = harness("deploy", f"--aws-url={nowhere}", f"--sagemaker-url={nowhere}")
    assert (done.returncode, done.stdout) == (1, "")
    assert f"error: {nowhere}/_ministack/reset does not answer" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("url", ["aws:4566", "http://aws", "https://aws:4566", "http://aws:4566/path", "http://aws:x"])
def test_a_url_of_another_form_is_wrong_usage(url: str) -> None:
    done = harness("deploy", f"--aws-url={url}")
    assert done.returncode == 2
    assert "http://aws:4566" in done.stderr


def test_a_stack_that_does_not_exist_is_named_and_what_is_deployed_stays(addresses: Addresses) -> None:
    Clients(addresses)["s3"].create_bucket(Bucket="precious")
    done = harness("deploy", *urls(addresses), "--stack=nonsense")
    assert done.returncode == 1
    assert "Pulumi.nonsense.yaml does not exist" in done.stderr
    assert "precious" in [bucket["Name"] for bucket in Clients(addresses)["s3"].list_buckets()["Buckets"]]
