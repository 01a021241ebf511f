"""The model as every tutorial serves it: torchvision's layers in eager mode, Pillow and torchvision's transforms.

Only loading it is quicker, and done as this project's container does it: no weights are drawn to be replaced.
"""

import io
import json
import os
import sys
from pathlib import Path
from typing import Any

import torch
from PIL import Image


class Classifier:
    """Bytes of an image in, logits out."""

    def __init__(self, threads: int | None = None) -> None:
        """Load the unpacked float artifact in $MODEL_DIR. threads: of torch, if not what it chooses itself."""
        if threads is not None:
            torch.set_num_threads(threads)
        directory = Path(os.environ["MODEL_DIR"])
        manifest: dict[str, Any] = json.loads((directory / "manifest.json").read_text())
        sys.path.append(str(directory / "code"))
        from classifier import load_classifier
        from torchvision_import import import_torchvision

        weights = torch.load(directory / "model.pth", weights_only=True)
        self._model = load_classifier(manifest["architecture"], weights, len(manifest["labels"]))
        transforms = import_torchvision().transforms
        self._prepare = transforms.Compose([transforms.Resize(manifest["image_size"]), transforms.ToTensor()])

    def prepare(self, image_file: bytes) -> torch.Tensor:
        """The network's input for one image."""
        image: torch.Tensor = self._prepare(Image.open(io.BytesIO(image_file)).convert("RGB"))
        return image

    @torch.inference_mode()
    def logits(self, images: torch.Tensor) -> list[list[float]]:
        """The network's answer for a batch."""
        answer: list[list[float]] = self._model(images).tolist()
        return answer

    def __call__(self, image_file: bytes) -> list[list[float]]:
        """Both for one image."""
        return self.logits(self.prepare(image_file).unsqueeze(0))
