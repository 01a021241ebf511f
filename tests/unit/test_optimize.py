"""An artifact in int8 is made only where it answers as the float artifact does."""

import json
import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from harness.project import PROJECT
from model_server.optimize import first_layer, optimize
from model_server.quantization import quantize
from model_server.sagemaker.archive import unpack

SAMPLES = PROJECT / "site" / "samples"
ARTIFACT = PROJECT / "build" / "model.tar.gz"


def variations(images: int, seed: int) -> Iterator[tuple[str, Image.Image]]:
    """Labels and images: samples that the model is sure of, each time in another light and a little moved."""
    random = np.random.default_rng(seed)
    samples = {label: Image.open(SAMPLES / f"{label}.jpg").resize((160, 160)) for label in ("1", "2", "5")}
    for index in range(images):
        label = list(samples)[index % len(samples)]
        left, top = random.integers(0, 4, 2)
        pixels = np.asarray(samples[label].crop((left, top, left + 156, top + 156))) * random.uniform(0.9, 1.05)
        yield label, Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def write(directory: Path, images: int, seed: int = 0) -> Path:
    for index, (label, image) in enumerate(variations(images, seed)):
        (directory / label).mkdir(parents=True, exist_ok=True)
        image.save(directory / label / f"{index}.jpg", quality=90)
    return directory


def run(calibration: Path, held_out: Path, output: Path) -> subprocess.CompletedProcess[str]:
    """The command, as users call it, for the sample model."""
    options = [f"--artifact={ARTIFACT}", f"--calibration={calibration}", f"--held-out={held_out}", f"--output={output}"]
    command = [sys.executable, "-m", "model_server.optimize", *options]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def held_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("held-out"), 1000)


@pytest.fixture(scope="module")
def calibration(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("calibration"), 50, seed=1)


@pytest.fixture(scope="module")
def int8(tmp_path_factory: pytest.TempPathFactory, calibration: Path, held_out: Path) -> Path:
    output = tmp_path_factory.mktemp("int8") / "model.tar.gz"
    done = run(calibration, held_out, output)
    assert done.returncode == 0, done.stderr
    assert "1000 held-out images" in done.stdout
    assert "times as fast as in float32" in done.stdout
    return output


def test_the_manifest_says_what_it_is_and_how_faithful(int8: Path, tmp_path: Path) -> None:
    unpack(int8, tmp_path / "model")
    manifest = json.loads((tmp_path / "model" / "manifest.json").read_text())
    assert manifest["precision"] == "int8"
    assert manifest["quantized_engine"] in torch.backends.quantized.supported_engines
    assert manifest["labels"] == ["1", "2", "3", "4", "5"]
    faithfulness = manifest["faithfulness"]
    assert faithfulness["images"] == 1000
    assert 0.99 <= faithfulness["agreement"] <= 1
    assert faithfulness["int8_accuracy"] >= faithfulness["float32_accuracy"] - 0.005 > 0.5
    assert not (tmp_path / "model" / "model.pth").exists()


SERVE = """
import importlib, json, sys
sys.path.insert(0, sys.argv[1] + "/code")
inference = importlib.import_module("inference")
model = inference.model_fn(sys.argv[1])
rows = []
for path in sys.argv[2:]:
    data = inference.input_fn(open(path, "rb").read(), "image/jpeg")
    rows += json.loads(inference.output_fn(inference.predict_fn(data, model), "application/json")[0])
assert "torchvision" not in sys.modules, "a graph needs no architecture"
print(json.dumps(rows))
"""


def test_it_serves_by_itself_and_in_8_bits(int8: Path, tmp_path: Path) -> None:
    unpack(int8, tmp_path / "model")
    images = [str(SAMPLES / f"{label}.jpg") for label in range(1, 6)]
    command = [sys.executable, "-c", SERVE, str(tmp_path / "model"), *images]
    rows = json.loads(subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout)
    assert [int(np.argmax(row)) for row in rows] == [0, 1, 2, 3, 4]
    assert int8.stat().st_size < 0.5 * ARTIFACT.stat().st_size


def test_the_second_time_is_refused(int8: Path, calibration: Path, held_out: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is int8 already"):
        optimize(int8, calibration, held_out, tmp_path / "again.tar.gz", tmp_path)


def test_too_few_images_show_too_little(calibration: Path, tmp_path: Path) -> None:
    few = write(tmp_path / "few", 20)
    with pytest.raises(ValueError, match="20 held-out images show too little; 1000 are needed"):
        optimize(ARTIFACT, calibration, few, tmp_path / "model.tar.gz", tmp_path)
    assert not (tmp_path / "model.tar.gz").exists()


def test_a_model_that_answers_otherwise_is_refused(held_out: Path, tmp_path: Path) -> None:
    black = tmp_path / "black" / "1" / "1.png"
    black.parent.mkdir(parents=True)
    file = BytesIO()
    Image.new("RGB", (128, 128)).save(file, "PNG")
    black.write_bytes(file.getvalue())
    done = run(black.parent.parent, held_out, tmp_path / "model.tar.gz")
    assert done.returncode == 1
    assert "Nothing is written, because the answers agree in" in done.stderr
    assert "accuracy drops from" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "model.tar.gz").exists()


@pytest.mark.parametrize(
    ("path", "content", "reason"),
    [
        ("cat/1.jpg", b"", "folders that are no labels of the model: cat"),
        ("1/notes.txt", b"hello", "notes.txt: The file is not a JPEG, PNG or WebP image."),
        ("readme.txt", b"", "has no images; they belong into folders named 1, 2, 3, 4, 5"),
    ],
)
def test_folders_that_do_not_fit(tmp_path: Path, path: str, content: bytes, reason: str) -> None:
    file = tmp_path / "images" / path
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    with pytest.raises(ValueError, match=reason):
        optimize(ARTIFACT, tmp_path / "images", tmp_path / "images", tmp_path / "model.tar.gz", tmp_path)


def test_the_first_layer_can_stay_in_float() -> None:
    network = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3), nn.Flatten(), nn.Linear(4 * 4 * 4, 2)
    ).eval()
    assert first_layer(network) == ("0",)
    images = torch.rand(20, 3, 8, 8)
    operations = [str(quantize(network, images, layers).inlined_graph) for layers in ((), first_layer(network))]
    assert [graph.count("quantized::conv2d") for graph in operations] == [2, 1]
    assert ["aten::_convolution" in graph for graph in operations] == [False, True]
