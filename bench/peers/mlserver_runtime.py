"""MLServer, as https://mlserver.readthedocs.io/en/latest/user-guide/custom.html shows; one worker for each core."""

import numpy as np
from mlserver import MLModel
from mlserver.codecs import Base64Codec, NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse

from bench.peers.eager import Classifier


class Runtime(MLModel):
    """Takes the image as base64 in JSON of the V2 inference protocol."""

    async def load(self) -> bool:
        """Called in each worker."""
        self._classify = Classifier(threads=1)
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """One image."""
        (image,) = Base64Codec.decode_input(payload.inputs[0])
        logits = np.array(self._classify(image), np.float32)
        return InferenceResponse(model_name=self.name, outputs=[NumpyCodec.encode_output("logits", logits)])
