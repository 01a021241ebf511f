"""Every kind of image file becomes the tensor that it should; what is no good image is refused."""

import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

sys.path.insert(0, str(Path(__file__).parents[2] / "model_server" / "artifact"))

import image as artifact_image
from errors import RequestError
from manifest import Manifest
from torchvision_import import import_torchvision

from tests.damaged_images import encoded, oversized_exif, png

ARTIFACT_CODE = Path(artifact_image.__file__).parent
SAMPLE = Path(__file__).parents[2] / "site" / "samples" / "3.jpg"
WHITE, BLACK, RED = (255, 255, 255), (0, 0, 0), (255, 0, 0)


def plain(size: tuple[int, int], bit_depth: int, colour_type: int, pixel: bytes, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG of one colour, built by hand: Pillow writes neither 16-bit colour nor wrong sizes."""
    width, height = size
    return png(width, height, bit_depth, colour_type, (b"\0" + pixel * width) * min(height, 64), *chunks)


def with_wrong_check_sum(file: bytes) -> bytes:
    """The PNG with another check sum behind its first chunk, the header."""
    start = file.index(b"IHDR") + len(b"IHDR") + 13
    return file[:start] + bytes(byte ^ 0xFF for byte in file[start : start + 4]) + file[start + 4 :]


def with_scans(file: bytes, count: int) -> bytes:
    """The progressive JPEG with its last scan repeated `count` times."""
    scan = file[file.rindex(b"\xff\xda") : file.rindex(b"\xff\xd9")]
    return file.removesuffix(b"\xff\xd9") + scan * count + b"\xff\xd9"


def pixels(image: Image.Image) -> tuple[tuple[int, int], bytes]:
    return image.size, image.tobytes()


def photo(width: int = 90, height: int = 60) -> Image.Image:
    """An image that differs everywhere, so that no two orientations look alike."""
    across, down = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    return Image.fromarray(np.stack([across, down, 255 - across], axis=-1).astype(np.uint8))


def paletted(**options: object) -> bytes:
    image = Image.new("P", (8, 8), 1)
    image.putpalette([0, 0, 0, 255, 0, 0])
    return encoded(image, "PNG", **options)


SECOND_FRAME = {"save_all": True, "append_images": [Image.new("RGB", (8, 8))]}

ONE_COLOUR: dict[str, tuple[bytes, tuple[int, int, int]]] = {
    "JPEG": (encoded(Image.new("RGB", (8, 8), (10, 200, 30)), "JPEG", quality=100), (10, 200, 30)),
    "PNG": (encoded(Image.new("RGB", (8, 8), (10, 200, 30)), "PNG"), (10, 200, 30)),
    "WebP": (encoded(Image.new("RGB", (8, 8), (10, 200, 30)), "WEBP", lossless=True), (10, 200, 30)),
    "JPEG, greyscale": (encoded(Image.new("L", (8, 8), 77), "JPEG", quality=100), (77, 77, 77)),
    "JPEG, CMYK": (encoded(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG", quality=100), RED),
    "PNG, greyscale": (encoded(Image.new("L", (8, 8), 77), "PNG"), (77, 77, 77)),
    "PNG, 1 bit, black": (encoded(Image.new("1", (8, 8), 0), "PNG"), BLACK),
    "PNG, 1 bit, white": (encoded(Image.new("1", (8, 8), 1), "PNG"), WHITE),
    "PNG, palette": (paletted(), RED),
    "PNG, palette, transparent": (paletted(transparency=1), WHITE),
    "PNG, palette, half transparent": (paletted(transparency=b"\xff\x80"), (255, 127, 127)),
    "PNG, grey and alpha": (encoded(Image.new("LA", (8, 8), (0, 128)), "PNG"), (127, 127, 127)),
    "PNG, RGBA": (encoded(Image.new("RGBA", (8, 8), (255, 0, 0, 128)), "PNG"), (255, 127, 127)),
    "PNG, RGBA, transparent": (encoded(Image.new("RGBA", (8, 8), (0, 0, 0, 0)), "PNG"), WHITE),
    "PNG, transparent colour": (encoded(Image.new("RGB", (8, 8), RED), "PNG", transparency=RED), WHITE),
    "WebP, RGBA": (encoded(Image.new("RGBA", (8, 8), (255, 0, 0, 128)), "WEBP", lossless=True), (255, 127, 127)),
    "PNG, 16-bit grey": (plain((8, 8), 16, 0, b"\x80\x12"), (128, 128, 128)),
    "PNG, 16-bit grey, transparent": (plain((8, 8), 16, 0, b"\x12\x34", (b"tRNS", b"\x12\x34")), WHITE),
    "PNG, 16-bit grey, another transparent": (
        plain((8, 8), 16, 0, b"\x12\x34", (b"tRNS", b"\x12\x35")),
        (18, 18, 18),
    ),
    "PNG, 16-bit grey and alpha": (plain((8, 8), 16, 4, b"\x00\x00\x80\x00"), (127, 127, 127)),
    "PNG, 16-bit RGB": (plain((8, 8), 16, 2, b"\x80\x00\x10\x00\xff\xff"), (128, 16, 255)),
    "PNG, 16-bit RGB, another transparent": (
        plain((8, 8), 16, 2, b"\x80\x00\x10\x00\xff\xff", (b"tRNS", b"\x80\x01\x10\x00\xff\xff")),
        (128, 16, 255),
    ),
    "PNG, 16-bit RGBA": (plain((8, 8), 16, 6, b"\xff\xff\x00\x00\x00\x00\x80\x00"), (255, 127, 127)),
    "WebP, animated": (encoded(Image.new("RGB", (8, 8), RED), "WEBP", lossless=True, **SECOND_FRAME), RED),
    "PNG, animated": (encoded(Image.new("RGB", (8, 8), RED), "PNG", **SECOND_FRAME), RED),
}


@pytest.mark.parametrize("name", ONE_COLOUR)
def test_colour_of_every_kind(name: str) -> None:
    file, colour = ONE_COLOUR[name]
    image = artifact_image.decode(file)
    assert image.mode == "RGB"
    assert image.size == (8, 8)
    assert np.abs(np.asarray(image).astype(int) - colour).max() <= 2


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("file_format", ["PNG", "WEBP", "JPEG"])
def test_exif_orientation(orientation: int, file_format: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = encoded(photo(), file_format, exif=exif, **({"lossless": True} if file_format == "WEBP" else {}))
    expected = ImageOps.exif_transpose(Image.open(io.BytesIO(file)))
    assert pixels(artifact_image.decode(file)) == pixels(expected)
    assert expected.size == ((90, 60) if orientation < 5 else (60, 90))


def test_unreadable_exif_does_not_spoil_the_image() -> None:
    file = encoded(photo(), "PNG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    assert pixels(artifact_image.decode(file)) == pixels(photo())


@pytest.mark.parametrize("size", [(90, 60), (640, 480), (3, 500)])
def test_equals_torchvision_transforms(size: tuple[int, int]) -> None:
    transforms = import_torchvision().transforms
    manifest = Manifest("resnet18", ("a", "b"), (64, 48), (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    expected = transforms.Compose(
        [
            transforms.Resize(manifest.image_size),
            transforms.ToTensor(),
            transforms.Normalize(manifest.mean, manifest.std),
        ]
    )(photo(*size))
    tensor = artifact_image.to_tensor(encoded(photo(*size), "PNG"), manifest)
    assert tensor.shape == (1, 3, 64, 48)
    difference = (tensor[0] - expected).abs() * torch.tensor(manifest.std).view(3, 1, 1)
    assert difference.max() < 1.01 / 255  # a pixel's rounding
    assert difference.mean() < 0.01 / 255


@pytest.mark.parametrize("orientation", range(1, 9))
def test_large_photographs_are_close_to_torchvision_transforms(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    sample = Image.open(SAMPLE).resize((1600, 1000), Image.Resampling.BICUBIC)
    file = encoded(sample, "JPEG", quality=90, exif=exif)
    transforms = import_torchvision().transforms
    manifest = Manifest("resnet18", ("a", "b"), (224, 160))
    reference = transforms.Compose([transforms.Resize(manifest.image_size), transforms.ToTensor()])
    difference = artifact_image.to_tensor(file, manifest)[0] - reference(
        ImageOps.exif_transpose(Image.open(io.BytesIO(file)))
    )
    assert 0 < difference.abs().mean() < 0.01  # 0 would be the whole image, decoded in vain
    assert difference.abs().max() < 0.1


@pytest.mark.parametrize(
    ("at_least", "size"), [((100, 100), (200, 150)), ((201, 10), (400, 300)), (None, (1600, 1200))]
)
@pytest.mark.parametrize("sideways", [False, True])
def test_a_large_jpeg_is_decoded_to_what_is_needed(
    at_least: tuple[int, int] | None, size: tuple[int, int], sideways: bool
) -> None:
    exif = Image.Exif()
    if sideways:
        exif[0x0112] = 6
        at_least, size = at_least and (at_least[1], at_least[0]), (size[1], size[0])
    file = encoded(photo(1600, 1200), "JPEG", exif=exif)
    assert artifact_image.decode(file, at_least).size == size


def test_without_normalisation_values_are_in_0_to_1() -> None:
    tensor = artifact_image.to_tensor(ONE_COLOUR["PNG"][0], Manifest("resnet18", ("a",), (2, 2)))
    assert torch.equal(tensor[0, :, 0, 0], torch.tensor([10.0, 200.0, 30.0]) / 255)


NOT_IMAGES: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "text": lambda: b"hello",
    "HTML": lambda: b"<!doctype html><p>not found",
    "SVG": lambda: b'<svg xmlns="http://www.w3.org/2000/svg"/>',
    "GIF": lambda: encoded(photo(), "GIF"),
    "BMP": lambda: encoded(photo(), "BMP"),
    "TIFF": lambda: encoded(photo(), "TIFF"),
    "EPS": lambda: encoded(photo(), "EPS"),
    "truncated JPEG": lambda: encoded(photo(), "JPEG")[:-200],
    "truncated PNG": lambda: encoded(photo(), "PNG")[:-200],
    "truncated WebP": lambda: encoded(photo(), "WEBP")[:-100],
    "JPEG, header only": lambda: encoded(photo(), "JPEG")[:30],
    "PNG, wrong check sum": lambda: with_wrong_check_sum(ONE_COLOUR["PNG"][0]),
    "PNG, no pixels": lambda: plain((0, 0), 8, 0, b"\0"),
}


@pytest.mark.parametrize("name", NOT_IMAGES)
def test_refuses(name: str) -> None:
    with pytest.raises(RequestError) as refusal:
        artifact_image.decode(NOT_IMAGES[name]())
    assert refusal.value.status_code == 400
    assert str(refusal.value).startswith(("The file is not a JPEG, PNG or WebP image.", "The image file is truncated"))


@pytest.mark.parametrize("size", [(7100, 7100), (13_000, 13_000), (30_000, 30_000), (2**31 - 1, 2**31 - 1)])
def test_refuses_bombs_by_their_announced_size(size: tuple[int, int]) -> None:
    with pytest.raises(RequestError, match="more than 50 million pixels") as refusal:
        artifact_image.decode(plain(size, 8, 0, b"\0"[: size[0] < 40_000]))
    assert refusal.value.status_code == 400


def test_webp_may_have_fewer_pixels_because_its_decoder_takes_more_memory() -> None:
    file = encoded(Image.new("RGB", (6000, 4000)), "WEBP", lossless=True, method=0, quality=0)
    with pytest.raises(RequestError, match="more than 20 million pixels"):
        artifact_image.decode(file)


@pytest.mark.parametrize("size", [(49_000_000, 1), (1, 49_000_000), (65_536, 2)])
def test_refuses_long_thin_images(size: tuple[int, int]) -> None:
    with pytest.raises(RequestError, match="more than 65535 pixels long or wide"):
        artifact_image.decode(plain(size, 8, 0, b"\0"))


LYING = Image.Exif()
LYING[0x0112] = 6
LARGEST: dict[str, Callable[[], bytes]] = {
    "JPEG": lambda: encoded(Image.new("CMYK", (7000, 7000)), "JPEG", exif=LYING),
    "JPEG, progressive": lambda: encoded(Image.new("CMYK", (5000, 4990)), "JPEG", progressive=True, exif=LYING),
    "PNG": lambda: encoded(Image.new("RGBA", (7000, 7000)), "PNG", compress_level=1, exif=LYING),
    "PNG, 16 bits": lambda: encoded(
        Image.fromarray(np.zeros((7000, 7000), np.uint16)), "PNG", compress_level=1, exif=LYING
    ),
    "PNG, longest": lambda: encoded(Image.new("RGBA", (760, 65_535)), "PNG", compress_level=1, exif=LYING),
    "WebP": lambda: encoded(Image.new("RGBA", (5000, 4000)), "WEBP", method=0, exif=LYING),
}


# Each file in a process of its own, which need not load torch again. Not ru_maxrss, which a process inherits from the
# one that started it.
DECODING = """
import os, pathlib, sys; import image; from manifest import Manifest
def peak(): return int(pathlib.Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0]) * 1024
for file in map(pathlib.Path, sys.argv[1:]):
    if os.fork() == 0:
        before = peak()
        image.to_tensor(file.read_bytes(), Manifest('resnet18', ('a', 'b'), (224, 224)))
        print(peak() - before, flush=True)
        os._exit(0)
    os.wait()
"""


@pytest.fixture(scope="module")
def peaks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    """The memory, in bytes, that each of the largest images takes."""
    folder = tmp_path_factory.mktemp("largest")
    files = [folder / name for name in LARGEST]
    for file in files:
        file.write_bytes(LARGEST[file.name]())
    command = [sys.executable, "-c", DECODING, *map(str, files)]
    measured = subprocess.run(command, cwd=ARTIFACT_CODE, check=True, capture_output=True, text=True)
    return dict(zip(LARGEST, map(int, measured.stdout.split()), strict=True))


@pytest.mark.parametrize("name", LARGEST)
def test_memory_for_the_largest_images(peaks: dict[str, int], name: str) -> None:
    assert peaks[name] < 450_000_000


@pytest.mark.parametrize(
    "content",
    [png(8, 8, 8, 0, b"\0", (b"eXIf", oversized_exif(20_000))), png(10_000, 10_000, 8, 0, b"\0")],
    ids=["EXIF", "100 megapixels"],
)
def test_a_file_cannot_fill_the_log(tmp_path: Path, content: bytes) -> None:
    """In a process of its own, because pytest sets filters for warnings, too."""
    file = tmp_path / "image"
    file.write_bytes(content)
    decoding = (
        "import contextlib, pathlib, sys; import errors, image; from PIL import Image, TiffImagePlugin\n"
        "with contextlib.suppress(errors.RequestError): image.decode(pathlib.Path(sys.argv[1]).read_bytes())\n"
        "remembered = [module.__dict__.get('__warningregistry__', {}) for module in (Image, TiffImagePlugin)]\n"
        "print([key for registry in remembered for key in registry if key != 'version'])\n"
    )
    command = [sys.executable, "-c", decoding, str(file)]
    decoded = subprocess.run(command, cwd=ARTIFACT_CODE, check=True, capture_output=True, text=True)
    assert (decoded.stdout, decoded.stderr.splitlines()) == ("[]\n", [])


def test_refuses_progressive_jpegs_that_are_large() -> None:
    with pytest.raises(RequestError, match="progressive JPEG image has more than 25 million pixels"):
        artifact_image.decode(encoded(Image.new("L", (5001, 5000)), "JPEG", progressive=True))


def test_a_jpeg_with_a_second_picture() -> None:
    file = encoded(photo(), "MPO", save_all=True, append_images=[Image.new("RGB", (9, 6))])
    assert pixels(artifact_image.decode(file)) == pixels(Image.open(io.BytesIO(file)))


def test_refuses_scan_bombs() -> None:
    file = encoded(photo(), "JPEG", progressive=True)
    assert artifact_image.decode(with_scans(file, 50)).size == (90, 60)
    with pytest.raises(RequestError, match="more than 100 scans"):
        artifact_image.decode(with_scans(file, 100))


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["JPEG", "PNG", "WEBP"]), st.integers(0, 2**16), st.binary(min_size=1, max_size=4))
def test_damage_never_causes_another_error(file_format: str, position: int, damage: bytes) -> None:
    file = bytearray(encoded(photo(24, 16), file_format, exif=Image.Exif()))
    position %= len(file)
    file[position : position + len(damage)] = damage
    try:
        image = artifact_image.decode(bytes(file))
    except RequestError as refusal:
        assert refusal.status_code == 400
    else:
        assert image.mode == "RGB"
