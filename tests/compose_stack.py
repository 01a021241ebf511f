"""The stack as containers, started by the command that users call."""

import fcntl
import json
import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from harness.addresses import Addresses
from harness.project import PROJECT
from tests.embedded_stack import free_port
from tests.stack import Stack

# In the container that it runs in, there are no other models' processes.
SIGNAL_CONTAINERS = """
import contextlib, os, pathlib, sys
for file in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
    with contextlib.suppress(OSError):  # one may be gone by now
        if b"model_server.container" in file.read_bytes().split(b"\\0"):
            os.kill(int(file.parent.name), int(sys.argv[1]))
"""


@dataclass(frozen=True)
class Project:
    """A project of docker compose with ports of its own."""

    name: str
    addresses: Addresses

    @property
    def command(self) -> Sequence[str]:
        """The start of every command line; it carries the environment, so that it works anywhere."""
        ports = (f"AWS_PORT={self.addresses.aws_port}", f"SAGEMAKER_PORT={self.addresses.sagemaker_port}")
        compose = ("docker", "compose", f"--project-directory={PROJECT}", f"--project-name={self.name}")
        return ["env", *ports, *compose]

    def compose(self, *arguments: str) -> str:
        """Run ``docker compose``; return what it prints."""
        done = subprocess.run([*self.command, *arguments], cwd=PROJECT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def build(self) -> None:
        """Build the images of its services."""
        with building():
            self.compose("build")

    def container(self, service: str) -> str:
        """The id of a service's container."""
        return self.compose("ps", "--all", "--quiet", service).strip()


@dataclass(frozen=True)
class ComposeStack(Stack):
    """A stack that ``docker compose up`` has started."""

    project: Project

    @property
    def private_names(self) -> Sequence[str]:
        return ["aws", "sagemaker"]

    @property
    def model_reaches_page(self) -> bool:
        return False

    @property
    def python_beside_function(self) -> Sequence[str]:
        return [*self.project.command, "exec", "--no-TTY", "aws", "python"]

    def log(self, part: str) -> str:
        if part == "endpoint":
            file = f"/var/lib/sagemaker/endpoints/{self.outputs['endpointName']}/container.log"
            return self.project.compose("exec", "--no-TTY", "sagemaker", "cat", file)
        return self.project.compose("logs", "--no-log-prefix", {"emulator": "aws"}.get(part, part))

    def signal_containers(self, number: signal.Signals) -> None:
        self.project.compose("exec", "--no-TTY", "sagemaker", "python", "-c", SIGNAL_CONTAINERS, str(int(number)))


def docker(*arguments: str) -> str:
    """Run ``docker``; return what it prints."""
    done = subprocess.run(["docker", *arguments], cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@contextmanager
def building() -> Iterator[None]:
    """One process builds at a time, so that the next finds the layers instead of making them as well."""
    with (PROJECT / "docker-compose.yml").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def compose_project(name: str) -> Iterator[Project]:
    """A project that is not up yet, and of which nothing is left at the end of the ``with`` block."""
    name = f"object-counting-{name}-{os.getpid()}"
    project = Project(name, Addresses(free_port(), free_port()))
    try:
        yield project
    finally:
        project.compose("down", "--volumes")
        if images := docker("image", "ls", "--format={{.Repository}}", f"--filter=reference={name}-*").split():
            docker("image", "rm", *images)


@contextmanager
def running_compose_stack(name: str) -> Iterator[ComposeStack]:
    """Build and start a stack, and wait until ``deploy`` has ended."""
    with compose_project(name) as project:
        project.build()
        project.compose("up", "--detach")
        status = docker("wait", project.container("deploy"))
        printed = project.compose("logs", "--no-log-prefix", "deploy")
        assert status == "0", printed
        outputs = json.loads(printed[printed.index("{") :])
        yield ComposeStack(outputs, project.addresses, project)


@contextmanager
def leaving_no_images() -> Iterator[None]:
    """Remove the project's images without a name that builds leave behind; the legacy builder makes one per stage."""
    before = _images_without_name()
    yield
    for image in _images_without_name() - before:
        subprocess.run(["docker", "image", "rm", image], capture_output=True)


def _images_without_name() -> set[str]:
    ours = "--filter=label=org.opencontainers.image.title=object-counting"
    return set(docker("image", "ls", "--quiet", "--no-trunc", "--filter=dangling=true", ours).split())
