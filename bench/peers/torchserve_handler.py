"""TorchServe, as https://pytorch.org/serve/custom_service.html shows; one worker for each core."""

from typing import Any

from ts.torch_handler.base_handler import BaseHandler

from bench.peers.eager import Classifier


class Handler(BaseHandler):
    """Takes the image as the body."""

    def initialize(self, _: Any) -> None:
        """Called in each worker."""
        self._classify = Classifier(threads=1)
        self.initialized = True

    def handle(self, data: list[dict[str, bytes]], _: Any) -> list[list[float]]:
        """A batch of one."""
        return [self._classify(bytes(request["body"]))[0] for request in data]
