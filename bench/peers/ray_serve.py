"""Ray Serve, as https://docs.ray.io/en/latest/serve/tutorials/serve-ml-models.html shows; one replica for each core."""

import os

from ray import serve
from ray.serve.config import HTTPOptions
from starlette.requests import Request

from bench.peers.eager import Classifier


@serve.deployment(num_replicas=os.cpu_count(), max_ongoing_requests=32)
class Deployment:
    """Takes the image as the body."""

    def __init__(self) -> None:
        self._classify = Classifier(threads=1)

    async def __call__(self, request: Request) -> list[list[float]]:
        """One image."""
        return self._classify(await request.body())


if __name__ == "__main__":
    serve.start(http_options=HTTPOptions(host="127.0.0.1", port=int(os.environ["PORT"])))
    bound = Deployment.bind()  # type: ignore[attr-defined]
    serve.run(bound, route_prefix="/predict", blocking=True)
