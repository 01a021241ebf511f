"""The models that the benchmark of the servers serves: unpacked artifacts, made once."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

import torch

from harness.project import PROJECT
from model_server.artifact.torchvision_import import import_torchvision
from model_server.package import MODEL_CODE, package
from model_server.quantization import quantize
from model_server.quantized_engine import fastest_engine
from model_server.sagemaker.archive import unpack

_DIRECTORY = PROJECT / "build" / "served-models"
_SAMPLE = {"float32": PROJECT / "build/model.tar.gz", "int8": PROJECT / "build/model-int8.tar.gz"}


def model_directory(model: str, precision: str) -> Path:
    """Where the artifact is unpacked.

    The sample model is as trained, and its int8 artifact proven faithful. The ResNets have random weights, which take
    as long as others: they show speed, not accuracy.
    """
    directory = _DIRECTORY / f"{model}-{precision}"
    with tempfile.TemporaryDirectory() as folder:
        archive = _SAMPLE[precision] if model == "sample" else Path(folder) / "model.tar.gz"
        if model != "sample" and not directory.exists():
            _random_artifact(model, precision, archive)
        if model == "sample" or not directory.exists():
            shutil.rmtree(directory, ignore_errors=True)
            directory.parent.mkdir(parents=True, exist_ok=True)
            unpack(archive, directory)
    for source in MODEL_CODE.glob("*.py"):  # whose weights are kept is served by today's code all the same
        shutil.copyfile(source, directory / "code" / source.name)
    return directory


def _random_artifact(model: str, precision: str, archive: Path) -> None:
    manifest: dict[str, Any] = {"architecture": model, "labels": ["1", "2", "3", "4", "5"], "image_size": [224, 224]}
    torch.manual_seed(0)
    network = import_torchvision().models.get_model(model, num_classes=len(manifest["labels"])).eval()
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder)
        if precision == "int8":
            torch.jit.save(quantize(network, torch.rand(20, 3, 224, 224)), weights / "model.pt")
            manifest["quantized_engine"] = fastest_engine(weights / "model.pt", (224, 224))
        else:
            torch.save(network.state_dict(), weights / "model.pth")
        package(weights, manifest | {"precision": precision}, archive)
