"""A container with OpenVINO in place of PyTorch answers the same, and says nothing to anybody else."""

import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from harness.project import PROJECT
from model_server.artifact.torchvision_import import import_torchvision
from model_server.quantization import quantize
from model_server.sagemaker.archive import unpack
from tests.integration.container_process import Container, serving

IMAGES = [(PROJECT / "site" / "samples" / f"{label}.jpg").read_bytes() for label in range(1, 6)]


def logits(container: Container, image: bytes) -> list[float]:
    answer = container.request("POST", "/invocations", image, {"Content-Type": "image/jpeg"})
    assert answer.status == 200, answer.body
    row: list[float] = json.loads(answer.body)[0]
    return row


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("artifact") / "model"
    unpack(PROJECT / "build" / "model.tar.gz", folder)
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def container(model: Path, home: Path) -> Iterator[Container]:
    # OpenVINO's telemetry says nothing where it believes to be in CI.
    outside_ci = {"CI": "", "TF_BUILD": "", "JENKINS_URL": "", "HOME": str(home)}
    with serving(model, home.parent / "openvino.log", INFERENCE_RUNTIME="openvino", **outside_ci) as running:
        running.wait_for_ping(200)
        yield running


def test_answers_as_with_pytorch(container: Container, model: Path, tmp_path: Path) -> None:
    with serving(model, tmp_path / "log", INFERENCE_RUNTIME="torch") as pytorch:
        pytorch.wait_for_ping(200)
        expected = [logits(pytorch, image) for image in IMAGES]
    np.testing.assert_allclose([logits(container, image) for image in IMAGES], expected, rtol=1e-3, atol=1e-3)


def test_answers_many_at_once(container: Container) -> None:
    expected = [logits(container, image) for image in IMAGES]
    with ThreadPoolExecutor(10) as pool:
        rows = list(pool.map(lambda image: logits(container, image), IMAGES * 20))
    np.testing.assert_allclose(rows, expected * 20, rtol=1e-3, atol=1e-3)


def test_it_is_openvino_that_computes_and_it_reports_to_nobody(container: Container, home: Path) -> None:
    """With its telemetry, OpenVINO leaves an identifier of the user's in the home directory."""
    assert "_cpu_plugin.so" in Path(f"/proc/{container.process.pid}/maps").read_text()
    assert list(home.iterdir()) == []


def test_a_runtime_that_there_is_not(model: Path, tmp_path: Path) -> None:
    with serving(model, tmp_path / "log", INFERENCE_RUNTIME="onnx") as container:
        assert container.process.wait(60) == 1
    assert "INFERENCE_RUNTIME must be torch or openvino, not 'onnx'" in only_line(container.log)


@pytest.fixture
def without_openvino(tmp_path: Path) -> dict[str, str]:
    """The environment of a process that wants OpenVINO and does not find it."""
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "openvino.py").write_text("raise ModuleNotFoundError('No module', name='openvino')\n")
    return {"INFERENCE_RUNTIME": "openvino", "PYTHONPATH": str(hidden)}


def test_openvino_is_not_installed(model: Path, tmp_path: Path, without_openvino: dict[str, str]) -> None:
    with serving(model, tmp_path / "log", **without_openvino) as container:
        assert container.process.wait(60) == 1
    assert "Set INFERENCE_RUNTIME=torch, build the container with" in only_line(container.log)


def test_8_bits_do_without_openvino(model: Path, tmp_path: Path, without_openvino: dict[str, str]) -> None:
    shutil.copytree(model, tmp_path / "int8")
    manifest = json.loads((model / "manifest.json").read_text())
    (tmp_path / "int8" / "manifest.json").write_text(json.dumps({**manifest, "precision": "int8"}))
    network = import_torchvision().models.mobilenet_v3_small(num_classes=len(manifest["labels"])).eval()
    torch.jit.save(quantize(network, torch.rand(2, 3, *manifest["image_size"])), tmp_path / "int8" / "model.pt")
    with serving(tmp_path / "int8", tmp_path / "log", **without_openvino) as container:
        container.wait_for_ping(200)
        assert len(logits(container, IMAGES[0])) == len(manifest["labels"])


def only_line(log: Path) -> str:
    """The message of the one line, as JSON, that a container writes that cannot start."""
    (line,) = log.read_text().splitlines()
    return str(json.loads(line)["message"])
