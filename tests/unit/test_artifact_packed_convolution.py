"""Packed convolutions compute what PyTorch's own do; what they could not compute is left alone."""

import copy
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).parents[2] / "model_server" / "artifact"))

from packed_convolution import pack_convolutions

SIDE = 24


def packed_and_given(*layers: nn.Module) -> tuple[nn.Module, nn.Module]:
    given = nn.Sequential(*layers).eval().requires_grad_(False)
    return pack_convolutions(copy.deepcopy(given), (SIDE, SIDE)), given


def convolutions_left(network: nn.Module) -> int:
    return sum(isinstance(layer, nn.Conv2d) for layer in network.modules())


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"stride": 2},
        {"padding": 2, "dilation": 2},
        {"padding": (0, 1), "kernel_size": (1, 3)},
        {"bias": False},
        {"groups": 3},
    ],
    ids=str,
)
def test_computes_the_same(options: dict[str, Any]) -> None:
    torch.manual_seed(0)
    packed, given = packed_and_given(nn.Conv2d(3, 6, **{"kernel_size": 3, **options}))
    assert convolutions_left(packed) == 0
    images = torch.rand(1, 3, SIDE, SIDE)
    with torch.inference_mode():
        torch.testing.assert_close(packed(images), given(images))


@pytest.mark.parametrize("size", [(3, SIDE, SIDE), (2, 2 * SIDE, SIDE), (5, 7, 9)], ids=str)
def test_takes_other_images_than_those_it_was_packed_for(size: tuple[int, int, int]) -> None:
    torch.manual_seed(0)
    packed, given = packed_and_given(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 4, 3, stride=2))
    number, *sides = size
    images = torch.rand(number, 3, *sides)
    with torch.inference_mode():
        torch.testing.assert_close(packed(images), given(images))


def test_batch_normalisation_becomes_part_of_them() -> None:
    torch.manual_seed(0)
    normalisation = nn.BatchNorm2d(8)
    normalisation.running_mean = torch.rand(8)
    normalisation.running_var = torch.rand(8) + 0.5
    packed, given = packed_and_given(nn.Conv2d(3, 8, 3), normalisation)
    images = torch.rand(2, 3, SIDE, SIDE)
    expected = given(images)
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in packed.modules())
    with torch.inference_mode():
        torch.testing.assert_close(packed(images), expected, rtol=1e-4, atol=1e-5)


class _Shortcut(nn.Module):
    """What a convolution computes is normalised, and used as it is as well."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution, self.normalisation = nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8)
        self.normalisation.running_mean = torch.rand(8)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        convolved = self.convolution(images)
        both: torch.Tensor = convolved + self.normalisation(convolved)
        return both


class _Twice(nn.Module):
    """A convolution is used at two places, and only at one is it normalised."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution, self.normalisation = nn.Conv2d(3, 3, 3), nn.BatchNorm2d(3)
        self.normalisation.running_mean = torch.rand(3)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        convolved: torch.Tensor = self.convolution(self.normalisation(self.convolution(images)))
        return convolved


@pytest.mark.parametrize("layer", [_Shortcut, _Twice])
def test_batch_normalisation_stays_where_the_convolution_is_used_elsewhere(layer: type[nn.Module]) -> None:
    torch.manual_seed(0)
    packed, given = packed_and_given(layer())
    images = torch.rand(2, 3, SIDE, SIDE)
    assert any(isinstance(layer, nn.BatchNorm2d) for layer in packed.modules())
    with torch.inference_mode():
        torch.testing.assert_close(packed(images), given(images))


@pytest.mark.parametrize("options", [{"padding": 1, "padding_mode": "reflect"}, {"padding": "same"}], ids=str)
def test_other_padding_is_left_to_pytorch(options: dict[str, Any]) -> None:
    torch.manual_seed(0)
    packed, given = packed_and_given(nn.Conv2d(3, 4, 3, **options), nn.Conv2d(4, 4, 1))
    assert convolutions_left(packed) == 1
    images = torch.rand(2, 3, SIDE, SIDE)
    with torch.inference_mode():
        torch.testing.assert_close(packed(images), given(images))


def test_a_convolution_of_a_single_pixel_is_left_to_pytorch() -> None:
    """As in the squeeze and excitation of MobileNet v3 and EfficientNet: packed, it takes longer."""
    packed, given = packed_and_given(nn.Conv2d(3, 8, 3), nn.AdaptiveAvgPool2d(1), nn.Conv2d(8, 4, 1))
    assert convolutions_left(packed) == 1
    images = torch.rand(2, 3, SIDE, SIDE)
    with torch.inference_mode():
        torch.testing.assert_close(packed(images), given(images))
