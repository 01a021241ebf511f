"""A packaged classifier in the container: images of every kind and size, good and bad."""

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from harness.project import PROJECT
from model_server.artifact.torchvision_import import import_torchvision
from model_server.sagemaker.archive import unpack
from tests.damaged_images import encoded, png_bomb
from tests.integration.container_process import Answer, Container, peak_memory, serving

LABELS = ["1", "2", "3", "4", "5"]


def photo(seed: int = 0, size: tuple[int, int] = (320, 240)) -> Image.Image:
    noise = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC)


@pytest.fixture(scope="module")
def network() -> nn.Module:
    torch.manual_seed(0)
    classifier: nn.Module = import_torchvision().models.mobilenet_v3_small(num_classes=len(LABELS)).eval()
    return classifier


@pytest.fixture(scope="module")
def image_server() -> Iterator[str]:
    """The origin of a web server that has one image, at `/image.jpg`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/image.jpg" else 404)
            self.end_headers()
            self.wfile.write(encoded(photo(), "JPEG"))

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def container(network: nn.Module, image_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Container]:
    directory = tmp_path_factory.mktemp("classifier")
    torch.save(network.state_dict(), directory / "trained.pth")
    options = {
        "checkpoint": directory / "trained.pth",
        "architecture": "mobilenet_v3_small",
        "labels": ",".join(LABELS),
        "output": directory / "model.tar.gz",
    }
    command = [sys.executable, "-m", "model_server.package", *(f"--{name}={value}" for name, value in options.items())]
    subprocess.run(command, cwd=PROJECT, check=True, capture_output=True)
    unpack(directory / "model.tar.gz", directory / "model")
    with serving(directory / "model", directory / "log", TRUSTED_IMAGE_ORIGINS=f"http://x {image_server}") as running:
        running.wait_for_ping(200)
        yield running


def send(container: Container, body: bytes, content_type: str | None, **headers: str) -> Answer:
    types = {} if content_type is None else {"Content-Type": content_type}
    return container.request("POST", "/invocations", body, {**types, **headers})


def expected_logits(network: nn.Module, image: Image.Image) -> list[list[float]]:
    """Computed as the model was trained: upright RGB, 224 x 224, values in [0, 1]."""
    transforms = import_torchvision().transforms
    preprocess = transforms.Compose([transforms.Resize((224, 224)), transforms.ToTensor()])
    with torch.inference_mode():
        logits: list[list[float]] = network(preprocess(image.convert("RGB")).unsqueeze(0)).tolist()
    return logits


def assert_logits(answer: Answer, expected: list[list[float]]) -> None:
    assert answer.status == 200, answer.body
    assert answer.headers["Content-Type"] == "application/json"
    np.testing.assert_allclose(np.array(answer.json), np.array(expected), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    ("file_format", "content_type"),
    [
        ("JPEG", "image/jpeg"),
        ("PNG", "image/png"),
        ("WEBP", "image/webp"),
        ("PNG", "application/x-image"),
        ("JPEG", "IMAGE/JPEG; charset=binary"),
        # What the file is counts, not what it is called.
        ("PNG", "image/jpeg"),
    ],
)
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_answers_logits(
    container: Container, network: nn.Module, file_format: str, content_type: str, mode: str
) -> None:
    file = encoded(photo().convert(mode), file_format)
    assert_logits(send(container, file, content_type), expected_logits(network, Image.open(BytesIO(file))))


def test_turns_photos_upright(container: Container, network: nn.Module) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    lying = photo().transpose(Image.Transpose.ROTATE_90)
    assert_logits(send(container, encoded(lying, "PNG", exif=exif), "image/png"), expected_logits(network, photo()))


def test_fetches_an_image_by_url(container: Container, network: nn.Module, image_server: str) -> None:
    answer = send(container, json.dumps({"url": f"{image_server}/image.jpg"}).encode(), "application/json")
    expected = expected_logits(network, Image.open(BytesIO(encoded(photo(), "JPEG"))))
    assert_logits(answer, expected)


def test_requests_at_once_get_their_own_answers(container: Container, network: nn.Module) -> None:
    images = [photo(seed) for seed in range(12)]
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda image: send(container, encoded(image, "PNG"), "image/png"), images))
    for image, answer in zip(images, answers, strict=True):
        assert_logits(answer, expected_logits(network, image))


JPEG = encoded(photo(), "JPEG")


@pytest.mark.parametrize(
    ("body", "content_type", "status", "message"),
    [
        (b"", "image/jpeg", 400, "The request has no image."),
        (b"hello", "image/jpeg", 400, "not a JPEG, PNG or WebP image"),
        (encoded(photo(), "GIF"), "image/png", 400, "not a JPEG, PNG or WebP image"),
        (JPEG[:-500], "image/jpeg", 400, "truncated or damaged"),
        (encoded(photo(), "PNG")[:-500], "image/png", 400, "truncated or damaged"),
        (encoded(photo(), "WEBP")[:-500], "image/webp", 400, "truncated or damaged"),
        (JPEG, None, 415, "Content-Type is missing; supported are image/jpeg, image/png, image/webp"),
        (JPEG, "text/plain", 415, "Content-Type is text/plain"),
        (JPEG, "application/json", 400, "not JSON"),
        (b"", "application/json", 400, "not JSON"),
        (b"[" * 100_000, "application/json", 400, "not JSON"),
        (b"[]", "application/json", 400, 'JSON object {"url": "https://..."}'),
        (b'{"url": 5}', "application/json", 400, 'JSON object {"url": "https://..."}'),
        (b'{"url": "ftp://example.com/a.jpg"}', "application/json", 400, "cannot be fetched"),
        (b'{"url": "http://169.254.169.254/latest/meta-data/"}', "application/json", 400, "cannot be fetched"),
        (b'{"url": "http://127.0.0.1:1/image.jpg"}', "application/json", 400, "cannot be fetched"),
        (b" " * 6_300_000, "image/jpeg", 413, "larger than 6291456 bytes"),
    ],
    ids=lambda value: "" if isinstance(value, bytes) else str(value),
)
def test_bad_requests(container: Container, body: bytes, content_type: str | None, status: int, message: str) -> None:
    answer = send(container, body, content_type)
    assert answer.status == status
    assert message in json.loads(answer.body)["message"]


def test_only_json_is_answered(container: Container) -> None:
    assert send(container, JPEG, "image/jpeg", Accept="text/html, application/json;q=0.1").status == 200
    answer = send(container, JPEG, "image/jpeg", Accept="text/csv")
    assert answer.status == 406
    assert "text/csv" in json.loads(answer.body)["message"]


def test_bomb_is_refused_before_it_is_decoded(container: Container) -> None:
    file = png_bomb(30_000)
    assert len(file) < 1_000_000
    before = peak_memory(container)
    answer = send(container, file, "image/png")
    assert answer.status == 400
    assert answer.json == {"message": "The image has more than 50 million pixels. Send a smaller or simpler image."}
    assert peak_memory(container) - before < 100_000_000


def test_with_network_isolation_urls_are_refused(container: Container, tmp_path: Path) -> None:
    model = container.log.parent / "model"
    with serving(model, tmp_path / "log", SAGEMAKER_NETWORK_ISOLATION="true") as isolated:
        isolated.wait_for_ping(200)
        answer = isolated.invoke({"url": "https://example.com/image.jpg"})
        assert answer.status == 400
        assert "Send the image itself" in json.loads(answer.body)["message"]
        assert send(isolated, JPEG, "image/jpeg").status == 200


def test_says_what_does_not_fit(container: Container, tmp_path: Path) -> None:
    shutil.copytree(container.log.parent / "model", tmp_path / "model")
    manifest = json.loads((tmp_path / "model" / "manifest.json").read_text())
    (tmp_path / "model" / "manifest.json").write_text(json.dumps({**manifest, "architecture": "resnet18"}))
    with serving(tmp_path / "model", tmp_path / "log") as running:
        assert running.process.wait(120) == 1
    [line] = running.log.read_text().splitlines()
    assert "does not fit resnet18" in line
    assert "missing: conv1.weight" in line
