"""The model code runs as AWS's PyTorch containers run it: by the name `inference`, with only `code/` on the path."""

import json
import os
import shutil
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import nn

from harness.project import PROJECT
from model_server.artifact.torchvision_import import import_torchvision

ARTIFACT_CODE = PROJECT / "model_server" / "artifact"

# What sagemaker_inference/transformer.py of aws/sagemaker-inference-toolkit does with a request: hooks by name, JSON
# bodies as str, and only its own kind of error keeps its status.
TOOLKIT = """
import importlib, json, sys
from sagemaker_inference.errors import BaseInferenceToolkitError

inference = importlib.import_module("inference")
model = inference.model_fn(sys.argv[1])
for path, content_type, accept in json.loads(sys.argv[2]):
    body = open(path, "rb").read()
    if content_type in ("application/json", "text/csv"):
        body = body.decode("utf-8")
    try:
        prediction = inference.predict_fn(inference.input_fn(body, content_type), model)
        result = inference.output_fn(prediction, accept)
        body, response_content_type = result if isinstance(result, tuple) else (result, accept)
        print(json.dumps([200, body, response_content_type]))
    except BaseInferenceToolkitError as error:
        assert "\\n" not in error.phrase
        print(json.dumps([error.status_code, error.message, None]))
    except Exception as error:
        print(json.dumps([500, str(error), None]))
"""

TOOLKIT_ERRORS = """
class BaseInferenceToolkitError(Exception):
    def __init__(self, status_code, message, phrase):
        self.status_code, self.message, self.phrase = status_code, message, phrase
        super().__init__(status_code, message, phrase)
"""


@pytest.fixture(scope="module")
def model_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("model")
    shutil.copytree(ARTIFACT_CODE, directory / "code", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "handlers" / "predict" / "guarded_fetch.py", directory / "code")
    manifest = {"architecture": "squeezenet1_1", "labels": ["cat", "dog"], "image_size": [64, 64]}
    (directory / "manifest.json").write_text(json.dumps(manifest))
    network: nn.Module = import_torchvision().models.squeezenet1_1(num_classes=2)
    torch.save(network.state_dict(), directory / "model.pth")
    return directory


@pytest.fixture(scope="module")
def answers(model_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, str, str | None]]:
    """The answers to one request of each kind, all from one process."""
    scratch = tmp_path_factory.mktemp("toolkit")
    (scratch / "sagemaker_inference").mkdir()
    (scratch / "sagemaker_inference" / "__init__.py").touch()
    (scratch / "sagemaker_inference" / "errors.py").write_text(TOOLKIT_ERRORS)
    image = BytesIO()
    Image.new("RGB", (40, 30), "red").save(image, "PNG")
    requests = {
        "image": (image.getvalue(), "image/png", "application/json"),
        "image, any type accepted": (image.getvalue(), "application/x-image", "*/*"),
        "image, nothing said about types": (image.getvalue(), None, None),
        "damaged": (image.getvalue()[:60], "image/png", "application/json"),
        "JSON without url": (b"{}", "application/json", "application/json"),
        "JSON, loopback url": (b'{"url": "http://127.0.0.1:9/"}', "application/json", "application/json"),
        "CSV": (b"1,2", "text/csv", "application/json"),
        "CSV wanted": (image.getvalue(), "image/png", "text/csv"),
    }
    for name, (body, _, _) in requests.items():
        (scratch / name).write_bytes(body)
    calls = [(str(scratch / name), content_type, accept) for name, (_, content_type, accept) in requests.items()]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environment["PYTHONPATH"] = f"{model_dir / 'code'}:{scratch}"
    toolkit = subprocess.run(
        [sys.executable, "-c", TOOLKIT, str(model_dir), json.dumps(calls)],
        env=environment,
        cwd=scratch,
        capture_output=True,
        text=True,
    )
    assert toolkit.returncode == 0, toolkit.stderr
    return dict(zip(requests, map(json.loads, toolkit.stdout.splitlines()), strict=True))


@pytest.mark.parametrize("request_kind", ["image", "image, any type accepted"])
def test_answers_logits(answers: dict[str, tuple[int, str, str | None]], request_kind: str) -> None:
    status, body, content_type = answers[request_kind]
    assert (status, content_type) == (200, "application/json")
    [logits] = json.loads(body)
    assert [type(logit) for logit in logits] == [float, float]


@pytest.mark.parametrize(
    ("request_kind", "status", "message"),
    [
        ("image, nothing said about types", 415, "Content-Type is missing; supported are image/jpeg"),
        ("damaged", 400, "truncated or damaged"),
        ("JSON without url", 400, '{"url": "https://..."}'),
        ("JSON, loopback url", 400, "cannot be fetched"),
        ("CSV", 415, "Content-Type is text/csv"),
        ("CSV wanted", 406, "application/json"),
    ],
)
def test_errors_keep_their_status(
    answers: dict[str, tuple[int, str, str | None]], request_kind: str, status: int, message: str
) -> None:
    assert answers[request_kind][0] == status
    assert message in answers[request_kind][1]
