"""The images: how they are built, and the inference container as SageMaker runs it."""

import http.client
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest

from harness.project import PROJECT
from model_server.sagemaker.archive import unpack
from tests.compose_stack import building, docker
from tests.embedded_stack import free_port

LEGACY, BUILDKIT = {"DOCKER_BUILDKIT": "0"}, {"DOCKER_BUILDKIT": "1"}
MODEL_SERVER = "model_server/Dockerfile"
# SageMaker's own limits. https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
MEMORY = "2g"
START_SECONDS = 180.0
PING_SECONDS = 2.0
INVOCATION_SECONDS = 60.0
SAMPLES = [(PROJECT / f"site/samples/{count}.jpg").read_bytes() for count in range(1, 6)]


def builder(name: str) -> tuple[Sequence[str], dict[str, str]]:
    """The start of a command line that builds with BuildKit or with the legacy builder, and its environment."""
    if name == "legacy":
        return ["docker", "build"], LEGACY
    if subprocess.run(["docker", "buildx", "version"], capture_output=True).returncode == 0:
        return ["docker", "build"], BUILDKIT
    # Without the plugin, only a command line before version 23 speaks to the engine's own BuildKit.
    for folder in os.get_exec_path():
        docker_command = shutil.which("docker", path=folder)
        if (
            docker_command
            and " 20." in subprocess.run([docker_command, "--version"], capture_output=True, text=True).stdout
        ):
            return [docker_command, "build"], BUILDKIT
    reason = "no docker command here can use BuildKit: there is no buildx plugin"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def build(
    command: Sequence[str], environment: dict[str, str], dockerfile: str, target: str | None, runtime: str = "torch"
) -> str:
    """Build an image; return its id."""
    values = {"TORCH_INDEX_URL": os.environ.get("TORCH_INDEX_URL", ""), "INFERENCE_RUNTIME": runtime}
    arguments = [f"--build-arg={name}={value}" for name, value in values.items() if dockerfile == MODEL_SERVER]
    stage = [f"--target={target}"] if target else []
    with building() if environment == LEGACY else nullcontext():
        done = subprocess.run(
            [*command, "--quiet", f"--file={dockerfile}", *stage, *arguments, "."],
            cwd=PROJECT,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
        )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("name", ["BuildKit", "legacy"])
def test_every_image_builds_with(name: str) -> None:
    command, environment = builder(name)
    for dockerfile, target in (
        ("harness/Dockerfile", None),
        (MODEL_SERVER, "sagemaker"),
        (MODEL_SERVER, "deploy"),
        (MODEL_SERVER, "container"),
    ):
        image = build(command, environment, dockerfile, target)
        (inspected,) = json.loads(docker("image", "inspect", image))
        assert inspected["Config"]["User"] not in ("", "root", "0")


@pytest.fixture(scope="module")
def image() -> str:
    """The id of what one pushes to ECR: the image that the Dockerfile builds when no target is named."""
    return build(["docker", "build"], LEGACY, MODEL_SERVER, None)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample model, unpacked."""
    folder = tmp_path_factory.mktemp("artifact") / "model"
    unpack(PROJECT / "build/model.tar.gz", folder)
    folder.parent.chmod(0o755)
    folder.chmod(0o755)
    return folder


class Served:
    """A running inference container."""

    def __init__(self, container: str, port: int) -> None:
        self.container = container
        self._port = port

    def request(
        self, method: str, path: str, timeout: float, body: bytes | None = None, content_type: str = "image/jpeg"
    ) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=timeout)
        try:
            connection.request(method, path, body, {"Content-Type": content_type} if body else {})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def is_healthy(self) -> bool:
        try:
            return self.request("GET", "/ping", PING_SECONDS)[0] == 200
        except (OSError, http.client.HTTPException):
            assert docker("inspect", "--format={{.State.Status}}", self.container) == "running"
            return False


@contextmanager
def serving(image: str, model: Path) -> Iterator[Served]:
    """The image as SageMaker runs it, `docker run IMAGE serve`, once it is healthy."""
    port = free_port()
    container = docker(
        *("run", "--detach", f"--publish=127.0.0.1:{port}:8080", f"--volume={model}:/opt/ml/model:ro"),
        *(f"--memory={MEMORY}", f"--memory-swap={MEMORY}", image, "serve"),
    )
    try:
        running = Served(container, port)
        give_up_at = time.monotonic() + START_SECONDS
        while not running.is_healthy():
            assert time.monotonic() < give_up_at, docker("logs", container)
            time.sleep(0.2)
        yield running
    finally:
        docker("rm", "--force", "--volumes", container)


@pytest.fixture
def served(image: str, model: Path) -> Iterator[Served]:
    with serving(image, model) as running:
        yield running


def test_openvino_computes_where_the_image_was_built_for_it(model: Path) -> None:
    image = build(["docker", "build"], LEGACY, MODEL_SERVER, None, runtime="openvino")
    with serving(image, model) as served:
        assert "_cpu_plugin.so" in docker("exec", served.container, "cat", "/proc/1/maps")
        assert_counts_objects(served)


def assert_counts_objects(served: Served) -> None:
    for index, sample in enumerate(SAMPLES):
        status, body = served.request("POST", "/invocations", INVOCATION_SECONDS, sample)
        (logits,) = json.loads(body)
        assert (status, len(logits), max(range(5), key=logits.__getitem__)) == (200, 5, index)


def test_serves_as_sagemaker_wants_it(served: Served) -> None:
    assert_counts_objects(served)
    status, body = served.request("POST", "/invocations", INVOCATION_SECONDS, b"not an image")
    assert (status, json.loads(body).keys()) == (400, {"message"})
    assert served.request("GET", "/ping", PING_SECONDS)[0] == 200
    assert docker("inspect", "--format={{.State.OOMKilled}}", served.container) == "false"


def test_it_has_a_worker_for_each_core_that_it_may_use(image: str) -> None:
    count = "from model_server.container.cores import usable_cores; print(usable_cores())"
    assert docker("run", "--rm", "--cpus=0.5", "--entrypoint=python", image, "-c", count) == "1"


def test_sigterm_ends_it_in_good_order(served: Served) -> None:
    docker("kill", "--signal=TERM", served.container)
    assert docker("wait", served.container) == "0"


def test_without_a_model_it_says_so_and_fails(image: str) -> None:
    done = subprocess.run(["docker", "run", "--rm", image, "serve"], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.strip() == (
        "/opt/ml/model does not exist. Set SM_MODEL_DIR to the folder of an unpacked model.tar.gz."
    )


def test_other_commands_than_serve_are_refused(image: str) -> None:
    done = subprocess.run(["docker", "run", "--rm", image, "train"], capture_output=True, text=True)
    assert done.returncode == 2
