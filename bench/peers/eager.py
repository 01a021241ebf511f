"""The model as every tutorial serves it: torchvision's layers in eager mode, Pillow and torchvision's transforms."""

import io
import json
import os
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from model_server.artifact.torchvision_import import import_torchvision


class Classifier:
    """Bytes of an image in, logits out."""

    def __init__(self, threads: int | None = None) -> None:
        """Load the unpacked float artifact in $MODEL_DIR. threads: of torch, if not what it chooses itself."""
        if threads is not None:
            torch.set_num_threads(threads)
        directory = Path(os.environ["MODEL_DIR"])
        manifest: dict[str, Any] = json.loads((directory / "manifest.json").read_text())
        torchvision = import_torchvision()
        self._model = torchvision.models.get_model(manifest["architecture"], num_classes=len(manifest["labels"]))
        self._model.load_state_dict(torch.load(directory / "model.pth", weights_only=True))
        self._model.eval()
        transforms = torchvision.transforms
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
