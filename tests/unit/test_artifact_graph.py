"""A traced network answers as the network does, whatever its architecture."""

import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import nn

from model_server.quantization import quantize
from model_server.quantized_engine import ENGINES

sys.path.insert(0, str(Path(__file__).parents[2] / "model_server" / "artifact"))

import graph
from torchvision_import import import_torchvision

# One of each of torchvision's families, the smallest.
ARCHITECTURES = {
    "alexnet": 96,
    "convnext_tiny": 64,
    "densenet121": 64,
    "efficientnet_b0": 64,
    "googlenet": 64,
    "inception_v3": 96,
    "maxvit_t": 224,
    "mnasnet0_5": 64,
    "mobilenet_v2": 64,
    "mobilenet_v3_small": 64,
    "regnet_y_400mf": 64,
    "resnet18": 64,
    "resnext50_32x4d": 64,
    "shufflenet_v2_x0_5": 64,
    "squeezenet1_1": 64,
    "swin_t": 64,
    "swin_v2_t": 64,
    "vgg11_bn": 32,
    "vit_b_32": 224,
}


def network(architecture: str) -> nn.Module:
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # GoogLeNet's, of its random weights
        built: nn.Module = import_torchvision().models.get_model(architecture, weights=None, num_classes=3)
    for parameter in built.parameters():
        if not parameter.any():  # a ViT that is not trained has a head of zeros, and answers everything alike
            nn.init.normal_(parameter, std=0.02)
    return built.eval().requires_grad_(False)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_answers_as_the_network(architecture: str, recwarn: pytest.WarningsRecorder) -> None:
    side = ARCHITECTURES[architecture]
    given = network(architecture)
    image = torch.rand(1, 3, side, side)
    expected = given(image)
    traced = graph.trace(given, (side, side))
    of_others = ResourceWarning  # what an earlier test has left behind is found at any time
    assert [str(warning.message) for warning in recwarn if not issubclass(warning.category, of_others)] == []
    for _ in range(3):
        torch.testing.assert_close(traced(image), expected, rtol=1e-3, atol=1e-4 * float(expected.abs().max()))


def test_a_size_that_the_network_cannot_take() -> None:
    with pytest.raises(RuntimeError):
        graph.trace(network("alexnet"), (16, 16))


def test_a_file_that_is_no_graph(tmp_path: Path) -> None:
    (tmp_path / "model.pt").write_bytes(b"weights")
    with pytest.raises(ValueError, match=r"model\.pt is not a TorchScript file"):
        graph.load(tmp_path / "model.pt", (64, 64))


@pytest.fixture
def in_8_bits(tmp_path: Path) -> Iterator[Path]:
    """A graph in a file; afterwards the process has the engine that it had."""
    engine = torch.backends.quantized.engine
    torch.jit.save(quantize(network("mobilenet_v3_small"), torch.rand(4, 3, 64, 64)), tmp_path / "model.pt")
    yield tmp_path / "model.pt"
    torch.backends.quantized.engine = engine


def test_every_engine_answers_alike(in_8_bits: Path) -> None:
    images = torch.rand(3, 3, 64, 64)
    graphs = [graph.load(in_8_bits, (64, 64), engine) for engine in ENGINES]
    with torch.inference_mode():
        expected, *others = [loaded(images) for loaded in graphs]
    for logits in others:
        torch.testing.assert_close(logits, expected, rtol=0.02, atol=0.02 * float(expected.abs().max()))


@pytest.mark.parametrize("engine", [*ENGINES, "qnnpack"])
def test_the_engine_is_the_one_that_the_manifest_names(in_8_bits: Path, engine: str) -> None:
    graph.load(in_8_bits, (64, 64), engine)
    assert torch.backends.quantized.engine == engine


def test_an_engine_for_other_cpus_is_no_reason_not_to_serve(in_8_bits: Path) -> None:
    before = torch.backends.quantized.engine
    graph.load(in_8_bits, (64, 64), "of another CPU")
    assert torch.backends.quantized.engine == before
