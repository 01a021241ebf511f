"""A traced network answers as the network does, whatever its architecture."""

import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from model_server.quantization import quantize
from model_server.quantized_engine import ENGINES

sys.path.insert(0, str(Path(__file__).parents[2] / "model_server" / "artifact"))

import graph
from openvino_graph import OpenVinoGraph
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


# OpenVINO's are convolutions, attention, and attention in shifted windows.
RUNTIMES = [(graph.trace, name) for name in ARCHITECTURES] + [
    (OpenVinoGraph, name) for name in ("mobilenet_v3_small", "vit_b_32", "swin_t")
]


@pytest.mark.parametrize(("make_graph", "architecture"), RUNTIMES)
def test_answers_as_the_network(
    make_graph: Callable[[nn.Module, tuple[int, int]], Callable[[Tensor], Tensor]],
    architecture: str,
    recwarn: pytest.WarningsRecorder,
) -> None:
    side = ARCHITECTURES[architecture]
    given = network(architecture)
    images = torch.rand(3, 3, side, side)
    expected = given(images)
    assert float(expected.abs().max()) > 1e-6
    made = make_graph(given, (side, side))
    of_others = ResourceWarning  # what an earlier test has left behind is found at any time
    assert [str(warning.message) for warning in recwarn if not issubclass(warning.category, of_others)] == []
    atol = 1e-4 * float(expected.abs().max())
    with torch.inference_mode():
        for _ in range(3):
            torch.testing.assert_close(made(images[:1]), expected[:1], rtol=1e-3, atol=atol)
        torch.testing.assert_close(made(images), expected, rtol=1e-3, atol=atol)


@pytest.mark.parametrize("onednn", [True, False])
def test_convolutions_are_packed_where_there_is_onednn(onednn: bool) -> None:
    given = network("resnet18")
    images = torch.rand(2, 3, 64, 64)
    expected = given(images)
    with torch.backends.mkldnn.flags(enabled=onednn), torch.inference_mode():
        traced = graph.trace(given, (64, 64))
        answer = traced(images)
    assert ("mkldnn::_convolution_pointwise" in str(traced.inlined_graph)) == onednn
    torch.testing.assert_close(answer, expected, rtol=1e-3, atol=1e-4 * float(expected.abs().max()))


@pytest.mark.parametrize("make_graph", [graph.trace, OpenVinoGraph])
def test_a_size_that_the_network_cannot_take(make_graph: Callable[[nn.Module, tuple[int, int]], object]) -> None:
    with pytest.raises(RuntimeError, match=r"Output size is too small$"):
        make_graph(network("alexnet"), (16, 16))


class _Decomposed(nn.Module):
    """What PyTorch can compute and OpenVINO cannot."""

    def forward(self, images: Tensor) -> Tensor:
        values: Tensor = torch.linalg.svdvals(images.mean(dim=1))
        return values


class _Untraceable(nn.Module):
    """What PyTorch can compute, but not trace; and why it cannot, it does not say."""

    def forward(self, images: Tensor) -> Tensor:
        assert not torch._C._get_tracing_state()
        return images


@pytest.mark.parametrize(
    ("given", "reason"), [(_Decomposed(), "Conversion is failed"), (_Untraceable(), "AssertionError|tracing")], ids=type
)
def test_what_openvino_cannot_compute(given: nn.Module, reason: str) -> None:
    said = f"OpenVINO cannot compute {type(given).__name__}, but PyTorch can: set INFERENCE_RUNTIME=torch. .*({reason})"
    with pytest.raises(ValueError, match=said):
        OpenVinoGraph(given, (8, 8))


def test_a_file_that_is_no_graph(tmp_path: Path) -> None:
    (tmp_path / "model.pt").write_bytes(b"weights")
    with pytest.raises(ValueError, match=r"model\.pt is not a TorchScript file"):
        graph.load(tmp_path / "model.pt", (64, 64))


@pytest.fixture(scope="module")
def file_in_8_bits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("int8") / "model.pt"
    torch.jit.save(quantize(network("mobilenet_v3_small"), torch.rand(4, 3, 64, 64)), file)
    return file


@pytest.fixture
def in_8_bits(file_in_8_bits: Path) -> Iterator[Path]:
    """A graph in a file; afterwards the process has the engine that it had."""
    engine = torch.backends.quantized.engine
    yield file_in_8_bits
    torch.backends.quantized.engine = engine


def test_no_request_pays_for_compiling(in_8_bits: Path) -> None:
    strategy = torch.jit.set_fusion_strategy([("STATIC", 2)])
    for made in (graph.trace(network("resnet18"), (64, 64)), graph.load(in_8_bits, (64, 64))):
        made.get_debug_state()  # it raises where TorchScript would compile again
    assert torch.jit.set_fusion_strategy(strategy) == [("STATIC", 2)]


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
