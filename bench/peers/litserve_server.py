"""LitServe, as https://lightning.ai/docs/litserve shows; one worker for each core."""

import base64
import os
from typing import Any

import litserve
from torch import Tensor

from bench.peers.eager import Classifier


class Api(litserve.LitAPI):
    """Decodes a request, predicts, and encodes the answer."""

    def setup(self, _: str) -> None:
        """Called in each worker."""
        self._classify = Classifier(threads=1)

    def decode_request(self, request: dict[str, str]) -> Tensor:
        """The image comes as base64 in JSON."""
        return self._classify.prepare(base64.b64decode(request["image"])).unsqueeze(0)

    def predict(self, image: Tensor) -> list[list[float]]:
        """One image."""
        return self._classify.logits(image)

    def encode_response(self, output: list[list[float]]) -> dict[str, Any]:
        """As JSON."""
        return {"logits": output}


if __name__ == "__main__":
    server = litserve.LitServer(Api(), accelerator="cpu", workers_per_device=os.cpu_count())
    server.run(host="127.0.0.1", port=int(os.environ["PORT"]), generate_client_file=False)
