"""Checkpoints become classifiers, or errors that say what does not fit."""

import pickle
import sys
from collections import OrderedDict
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).parents[2] / "model_server" / "artifact"))

from checkpoint import read_state_dict
from classifier import load_classifier
from torchvision_import import import_torchvision

models = import_torchvision().models
ARCHITECTURES: list[str] = models.list_models(module=models)

# Larger versions of an architecture that is tested; their weights are drawn at random first, which takes seconds each.
SLOW = {f"regnet_{size}gf" for size in ("x_8", "x_16", "x_32", "y_8", "y_16", "y_32", "y_128")}


def on_meta(architecture: str, **options: object) -> nn.Module:
    """The architecture with shapes but, where that is possible, without values."""
    try:
        with torch.device("meta"):
            network: nn.Module = models.get_model(architecture, weights=None, **options)
    except NotImplementedError:
        network = models.get_model(architecture, weights=None, **options)
    return network


def two_layer_head(inputs: int, classes: int) -> nn.Module:
    return nn.Sequential(nn.Linear(inputs, 128), nn.ReLU(), nn.Linear(128, classes))


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("architecture", sorted(set(ARCHITECTURES) - SLOW))
def test_every_classification_architecture(architecture: str) -> None:
    weights = on_meta(architecture, num_classes=7).state_dict()
    classifier = load_classifier(architecture, weights, num_classes=7)
    assert not classifier.training
    answers = [layer for layer in classifier.modules() if isinstance(layer, nn.Linear | nn.Conv2d)][-1]
    assert len(answers.weight) == 7
    tensors = {name for name, _ in [*classifier.named_parameters(), *classifier.named_buffers()]}
    assert tensors <= set(weights), "nothing is left without a value of the checkpoint"


@pytest.mark.parametrize(
    ("architecture", "attribute", "inputs"),
    [
        ("resnext101_32x8d", "fc", 2048),
        ("mobilenet_v3_small", "classifier.3", 1024),
        ("mobilenet_v3_small", "classifier", 576),
        ("efficientnet_b0", "classifier.1", 1280),
        ("vit_b_16", "heads.head", 768),
        ("vit_b_16", "heads", 768),
        ("densenet121", "classifier", 1024),
        ("swin_t", "head", 768),
    ],
)
def test_two_layer_head_in_place_of(architecture: str, attribute: str, inputs: int) -> None:
    trained = on_meta(architecture)
    with torch.device("meta"):
        trained.set_submodule(attribute, two_layer_head(inputs, 5))
    classifier = load_classifier(architecture, trained.state_dict(), num_classes=5)
    assert repr(classifier.get_submodule(attribute)) == repr(two_layer_head(inputs, 5))


def test_answers_what_the_trained_network_answers() -> None:
    trained = models.resnet18(num_classes=3)
    trained.fc = two_layer_head(512, 3)
    trained.eval()
    images = torch.rand(2, 3, 64, 64)
    with torch.inference_mode():
        expected = trained(images)
        logits = load_classifier("resnet18", trained.state_dict(), num_classes=3)(images)
    torch.testing.assert_close(logits, expected)


def test_half_precision_checkpoint_computes_in_single() -> None:
    weights = {key: value.half() for key, value in models.resnet18(num_classes=3).state_dict().items()}
    classifier = load_classifier("resnet18", weights, num_classes=3)
    assert classifier(torch.rand(1, 3, 64, 64)).dtype == torch.float32


def test_vision_transformer_of_another_image_size() -> None:
    weights = on_meta("vit_b_32", num_classes=5, image_size=384).state_dict()
    classifier = load_classifier("vit_b_32", weights, num_classes=5, image_size=(384, 384))
    assert classifier(torch.empty(1, 3, 384, 384, device="meta")).shape == (1, 5)


def test_inception_without_the_heads_that_only_training_uses() -> None:
    weights = on_meta("inception_v3", num_classes=5, aux_logits=False, init_weights=False).state_dict()
    load_classifier("inception_v3", weights, num_classes=5)


def test_misfit_names_keys_and_shapes() -> None:
    weights = OrderedDict(on_meta("resnet18", num_classes=5).state_dict())
    weights["head.weight"] = weights.pop("conv1.weight")
    weights["bn1.bias"] = torch.empty(3)
    with pytest.raises(ValueError, match="does not fit resnet18") as misfit:
        load_classifier("resnet18", weights, num_classes=5)
    for expected in ("1 missing: conv1.weight", "1 unexpected: head.weight", "bn1.bias [3] instead of [64]"):
        assert expected in str(misfit.value)


def test_misfit_of_another_architecture_is_short() -> None:
    with pytest.raises(ValueError, match=r"and \d+ more") as misfit:
        load_classifier("resnet18", on_meta("vit_b_16", num_classes=5).state_dict(), num_classes=5)
    assert len(str(misfit.value)) < 1000


def test_unknown_kind_of_head_is_named() -> None:
    trained = on_meta("resnet18")
    trained.fc = nn.Sequential(nn.Linear(512, 9), nn.Linear(9, 9), nn.Linear(9, 5))
    with pytest.raises(ValueError, match=r"missing: fc.weight, fc.bias; 6 unexpected: fc.0.weight"):
        load_classifier("resnet18", trained.state_dict(), num_classes=5)


@pytest.mark.parametrize("head", [nn.Linear(512, 7), two_layer_head(512, 7)], ids=["linear", "two-layer"])
def test_number_of_classes_must_be_that_of_the_labels(head: nn.Module) -> None:
    trained = on_meta("resnet18")
    trained.fc = head
    with pytest.raises(ValueError, match=r"computes 7 logits for 5 labels"):
        load_classifier("resnet18", trained.state_dict(), num_classes=5)


@pytest.mark.parametrize("name", ["mobilnet_v3_small", "fasterrcnn_resnet50_fpn", "quantized_resnet18", ""])
def test_unknown_architecture(name: str) -> None:
    with pytest.raises(ValueError, match=r"no classification architecture .*close names: .+"):
        load_classifier(name, {}, num_classes=5)


def test_unknown_architecture_suggests_close_names() -> None:
    with pytest.raises(ValueError, match="mobilenet_v3_small"):
        load_classifier("mobilnet_v3_small", {}, num_classes=5)


@pytest.mark.parametrize("saved", ["plain", "in a training checkpoint", "data parallel", "legacy format"])
def test_reads_weights_saved(saved: str, tmp_path: Path) -> None:
    weights: dict[str, Tensor] = {"fc.weight": torch.rand(2, 3), "fc.bias": torch.rand(2)}
    parallel = {f"module.{key}": value for key, value in weights.items()}
    content = {
        "plain": weights,
        "in a training checkpoint": {"epoch": 3, "state_dict": parallel},
        "data parallel": parallel,
        "legacy format": weights,
    }[saved]
    torch.save(content, tmp_path / "model.pth", _use_new_zipfile_serialization=saved != "legacy format")
    read = read_state_dict(tmp_path / "model.pth")
    assert list(read) == list(weights)
    assert all(torch.equal(read[key], weights[key]) for key in weights)


class Exploit:
    """Pickled, it runs a command of the attacker's choice in whoever unpickles it."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[object, tuple[str]]:
        import os

        return os.system, (self.command,)


@pytest.mark.parametrize("container", ["zip", "pickle"])
def test_pickled_code_is_refused_and_not_run(container: str, tmp_path: Path) -> None:
    proof = tmp_path / "code-was-run"
    content = {"fc.weight": torch.rand(2, 3), "fc.bias": Exploit(f"touch {proof}")}
    path = tmp_path / "model.pth"
    if container == "zip":
        torch.save(content, path)
    else:
        path.write_bytes(pickle.dumps(content["fc.bias"]))
    with pytest.raises(ValueError, match=r"model\.pth is refused: .*unpickling .* would run code"):
        read_state_dict(path)
    assert not proof.exists()


def test_whole_pickled_model_is_refused(tmp_path: Path) -> None:
    torch.save(nn.Linear(2, 3), tmp_path / "model.pth")
    with pytest.raises(ValueError, match=r"refused.*torch.save\(model.state_dict\(\), path\)"):
        read_state_dict(tmp_path / "model.pth")


@pytest.mark.parametrize("content", [b"", b"junk\n", b"PK\x03\x04", b"\x80\x02", bytes(1000)])
def test_other_files_are_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "model.pth").write_bytes(content)
    with pytest.raises(ValueError, match=r"model\.pth .*torch.save"):
        read_state_dict(tmp_path / "model.pth")


@pytest.mark.parametrize("content", [[torch.rand(2)], {"epoch": 3}, {1: torch.rand(2)}, torch.rand(2)])
def test_other_content_is_refused(content: object, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "model.pth")
    with pytest.raises(ValueError, match="not a state_dict"):
        read_state_dict(tmp_path / "model.pth")
