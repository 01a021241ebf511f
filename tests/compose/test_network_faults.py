"""Faults of containers and of the network between them: clear answers meanwhile, and recovery by itself."""

import json
import time
from collections.abc import Iterator

import pytest

from harness import loopback
from tests.compose.calls import problem, wait_for_an_answer
from tests.compose_stack import ComposeStack, docker

# An HTTP API ends a call after 30 s with words of its own; ours come before.
BUDGET_SECONDS = 29.5


@pytest.fixture(autouse=True)
def answering(breakable: ComposeStack) -> Iterator[None]:
    """Before and after each fault, the stack answers."""
    wait_for_an_answer(breakable)
    yield
    wait_for_an_answer(breakable)


def test_sagemaker_is_killed_and_started_again(breakable: ComposeStack) -> None:
    breakable.project.compose("kill", "sagemaker")
    assert [problem(breakable), problem(breakable)] == [503, 503]
    breakable.project.compose("start", "sagemaker")
    wait_for_an_answer(breakable)


def test_sagemaker_crashes(breakable: ComposeStack) -> None:
    """Nobody starts it again but the engine."""
    container = breakable.project.container("sagemaker")
    docker("exec", "--detach", container, "python", "-c", "import os, signal; os.kill(-1, signal.SIGKILL)")
    while docker("inspect", "--format={{.RestartCount}}", container) == "0":
        time.sleep(0.1)
    wait_for_an_answer(breakable)


def test_sagemaker_is_paused(breakable: ComposeStack) -> None:
    """Its kernel goes on taking requests, so that only time can tell: the budget runs out."""
    breakable.project.compose("pause", "sagemaker")
    try:
        started_at = time.monotonic()
        assert problem(breakable) == 504
        assert time.monotonic() - started_at < BUDGET_SECONDS
    finally:
        breakable.project.compose("unpause", "sagemaker")
    wait_for_an_answer(breakable)


def test_sagemaker_is_cut_off_from_the_network(breakable: ComposeStack) -> None:
    """What is sent over a connection that is open gets lost, and only time can tell; after that, no name resolves."""
    network, container = f"{breakable.project.name}_default", breakable.project.container("sagemaker")
    docker("network", "disconnect", network, container)
    try:
        assert problem(breakable) in (503, 504)
        assert [problem(breakable), problem(breakable)] == [503, 503]
    finally:
        docker("network", "connect", "--alias=sagemaker", network, container)
    wait_for_an_answer(breakable)


def test_aws_is_restarted(breakable: ComposeStack) -> None:
    """With it, API and page are away; they come back under the same addresses, with all that was deployed."""
    breakable.project.compose("restart", "aws")
    wait_for_an_answer(breakable, api_may_be_gone=True)
    page = loopback.request("GET", f"{breakable.outputs['pageUrl']}/")
    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")


def test_everything_is_restarted(breakable: ComposeStack) -> None:
    breakable.project.compose("restart", "aws", "sagemaker")
    wait_for_an_answer(breakable, api_may_be_gone=True)


def test_deploying_again_starts_from_nothing(breakable: ComposeStack) -> None:
    breakable.aws["s3"].create_bucket(Bucket="left-over")
    breakable.project.compose("up", "--detach")
    assert docker("wait", breakable.project.container("deploy")) == "0"
    printed = breakable.project.compose("logs", "--no-log-prefix", "deploy")
    breakable.outputs.update(json.loads(printed[printed.rindex("{") :]))
    names = [bucket["Name"] for bucket in breakable.aws["s3"].list_buckets()["Buckets"]]
    assert len(names) == 2
    assert "left-over" not in names
