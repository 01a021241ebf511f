"""MLServer, as https://mlserver.readthedocs.io/en/latest/user-guide/custom.html shows; one worker for each core."""

from mlserver import MLModel  # type: ignore[import-not-found]
from mlserver.codecs import decode_args  # type: ignore[import-not-found]
from numpy.typing import NDArray
import numpy as np

from bench.peers.eager import Classifier


class Runtime(MLModel):  # type: ignore[misc]
    """Takes the image as base64 in JSON of the V2 inference protocol."""

    async def load(self) -> bool:
        """Called in each worker."""
        self._classify = Classifier(threads=1)
        return True

    @decode_args  # type: ignore[untyped-decorator]
    async def predict(self, image: list[bytes]) -> NDArray[np.float32]:
        """One image."""
        return np.array(self._classify(image[0]), np.float32)
