"""`manifest.json`: what the weights alone do not say about a classifier."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PRECISIONS = ("float32", "int8")


@dataclass(frozen=True)
class Manifest:
    """How to build a classifier and how to prepare its input.

    Attributes:
        architecture: name of a torchvision classification architecture, such as `mobilenet_v3_small`.
        labels: class names in the order of the logits.
        image_size: height and width in pixels to which every image is resized.
        mean, std: per channel (red, green, blue), applied as `(x - mean) / std` to values in [0, 1].
            The defaults change nothing.
        precision: `float32`, with the weights in `model.pth`; or `int8`, with the quantised graph in `model.pt`,
            of which some layers may be in float.
        quantized_engine: whose 8-bit kernels are to compute it, a name of `torch.backends.quantized`; by default, and
            where the CPU cannot run them, PyTorch chooses.

    Raises:
        ValueError: a value cannot be right; the message names it.
    """

    architecture: str
    labels: tuple[str, ...]
    image_size: tuple[int, int] = (224, 224)
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)
    precision: str = "float32"
    quantized_engine: str | None = None

    def __post_init__(self) -> None:
        if not self.labels or not all(isinstance(label, str) and label for label in self.labels):
            raise ValueError("labels must be a list of one or more non-empty strings")
        if len(set(self.labels)) != len(self.labels):
            raise ValueError(f"labels must differ from each other, not {', '.join(self.labels)}")
        if len(self.image_size) != 2 or not all(isinstance(side, int) and side > 0 for side in self.image_size):
            raise ValueError(f"image_size must be a height and a width in pixels, not {list(self.image_size)}")
        if len(self.mean) != 3 or len(self.std) != 3 or not all(value > 0 for value in self.std):
            raise ValueError("mean and std must be three numbers each, and std positive")
        if self.precision not in PRECISIONS:
            raise ValueError(f"precision must be {' or '.join(PRECISIONS)}, not {self.precision!r}")
        if not isinstance(self.quantized_engine, str | None):
            raise ValueError(f"quantized_engine must be a name, not {self.quantized_engine!r}")

    @classmethod
    def read(cls, path: Path) -> Manifest:
        """Read `manifest.json`.

        Raises:
            ValueError: the file is missing, not JSON or not a manifest.
        """
        try:
            fields: dict[str, Any] = json.loads(path.read_bytes())
            return cls(
                architecture=fields["architecture"],
                labels=tuple(fields["labels"]),
                image_size=tuple(fields.get("image_size", cls.image_size)),
                mean=tuple(fields.get("mean", cls.mean)),
                std=tuple(fields.get("std", cls.std)),
                precision=fields.get("precision", cls.precision),
                quantized_engine=fields.get("quantized_engine", cls.quantized_engine),
            )
        except KeyError as error:
            raise ValueError(f"{path} has no {error}") from error
        except (OSError, TypeError, ValueError) as error:
            raise ValueError(f"{path} is not a model manifest: {error}") from error
