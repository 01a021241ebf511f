"""Turns the bytes of an untrusted image file into the tensor that a classifier takes."""

from __future__ import annotations

import io
import os
import warnings
from http import HTTPStatus

import numpy as np
import torch
from errors import RequestError
from manifest import Manifest
from PIL import ExifTags, Image, UnidentifiedImageError
from torch import Tensor
from torch.nn.functional import interpolate

FORMATS = ("JPEG", "PNG", "WEBP")
_JPEG = ("JPEG", "MPO")

# With these limits no image takes more than 450 MB until it is a tensor, as docs/deploy.md tells users. The pixels of a
# 50-megapixel camera take 200 MB, 400 MB with transparency. WebP's decoder holds several copies of its canvas, some
# 20 bytes for every pixel. MPO is what Pillow calls a JPEG with a second picture behind the first, such as the preview
# that many cameras append.
MAX_PIXELS = {"JPEG": 50_000_000, "MPO": 50_000_000, "PNG": 50_000_000, "WEBP": 20_000_000}

# Decoding and resizing keep some 20 bytes for every row and every column, which counts when there is little else. It is
# the longest that a JPEG can be.
MAX_SIDE = 65_535

# A JPEG of several scans is decoded only when all have arrived; until then its coefficients take 6 bytes for every
# pixel, 8 in CMYK. libjpeg itself refuses more than so much (libjpeg.txt, "Memory management"): it alone knows which
# files beside progressive ones need it.
MAX_PROGRESSIVE_PIXELS = 25_000_000
os.environ["JPEGMEM"] = "220M"

# Three bytes each, for a moment twice.
_MAX_COPIED_PIXELS = 4_000_000

# Each scan of a progressive JPEG goes over all pixels again, so a small file of many scans costs minutes. Encoders
# write about ten.
MAX_SCANS = 100
_START_OF_SCAN = b"\xff\xda"  # in compressed data, 0xFF is always followed by 0x00 or a restart marker

# Pillow warns of each damaged EXIF tag, of which a small file has thousands, and remembers each size of a large image.
# What strangers send must not fill the log: they read in the answer what is wrong. One filter for the process, because
# catch_warnings() is not safe in threads.
warnings.filterwarnings("ignore", module=r"PIL\.")

# EXIF 2.32, tag 0x0112: what to do to the stored pixels so that the picture is upright.
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS = (5, 6, 7, 8)


def to_tensor(image_file: bytes, manifest: Manifest) -> Tensor:
    """Return the image as float tensor `[1, 3, H, W]`, resized and normalised as the manifest says.

    Equal to torchvision's `Resize((H, W))`, `ToTensor()`, `Normalize(mean, std)` on the upright RGB image, with
    pixels rounded the other way here and there, but for JPEGs of twice that size and more, which come out of the
    decoder at a half, a quarter or an eighth of theirs. Of a photograph's values, from 0 to 1, the mean one is then
    less than 0.01 away from that, and none more than 0.1.

    Raises:
        RequestError: status 400; the file is not a JPEG, PNG or WebP image, is damaged or has too many pixels.
    """
    height, width = manifest.image_size
    pixels = _resized(decode(image_file, at_least=(width, height)), height, width)
    mean, std = (torch.tensor(channel).view(1, 3, 1, 1) for channel in (manifest.mean, manifest.std))
    return pixels.float().div_(255).sub_(mean).div_(std)


def _resized(image: Image.Image, height: int, width: int) -> Tensor:
    """Return the image as tensor `[1, 3, height, width]` of bytes.

    torch resizes as Pillow does, to within a rounding, in a third of its time, but takes a copy of all pixels.
    """
    if image.width * image.height > _MAX_COPIED_PIXELS:
        image = image.resize((width, height), Image.Resampling.BILINEAR)
    pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1).unsqueeze(0)
    return interpolate(pixels, (height, width), mode="bilinear", antialias=True)


def decode(image_file: bytes, at_least: tuple[int, int] | None = None) -> Image.Image:
    """Return the upright RGB image (of an animation, the first frame).

    at_least: width and height, if a smaller image will do that has at least these. A JPEG is then decoded to one.

    Raises:
        RequestError: as `to_tensor`.
    """
    try:
        image, orientation = _read(image_file, at_least)
        return image.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else image
    except (RequestError, MemoryError):
        raise
    except Image.DecompressionBombError as error:
        raise _refused(f"The image has more than {max(MAX_PIXELS.values()) // 1_000_000} million pixels.") from error
    except UnidentifiedImageError as error:
        raise RequestError(HTTPStatus.BAD_REQUEST, "The file is not a JPEG, PNG or WebP image.") from error
    except Exception as error:
        # Damaged files make Pillow raise nearly anything: OSError, SyntaxError, ValueError, struct.error, zlib.error...
        raise RequestError(HTTPStatus.BAD_REQUEST, "The image file is truncated or damaged.") from error


def _read(image_file: bytes, at_least: tuple[int, int] | None) -> tuple[Image.Image, int | None]:
    """Return the RGB image as it is stored, and its orientation. What it was decoded to is gone when this returns."""
    with Image.open(io.BytesIO(image_file), formats=FORMATS) as image:
        _check_cost(image, image_file)
        if at_least and image.format in _JPEG:
            # From the low frequencies of each block alone, libjpeg makes the smaller image in a fraction of the time.
            image.draft(None, at_least[::-1] if _orientation(image) in _SIDEWAYS else at_least)
        image.load()
        return _to_rgb(image), _orientation(image)


def _check_cost(image: Image.Image, image_file: bytes) -> None:
    """Refuse, before anything is decoded, what would take too much memory or time."""
    most, kind = MAX_PIXELS[image.format or ""], "image"
    if image.info.get("progressive"):
        most, kind = MAX_PROGRESSIVE_PIXELS, "progressive JPEG image"
    if image.width * image.height > most:
        raise _refused(f"The {kind} has more than {most // 1_000_000} million pixels.")
    if max(image.size) > MAX_SIDE:
        raise _refused(f"The image is more than {MAX_SIDE} pixels long or wide.")
    if image.format in _JPEG and image_file.count(_START_OF_SCAN) > MAX_SCANS:
        raise _refused(f"The JPEG image has more than {MAX_SCANS} scans.")


def _orientation(image: Image.Image) -> int | None:
    try:
        orientation: int | None = image.getexif().get(ExifTags.Base.Orientation)
    except Exception:
        # As in browsers, metadata that cannot be read do not make good pixels unusable.
        return None
    return orientation


def _to_rgb(image: Image.Image) -> Image.Image:
    """Return the image in RGB: what is transparent shows white, 16-bit values are scaled to 8 bits."""
    if image.mode.startswith("I"):
        image = _to_8_bits(image)
    if not image.has_transparency_data:
        return image if image.mode == "RGB" else image.convert("RGB")
    image = image if image.mode == "RGBA" else image.convert("RGBA")
    white = Image.new("RGB", image.size, "white")
    white.paste(image, mask=image)
    return white


def _to_8_bits(image: Image.Image) -> Image.Image:
    """Scale a 16-bit greyscale image, modes `I;16` and `I`. Pillow's own conversion may cut values off at 255."""
    values = np.array(image)
    transparent = image.info.get("transparency")
    if transparent is not None:
        values[values == transparent] = 0xFFFF
    values >>= 8
    return Image.fromarray(values.astype(np.uint8))


def _refused(why: str) -> RequestError:
    return RequestError(HTTPStatus.BAD_REQUEST, f"{why} Send a smaller or simpler image.")
