"""The choice of LocalStack, as far as it can be tested without its image and somebody's token."""

import os
import subprocess

from harness.project import PROJECT


def images(**variables: str) -> "subprocess.CompletedProcess[str]":
    """What ``docker compose up`` would run."""
    environment = {name: value for name, value in os.environ.items() if name != "COMPOSE_PROFILES"}
    command = ["docker", "compose", "config", "--images"]
    return subprocess.run(command, cwd=PROJECT, env=environment | variables, capture_output=True, text=True)


def test_one_variable_puts_localstack_in_place_of_ministack() -> None:
    assert set(images().stdout.split()) == {f"object-counting-{name}" for name in ("aws", "sagemaker", "deploy")}
    chosen = images(COMPOSE_PROFILES="localstack", LOCALSTACK_AUTH_TOKEN="test")
    assert set(chosen.stdout.split()) == {
        "localstack/localstack",
        "object-counting-sagemaker",
        "object-counting-deploy",
    }


def test_localstack_without_a_token_is_refused_with_one_sentence() -> None:
    refused = images(COMPOSE_PROFILES="localstack")
    assert (refused.returncode != 0, refused.stdout) == (True, "")
    assert refused.stderr.count("\n") <= 1
    assert "LOCALSTACK_AUTH_TOKEN is missing a value: LocalStack needs your own token" in refused.stderr


def test_nothing_but_localstack_asks_for_a_token() -> None:
    assert images().returncode == 0
