"""How each server is installed, started and asked."""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


def _as_it_is(image_file: bytes) -> tuple[str, bytes]:
    return "image/jpeg", image_file


def _base64(image_file: bytes) -> tuple[str, bytes]:
    return "application/json", json.dumps({"image": base64.b64encode(image_file).decode()}).encode()


def _form(image_file: bytes) -> tuple[str, bytes]:
    head = b'--x\r\nContent-Disposition: form-data; name="image"; filename="1.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
    return "multipart/form-data; boundary=x", head + image_file + b"\r\n--x--\r\n"


def _v2_inference(image_file: bytes) -> tuple[str, bytes]:
    data = [base64.b64encode(image_file).decode()]
    image = {"name": "image", "shape": [1], "datatype": "BYTES", "parameters": {"content_type": "base64"}, "data": data}
    return "application/json", json.dumps({"inputs": [image]}).encode()


@dataclass(frozen=True)
class Server:
    """A server of the same model. PORT to PORT5, FOLDER and CORES in its texts are filled in when it is started.

    Attributes:
        module: what to run with `python -m`, and its arguments.
        packages: what it needs beside this project's own packages.
        path: where it answers.
        request: media type and body that ask for one image.
        files: what it wants to find in its folder.
        prepare: what to run before, likewise with `python -m`.
        environment: variables of its own.
    """

    module: str
    packages: tuple[str, ...] = ()
    path: str = "/predict"
    request: Callable[[bytes], tuple[str, bytes]] = _as_it_is
    files: Mapping[str, str] = field(default_factory=dict)
    prepare: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


_MLSERVER_SETTINGS = """
{"host": "127.0.0.1", "http_port": PORT, "metrics_port": PORT2, "grpc_port": PORT3, "parallel_workers": CORES,
 "debug": false}
"""
_MLSERVER_MODEL = """
{"name": "model", "implementation": "bench.peers.mlserver_runtime.Runtime"}
"""
_TORCHSERVE = """
inference_address=http://127.0.0.1:PORT
management_address=http://127.0.0.1:PORT2
metrics_address=http://127.0.0.1:PORT3
grpc_inference_port=PORT4
grpc_management_port=PORT5
default_workers_per_model=CORES
job_queue_size=100
disable_token_authorization=true
enable_envvars_config=false
"""

OURS = "this container"
OURS_OPENVINO = "this container, OpenVINO"
PLAIN_FLASK = "Flask, eager"
SERVERS = {
    OURS: Server("model_server.container serve", path="/invocations", environment={"INFERENCE_RUNTIME": "torch"}),
    OURS_OPENVINO: Server(
        "model_server.container serve", path="/invocations", environment={"INFERENCE_RUNTIME": "openvino"}
    ),
    PLAIN_FLASK: Server("bench.peers.flask_eager"),
    "LitServe": Server("bench.peers.litserve_server", ("litserve==0.2.19",), request=_base64),
    "BentoML": Server(
        "bentoml serve bench.peers.bentoml_server:Service --host 127.0.0.1 --port PORT",
        ("bentoml==1.4.40",),
        request=_form,
        environment={"BENTOML_DO_NOT_TRACK": "True"},
    ),
    "Ray Serve": Server("bench.peers.ray_serve", ("ray[serve]==2.60.0",), environment={"RAY_USAGE_STATS_ENABLED": "0"}),
    "MLServer": Server(
        "bench.peers.mlserver_command start FOLDER",
        # Its workers expect an event loop where uvloop from 0.22 on has none.
        ("mlserver==1.7.1", "uvloop<0.22"),
        path="/v2/models/model/infer",
        request=_v2_inference,
        files={"settings.json": _MLSERVER_SETTINGS, "model-settings.json": _MLSERVER_MODEL},
    ),
    "TorchServe": Server(
        "ts.model_server --foreground --model-store FOLDER --models model=model.mar "
        "--ts-config FOLDER/config.properties",
        ("torchserve==0.12.0", "torch-model-archiver==0.12.0"),
        path="/predictions/model",
        files={"config.properties": _TORCHSERVE},
        prepare=(
            "model_archiver.model_packaging --model-name model --version 1 --export-path FOLDER "
            "--handler bench/peers/torchserve_handler.py",
        ),
    ),
}
