"""Builds a torchvision classifier from the name of its architecture and its weights."""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torchvision_import import import_torchvision

# Heads of GoogLeNet and Inception v3 that only training uses.
_AUXILIARY_HEADS = ("aux1", "aux2", "AuxLogits")
_KEYS_SHOWN = 10

# PyTorch's own initialisers as well: once one is let through, what it calls is not asked about.
_RANDOM = (Tensor.normal_, Tensor.uniform_, nn.init.normal_, nn.init.uniform_, nn.init.kaiming_uniform_)


def load_classifier(
    architecture: str, weights: Mapping[str, Tensor], num_classes: int, image_size: tuple[int, int] = (224, 224)
) -> nn.Module:
    """Return the classifier in evaluation mode: float images `[N, 3, H, W]` in, logits `[N, num_classes]` out.

    The head follows the weights. It is a linear layer, as in the architecture itself, or
    `Sequential(Linear, ReLU, Linear)`, in the place of the final layer or of the whole module which ends with that.

    Raises:
        ValueError: the architecture is unknown or the weights are not its weights for `num_classes` classes.
    """
    classifier = _build(architecture, num_classes, image_size)
    _fit_head(classifier, weights, num_classes)
    _check_num_classes(classifier, weights, num_classes)
    _check_fit(classifier, weights, architecture)
    # What strict=True checks is checked; it would refuse the auxiliary heads.
    classifier.load_state_dict(weights, assign=True, strict=False)
    # A checkpoint in half precision is smaller to store, but few CPUs compute in it.
    return classifier.float().eval().requires_grad_(False)


def _build(architecture: str, num_classes: int, image_size: tuple[int, int]) -> nn.Module:
    """Return the architecture without values, or with any."""
    models = import_torchvision().models
    names = models.list_models(module=models)
    if architecture not in names:
        close = ", ".join(difflib.get_close_matches(architecture, names)) or "none"
        raise ValueError(f"torchvision has no classification architecture {architecture!r}; close names: {close}")
    options: dict[str, int] = {"num_classes": num_classes}
    if architecture.startswith("vit_"):  # has an embedding for each place in a square image
        options["image_size"] = max(image_size)
    with warnings.catch_warnings(), _NoRandomWeights():
        # GoogLeNet and Inception v3 announce a change of their random initialisation, which is not used here.
        warnings.simplefilter("ignore", FutureWarning)
        # RegNet computes its widths with tensors, and on `meta` tensors have no values.
        with torch.device("cpu" if architecture.startswith("regnet_") else "meta"):
            classifier: nn.Module = models.get_model(architecture, weights=None, **options)
    for name in _AUXILIARY_HEADS:
        if hasattr(classifier, name):
            setattr(classifier, name, None)
    return classifier


class _NoRandomWeights(TorchFunctionMode):
    """Leaves tensors as they are that layers would fill with random numbers, for those of the checkpoint come.

    On device `meta` there is nothing to fill, but PyTorch would import its compiler to find out. (It still does for
    ConvNeXt, MaxViT and Swin, which compute with tensors there.)
    """

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if function in _RANDOM:
            return args[0] if args else kwargs["tensor"]
        return function(*args, **(kwargs or {}))


def _fit_head(classifier: nn.Module, weights: Mapping[str, Tensor], num_classes: int) -> None:
    """Put a head of the kind that the weights have into the classifier; leave it alone if that kind is unknown."""
    final_name, final = _final_layer(classifier)
    name = final_name
    while name:
        shapes = {
            key.removeprefix(f"{name}."): value.shape for key, value in weights.items() if key.startswith(f"{name}.")
        }
        in_features = final.in_features if name == final_name and isinstance(final, nn.Linear) else None
        head = _head(shapes, in_features, num_classes)
        parent, _, child = name.rpartition(".")
        if head is not None:
            setattr(classifier.get_submodule(parent), child, head)
            return
        name = parent


def _head(shapes: Mapping[str, torch.Size], in_features: int | None, num_classes: int) -> nn.Module | None:
    """Return the head whose parameters have these names, or None.

    Without `in_features` the number of inputs is the one that the weights have.
    """
    match sorted(shapes):
        case ["weight"] | ["bias", "weight"] if len(shapes["weight"]) == 2:
            inputs = in_features or shapes["weight"][1]
            return nn.Linear(inputs, num_classes, bias="bias" in shapes, device="meta")
        case ["0.bias", "0.weight", "2.bias", "2.weight"] if len(shapes["0.weight"]) == 2:
            hidden, inputs = shapes["0.weight"]
            return nn.Sequential(
                nn.Linear(in_features or inputs, hidden, device="meta"),
                nn.ReLU(),
                nn.Linear(hidden, num_classes, device="meta"),
            )
    return None


def _final_layer(classifier: nn.Module) -> tuple[str, nn.Module]:
    """Return the layer that computes the logits, and its name. In SqueezeNet it is a convolution."""
    layers = [(name, layer) for name, layer in classifier.named_modules() if isinstance(layer, nn.Linear | nn.Conv2d)]
    return layers[-1]


def _check_num_classes(classifier: nn.Module, weights: Mapping[str, Tensor], num_classes: int) -> None:
    key = f"{_final_layer(classifier)[0]}.weight"
    if key in weights and len(weights[key]) != num_classes:
        raise ValueError(f"the checkpoint's {key} computes {len(weights[key])} logits for {num_classes} labels")


def _check_fit(classifier: nn.Module, weights: Mapping[str, Tensor], architecture: str) -> None:
    """Raise ValueError unless the weights have the classifier's keys and shapes."""
    expected = classifier.state_dict()
    # Checkpoints from before PyTorch 0.4.1 lack these counters; load_state_dict puts them in.
    missing = [key for key in expected if key not in weights and not key.endswith("num_batches_tracked")]
    unexpected = [key for key in weights if key not in expected and not key.startswith(_AUXILIARY_HEADS)]
    reshaped = [
        f"{key} {list(weights[key].shape)} instead of {list(expected[key].shape)}"
        for key in expected
        if key in weights and weights[key].shape != expected[key].shape
    ]
    misfits = {"missing": missing, "unexpected": unexpected, "of another shape": reshaped}
    if any(misfits.values()):
        listed = "; ".join(_shorten(kind, keys) for kind, keys in misfits.items() if keys)
        raise ValueError(f"the checkpoint does not fit {architecture}: {listed}")


def _shorten(kind: str, keys: list[str]) -> str:
    more = f" and {len(keys) - _KEYS_SHOWN} more" if len(keys) > _KEYS_SHOWN else ""
    return f"{len(keys)} {kind}: {', '.join(keys[:_KEYS_SHOWN])}{more}"
