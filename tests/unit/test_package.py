"""`python -m model_server.package`: the artifact, and what is said when there can be none."""

import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import torch
from torch import nn

from harness.project import PROJECT
from model_server.artifact.torchvision_import import import_torchvision


def package(*arguments: str | Path, cwd: Path = PROJECT) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "model_server.package", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("checkpoint") / "trained.pth"
    torch.save(import_torchvision().models.squeezenet1_1(num_classes=3).state_dict(), path)
    return path


@pytest.fixture(scope="module")
def artifact(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> "tuple[Path, str]":
    """A packaged model, and what packaging printed."""
    output = tmp_path_factory.mktemp("artifact") / "new folder" / "model.tar.gz"
    made = package(
        *("--checkpoint", checkpoint, "--architecture", "squeezenet1_1", "--labels", "cat, dog,fish"),
        *("--output", output, "--image-size", "64", "96", "--mean", "0.5", "0.5", "0.5", "--std", "0.2", "0.2", "0.2"),
    )
    assert made.returncode == 0, made.stderr
    return output, made.stdout


def test_the_command_in_the_readme(tmp_path: Path) -> None:
    readme = (PROJECT / "README.md").read_text()
    (command,) = re.findall(
        r"python -m model_server\.package((?:.*\\\n)*.*)", readme.partition("Bring your own model")[2]
    )
    torch.save(import_torchvision().models.resnet50(num_classes=3).state_dict(), tmp_path / "model.pth")
    made = package(*shlex.split(command.replace("\\\n", " ")), cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    assert (tmp_path / "my-model.tar.gz").is_file()


def test_holds_weights_manifest_and_code(artifact: tuple[Path, str], checkpoint: Path) -> None:
    with tarfile.open(artifact[0]) as archive:
        names = archive.getnames()
        weights = archive.extractfile("model.pth")
        manifest = archive.extractfile("manifest.json")
        assert weights is not None
        assert manifest is not None
        assert weights.read() == checkpoint.read_bytes()
        assert json.load(manifest) == {
            "architecture": "squeezenet1_1",
            "labels": ["cat", "dog", "fish"],
            "image_size": [64, 96],
            "mean": [0.5, 0.5, 0.5],
            "std": [0.2, 0.2, 0.2],
        }
    modules = [path.name for path in (PROJECT / "model_server" / "artifact").glob("*.py")]
    assert names == sorted(
        ["model.pth", "manifest.json", "code/guarded_fetch.py", *(f"code/{module}" for module in modules)]
    )


def test_says_what_it_made(artifact: tuple[Path, str]) -> None:
    path, said = artifact
    content = path.read_bytes()
    assert said.startswith(f"{path}: {len(content)} bytes, sha256 {hashlib.sha256(content).hexdigest()}\n")
    assert "code/inference.py" in said


def test_nothing_in_it_depends_on_who_made_it_or_when(artifact: tuple[Path, str]) -> None:
    content = artifact[0].read_bytes()
    assert content[3:8] == bytes(5), "the gzip header names a file or a time"
    with tarfile.open(artifact[0]) as archive:
        for entry in archive:
            assert (entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname) == (0, 0, 0, "", "")
            assert (entry.isfile(), entry.mode) == (True, 0o644)


def test_same_inputs_give_the_same_bytes(artifact: tuple[Path, str], checkpoint: Path, tmp_path: Path) -> None:
    copy = tmp_path / "renamed.bin"
    copy.write_bytes(checkpoint.read_bytes())
    os.utime(copy, (1, 1))
    (tmp_path / "again.tar.gz").write_text("an older artifact")
    made = package(
        *("--output", "again.tar.gz", "--labels=cat,dog,fish", "--architecture=squeezenet1_1"),
        *("--std", "0.20", ".2", "0.2", "--mean", "0.5", "0.5", "0.5", "--image-size", "64", "96"),
        *("--checkpoint", copy),
        cwd=tmp_path,
    )
    assert made.returncode == 0, made.stderr
    assert (tmp_path / "again.tar.gz").read_bytes() == artifact[0].read_bytes()


def test_resnext101_with_two_layer_head(tmp_path: Path) -> None:
    """The checkpoint of the system that this one replaces: its real shapes, 340 MB."""
    with torch.device("meta"):
        network: nn.Module = import_torchvision().models.resnext101_32x8d()
        network.fc = nn.Sequential(nn.Linear(2048, 128), nn.ReLU(), nn.Linear(128, 5))
    network.to_empty(device="cpu")
    torch.save({key: torch.zeros_like(value) for key, value in network.state_dict().items()}, tmp_path / "model.pth")
    output = tmp_path / "model.tar.gz"
    made = package(
        *("--checkpoint", tmp_path / "model.pth", "--architecture=resnext101_32x8d", "--labels=1,2,3,4,5"),
        *("--output", output),
    )
    assert made.returncode == 0, made.stderr
    with tarfile.open(output) as archive:
        assert archive.getmember("model.pth").size > 340_000_000


def failure(made: "subprocess.CompletedProcess[str]", output: Path, status: int) -> str:
    """What was said, after checking that it is fit for a user and that nothing was left behind."""
    assert made.returncode == status
    assert "Traceback" not in made.stderr
    assert not list(output.parent.glob("*model.tar.gz*"))
    return made.stderr


def test_checkpoint_that_does_not_fit(checkpoint: Path, tmp_path: Path) -> None:
    output = tmp_path / "model.tar.gz"
    made = package("--checkpoint", checkpoint, "--architecture=resnet18", "--labels=a,b,c", "--output", output)
    said = failure(made, output, status=1)
    assert "does not fit resnet18" in said
    assert "missing: conv1.weight" in said
    assert "unexpected: features.0.weight" in said


def test_image_size_that_the_architecture_cannot_take(tmp_path: Path) -> None:
    output = tmp_path / "model.tar.gz"
    network = import_torchvision().models.alexnet(num_classes=2)
    network.classifier = nn.Linear(9216, 2)
    torch.save(network.state_dict(), tmp_path / "trained.pth")
    made = package(
        *("--checkpoint", tmp_path / "trained.pth", "--architecture=alexnet", "--labels=a,b"),
        *("--image-size", "8", "8", "--output", output),
    )
    assert "alexnet cannot take images of 8 x 8 pixels" in failure(made, output, status=1)


def test_logits_that_are_no_numbers(tmp_path: Path) -> None:
    output = tmp_path / "model.tar.gz"
    weights = import_torchvision().models.squeezenet1_1(num_classes=2).state_dict()
    weights["classifier.1.bias"].fill_(float("nan"))
    torch.save(weights, tmp_path / "trained.pth")
    made = package(
        *("--checkpoint", tmp_path / "trained.pth", "--architecture=squeezenet1_1", "--labels=a,b", "--output", output)
    )
    assert "the model computed [[nan, " in failure(made, output, status=1)


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        (("--checkpoint", "missing.pth"), "missing.pth' does not exist"),
        (("--labels", "cat,,dog"), "separated by commas"),
        (("--labels", "cat,cat,dog"), "must be different names"),
        (("--image-size", "0", "64"), "0 is not in the range"),
        (("--std", "0", "1", "1"), "0.0 is not in the range"),
        (("--mean", "grey", "1", "1"), "not a valid float"),
        (("--colour", "red"), "No such option"),
    ],
)
def test_usage_errors(checkpoint: Path, tmp_path: Path, changed: tuple[str, ...], complaint: str) -> None:
    output = tmp_path / "model.tar.gz"
    made = package(
        *("--checkpoint", checkpoint, "--architecture=squeezenet1_1", "--labels=a,b,c", "--output", output), *changed
    )
    assert complaint in failure(made, output, status=2)
