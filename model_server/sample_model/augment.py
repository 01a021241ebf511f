"""Variations of a batch of training images that do not change how many objects they show."""

import torch
from torch.nn import functional

from model_server.sample_model.dataset import to_input


def augmented(pixels: torch.Tensor) -> torch.Tensor:
    """Input for the network, float [n, 3, height, width], from images, uint8 of the same shape.

    Each image is mirrored or not, zoomed and shifted a little, and its color, brightness and contrast are changed.
    """
    images = to_input(pixels)
    count = len(images)
    mirror = torch.where(torch.rand(count) < 0.5, -1.0, 1.0)
    zoom = 1 - 0.12 * torch.rand(count)
    shift = 0.08 * (2 * torch.rand(2, count) - 1)
    nothing = torch.zeros(count)
    placement = torch.stack([mirror * zoom, nothing, shift[0], nothing, zoom, shift[1]], dim=1).view(count, 2, 3)
    grid = functional.affine_grid(placement, list(images.shape), align_corners=False)
    images = functional.grid_sample(images, grid, padding_mode="reflection", align_corners=False)
    contrast = 0.85 + 0.3 * torch.rand(count, 3, 1, 1)
    brightness = 0.15 * (torch.rand(count, 1, 1, 1) - 0.5)
    return (images * contrast + brightness).clamp(0, 1).contiguous(memory_format=torch.channels_last)
