"""BentoML, as https://docs.bentoml.com/en/latest/get-started/hello-world.html shows; one worker for each core."""

from pathlib import Path
from typing import Annotated

import bentoml
from bentoml.validators import ContentType

from bench.peers.eager import Classifier


@bentoml.service(workers="cpu_count")
class Service:
    """Takes an image as a form's file."""

    def __init__(self) -> None:
        self._classify = Classifier(threads=1)

    @bentoml.api
    def predict(self, image: Annotated[Path, ContentType("image/jpeg")]) -> list[list[float]]:
        """One image."""
        return self._classify(image.read_bytes())
