"""`python -m model_server.container serve`: what SageMaker runs as `docker run IMAGE serve`.

Environment:
    SM_MODEL_DIR             the unpacked model.tar.gz (default /opt/ml/model)
    MODEL_SERVER_HOST        address to listen on (default 127.0.0.1; SageMaker needs 0.0.0.0)
    SAGEMAKER_BIND_TO_PORT   port to listen on (default 8080)
    MAX_REQUEST_BYTES        largest request body (default 6 MB, the most that SageMaker passes on)
    OMP_NUM_THREADS          threads that torch uses for one request (default 1; see server.py)
    SAGEMAKER_MODEL_SERVER_WORKERS
                             requests that are worked on at a time (default: as there are cores for; see cores.py)
    MAX_BATCH_SIZE           images that are predicted for together (default 8; 1 is one by one), where several come at
                             once and the network is small enough to gain by it (see batches.py)

The model code has its own variables; those of this project's are in model_server/artifact/image_request.py, and
INFERENCE_RUNTIME in inference.py beside it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from model_server.container.batches import MAX_SIZE
from model_server.container.cores import usable_cores
from model_server.container.server import Settings, serve
from model_server.serving.json_log import log_as_json

# InvokeEndpoint's limit: `Body` in botocore's service model of sagemaker-runtime.
DEFAULT_MAX_REQUEST_BYTES = 6 * 1024 * 1024


def main() -> None:
    """Serve until SIGTERM."""
    if sys.argv[1:] != ["serve"]:
        print("usage: python -m model_server.container serve", file=sys.stderr)
        sys.exit(2)
    try:
        settings = read_settings()
    except ValueError as error:
        sys.exit(str(error))
    log_as_json(sys.stdout)
    serve(settings)


def read_settings() -> Settings:
    """Read the settings from the environment.

    Raises:
        ValueError: a variable has no usable value; the message names it.
    """
    model_dir = Path(os.environ.get("SM_MODEL_DIR", "/opt/ml/model"))
    if not model_dir.is_dir():
        raise ValueError(f"{model_dir} does not exist. Set SM_MODEL_DIR to the folder of an unpacked model.tar.gz.")
    threads = _number("OMP_NUM_THREADS", default=1)
    return Settings(
        model_dir=model_dir,
        host=os.environ.get("MODEL_SERVER_HOST", "127.0.0.1"),
        port=_number("SAGEMAKER_BIND_TO_PORT", default=8080),
        max_request_bytes=_number("MAX_REQUEST_BYTES", default=DEFAULT_MAX_REQUEST_BYTES),
        threads=threads,
        workers=_number("SAGEMAKER_MODEL_SERVER_WORKERS", default=max(1, usable_cores() // threads)),
        max_batch_size=_number("MAX_BATCH_SIZE", default=MAX_SIZE),
    )


def _number(variable: str, default: int) -> int:
    text = os.environ.get(variable, str(default))
    if not text.isdecimal() or int(text) == 0:
        raise ValueError(f"{variable} must be a whole number from 1, not {text!r}.")
    return int(text)


if __name__ == "__main__":
    main()
