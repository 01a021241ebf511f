"""The harness's command line, run as users run it."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from harness import state, workspace
from harness.project import PROJECT
from tests.embedded_stack import (
    WITHOUT_MODEL,
    EmbeddedStack,
    free_port,
    harness,
    running_embedded_stack,
    start_stack,
)
from tests.project_copy import copy_of_project
from tests.stack import Stack

SAMPLE = str(PROJECT / "site/samples/3.jpg")
WITH_MODEL: dict[str, str] = {}
SIGNALS = [
    (signal.SIGTERM, WITH_MODEL),
    (signal.SIGINT, WITHOUT_MODEL),
    (signal.SIGHUP, WITHOUT_MODEL),
    (signal.SIGKILL, WITH_MODEL),
]
"""What ends a stack. A process that is busy with its model must not outlive it either, whatever the way it is told."""


@pytest.fixture
def stack(stack: Stack) -> EmbeddedStack:
    """The shared stack, where it is one that the command line manages."""
    if not isinstance(stack, EmbeddedStack):
        pytest.skip("the command line manages processes of this machine, and this stack runs in containers")
    return stack


@pytest.fixture(params=[WITHOUT_MODEL], ids=[""])
def own_stack(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[EmbeddedStack]:
    """A stack for tests that end it; by parametrizing, with other variables in its environment."""
    with running_embedded_stack(tmp_path / "stack", request.param) as running:
        yield running


@contextmanager
def deploying(directory: Path, *options: str, environment: Mapping[str, str]) -> "Iterator[subprocess.Popen[str]]":
    """A start that has come as far as the deployment; at the end of the ``with`` block it has ended."""
    ports = (f"--port={free_port()}", f"--sagemaker-port={free_port()}")
    command = [sys.executable, "-m", "harness", "up", *options, *ports, f"--directory={directory}"]
    variables = {**os.environ, **environment}
    with subprocess.Popen(
        command, cwd=PROJECT, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as up:
        assert up.stderr is not None
        while up.stderr.readline() != "deploying\n":
            assert up.poll() is None
        yield up


def members(directory: Path) -> list[psutil.Process]:
    """The harness and everything that it started, found by group and by parent."""
    process = psutil.Process(workspace.holder(directory))
    reaper = next(child for child in process.children() if any("reaper" in part for part in child.cmdline()))
    group = [p for p in psutil.process_iter() if _group(p.pid) == reaper.pid]
    return list({process, *process.children(recursive=True), *group})


def holder_of(directory: Path) -> int:
    process = workspace.holder(directory)
    assert process is not None
    return process


def _group(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except OSError:
        return 0


def wait_until_gone(processes: list[psutil.Process]) -> list[psutil.Process]:
    _, alive = psutil.wait_procs(processes, timeout=20)
    return [p for p in alive if p.status() != psutil.STATUS_ZOMBIE]


def test_up_prints_where_everything_is(stack: EmbeddedStack) -> None:
    assert stack.outputs.keys() >= {
        "pageUrl",
        "predictUrl",
        "apiId",
        "endpointName",
        "functionName",
        "awsEndpointUrl",
        "sagemakerEndpointUrl",
    }
    assert stack.outputs["awsEndpointUrl"] == f"http://127.0.0.1:{stack.addresses.aws_port}"


def test_predict_uploads_a_file(stack: EmbeddedStack) -> None:
    done = harness("predict", SAMPLE, "--json", directory=stack.directory)
    assert json.loads(done.stdout)["label"] == "3", done.stderr


def test_predict_takes_a_url_and_draws_the_probabilities(stack: EmbeddedStack) -> None:
    done = harness("predict", f"{stack.outputs['pageUrl']}/samples/3.jpg", directory=stack.directory)
    assert done.returncode == 0
    assert done.stdout.count("%") == 5


def test_predict_says_what_is_wrong_with_an_image(stack: EmbeddedStack, tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"not an image")
    done = harness("predict", str(broken), directory=stack.directory)
    assert done.returncode == 1
    assert done.stderr.startswith("error: 422")
    assert "Traceback" not in done.stderr


def test_predict_says_that_a_file_does_not_exist(stack: EmbeddedStack) -> None:
    done = harness("predict", "no/such/file.jpg", directory=stack.directory)
    assert (done.returncode, done.stdout) == (1, "")
    assert "no/such/file.jpg is neither a file nor" in done.stderr


def test_status_shows_endpoint_and_memory(stack: EmbeddedStack) -> None:
    shown = json.loads(harness("status", "--json", directory=stack.directory).stdout)
    assert shown["endpoints"] == {"object-counting-endpoint": "InService"}
    assert {"harness", "MiniStack", "SageMaker stand-in", "model container"} <= {
        process["process"] for process in shown["processes"]
    }
    assert shown["memoryMb"] > 100
    assert "object-counting-endpoint" in harness("status", directory=stack.directory).stdout


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("emulator", "ministack"),
        ("sagemaker", "object-counting-endpoint"),
        ("api", "POST /predict"),
        ("function", "requestId"),
        ("endpoint", "invocations"),
    ],
)
def test_logs_of_each_part(stack: EmbeddedStack, source: str, text: str) -> None:
    harness("predict", SAMPLE, directory=stack.directory)
    assert text in harness("logs", source, directory=stack.directory).stdout


@pytest.mark.parametrize("option", [[], ["--detach"]])
@pytest.mark.parametrize("same_ports", [True, False])
def test_a_second_start_in_the_same_folder_is_refused(
    stack: EmbeddedStack, option: list[str], same_ports: bool
) -> None:
    taken = (stack.addresses.aws_port, stack.addresses.sagemaker_port)
    port, sagemaker_port = taken if same_ports else (free_port(), free_port())
    done = harness("up", *option, f"--port={port}", f"--sagemaker-port={sagemaker_port}", directory=stack.directory)
    assert done.returncode == 1
    assert done.stderr.count("already running") == 1
    assert harness("predict", SAMPLE, directory=stack.directory).returncode == 0


@pytest.mark.parametrize("option", ["--port", "--sagemaker-port"])
def test_a_taken_port_is_named_with_the_option_that_changes_it(tmp_path: Path, option: str) -> None:
    other = {"--port": "--sagemaker-port", "--sagemaker-port": "--port"}[option]
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = harness("up", f"{option}={port}", f"{other}={free_port()}", directory=tmp_path)
    assert done.returncode == 1
    assert f"port {port} is taken" in done.stderr
    assert option in done.stderr


def test_a_stack_that_does_not_exist_is_named(tmp_path: Path) -> None:
    ports = (f"--port={free_port()}", f"--sagemaker-port={free_port()}")
    done = harness("up", "--stack=nonsense", *ports, directory=tmp_path)
    assert done.returncode == 1
    assert "Pulumi.nonsense.yaml does not exist. Stacks: dev, local, localstack, prod" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("option", [[], ["--detach"]])
@pytest.mark.parametrize("name", ["mine.txt", "CACHEDIR.TAG", "up.log"])
def test_a_folder_with_other_files_is_never_touched(tmp_path: Path, name: str, option: list[str]) -> None:
    (tmp_path / name).write_text("precious")
    done = harness("up", *option, f"--port={free_port()}", f"--sagemaker-port={free_port()}", directory=tmp_path)
    assert done.returncode == 1
    assert "holds other files" in done.stderr
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(name, "precious")]


def test_two_equal_ports_are_refused(tmp_path: Path) -> None:
    done = harness("up", "--port=5000", "--sagemaker-port=5000", directory=tmp_path)
    assert done.returncode == 1
    assert "two different ports" in done.stderr


@pytest.mark.parametrize("command", [["status"], ["down"], ["predict", SAMPLE], ["logs"]])
def test_without_a_stack_commands_say_so(tmp_path: Path, command: list[str]) -> None:
    done = harness(*command, directory=tmp_path)
    assert done.returncode == 3
    assert "no stack is running" in done.stderr


def test_wrong_usage_has_its_own_exit_status(tmp_path: Path) -> None:
    assert harness("up", "--port=none", directory=tmp_path).returncode == 2


@pytest.mark.parametrize(("number", "own_stack"), SIGNALS, indirect=["own_stack"])
def test_no_signal_leaves_a_process_behind(own_stack: EmbeddedStack, number: signal.Signals) -> None:
    processes = members(own_stack.directory)
    assert len(processes) >= 5  # harness, reaper, MiniStack, stand-in, container
    os.kill(holder_of(own_stack.directory), number)
    assert wait_until_gone(processes) == []


@pytest.mark.parametrize(("number", "environment"), SIGNALS)
def test_no_signal_during_the_start_leaves_a_process_behind(
    tmp_path: Path, number: signal.Signals, environment: dict[str, str]
) -> None:
    with deploying(tmp_path, environment=environment) as up:
        processes = members(tmp_path)
        up.send_signal(number)
        _, said = up.communicate()
    assert wait_until_gone(processes) == []
    assert "Traceback" not in said
    assert up.returncode == (-signal.SIGKILL if number == signal.SIGKILL else 130)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_start_in_the_background_ends_with_the_one_who_waits_for_it(tmp_path: Path, number: signal.Signals) -> None:
    with deploying(tmp_path, "--detach", environment=WITHOUT_MODEL) as up:
        processes = members(tmp_path)
        up.send_signal(number)
    assert wait_until_gone(processes) == []


def test_a_first_prediction_that_fails_says_why(tmp_path: Path) -> None:
    project = copy_of_project(tmp_path / "project")
    with (project / "Pulumi.local.yaml").open("a") as settings:
        settings.write("  object-counting:labels: [cat, dog]\n")
    ports = (f"--port={free_port()}", f"--sagemaker-port={free_port()}")
    done = harness("up", *ports, directory=tmp_path / "stack", project=project, environment=WITHOUT_MODEL)
    assert done.returncode == 1
    assert "there are 2 labels, but the endpoint answered" in done.stderr


def test_down_also_stops_a_stack_that_is_starting(tmp_path: Path) -> None:
    with deploying(tmp_path, "--detach", environment=WITHOUT_MODEL) as up:
        processes = members(tmp_path)
        assert harness("status", directory=tmp_path).returncode == 3
        assert harness("down", directory=tmp_path).returncode == 0
        up.communicate()
    assert up.returncode == 1
    assert wait_until_gone(processes) == []


def test_the_end_of_an_emulator_ends_the_stack(own_stack: EmbeddedStack) -> None:
    processes = members(own_stack.directory)
    (emulator,) = [p for p in processes if "harness.aws_emulator" in p.cmdline()]
    emulator.kill()
    assert wait_until_gone(processes) == []
    assert "MiniStack ended" in (own_stack.directory / "up.log").read_text()


def test_down_stops_everything_and_a_new_start_works_in_the_same_folder(own_stack: EmbeddedStack) -> None:
    processes = members(own_stack.directory)
    assert harness("down", directory=own_stack.directory).returncode == 0
    assert wait_until_gone(processes) == []
    assert not (own_stack.directory / "tmp").exists()
    assert not list(own_stack.directory.glob("endpoints/*/model-*"))
    again = start_stack(own_stack.directory, environment=WITHOUT_MODEL)
    assert harness("predict", SAMPLE, directory=again.directory).returncode == 0


USERS_OWN_AWS_SETTINGS = {
    "AWS_PROFILE": "corp",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    "USE_SSL": "1",
    "SERVICES": "s3",
    "HTTP_PROXY": "http://127.0.0.1:1",
}


def test_demo_asks_about_every_sample_and_stops_whatever_the_users_own_aws_settings_are(tmp_path: Path) -> None:
    ports = (f"--port={free_port()}", f"--sagemaker-port={free_port()}")
    done = harness("demo", *ports, directory=tmp_path, environment=USERS_OWN_AWS_SETTINGS)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()[1:]
    assert [line.split()[:3] for line in lines] == [[f"{n}.jpg", str(n), str(n)] for n in range(1, 6)]
    with pytest.raises(state.NotRunning):
        state.read(tmp_path)


def test_demo_fails_when_an_answer_is_wrong(tmp_path: Path) -> None:
    ports = (f"--port={free_port()}", f"--sagemaker-port={free_port()}")
    done = harness("demo", *ports, directory=tmp_path, environment=WITHOUT_MODEL)  # which always counts two
    assert done.returncode == 1
    assert "4 of 5 answers are missing or wrong" in done.stderr
