"""The classifier that is trained: torchvision's mobilenet_v3_small, about 1.5 million weights, 6 MB."""

from pathlib import Path

import torch
from torch import nn

from model_server.artifact.torchvision_import import import_torchvision
from model_server.sample_model.dataset import CLASSES, to_input

ARCHITECTURE = "mobilenet_v3_small"


def build_network() -> nn.Module:
    """A network with random weights: float images [n, 3, 128, 128] in [0, 1] in, logits [n, 5] out."""
    models = import_torchvision().models
    # Every image is seen a few times only, so there is nothing that dropout could keep from being learned by heart.
    network: nn.Module = models.get_model(ARCHITECTURE, weights=None, num_classes=CLASSES, dropout=0.0)
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def load_network(checkpoint: Path) -> nn.Module:
    """The network with the weights of a checkpoint (a state_dict), in evaluation mode.

    Raises OSError if there is no such file, and RuntimeError if its weights are not this architecture's.
    """
    network = build_network()
    network.load_state_dict(torch.load(checkpoint, map_location="cpu", weights_only=True))
    return network.eval()


@torch.no_grad()
def predict(network: nn.Module, pixels: torch.Tensor) -> torch.Tensor:
    """Most likely class of each image; pixels are uint8 [n, 3, 128, 128]."""
    answers = [network(to_input(batch)).argmax(dim=1) for batch in torch.split(pixels, 50)]
    return torch.cat(answers)
