"""Image files of every accepted kind, and damage to them that is the same in every run."""

import random
import struct
import zlib
from collections.abc import Callable
from io import BytesIO

import numpy as np
from PIL import Image

SIZE = (48, 36)
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"

# Where fields meet their limits: the numbers that break arithmetic on sizes and offsets.
NUMBERS = (
    0,
    1,
    2,
    3,
    0x7F,
    0x80,
    0xFE,
    0xFF,
    0x100,
    0x7FFF,
    0x8000,
    0xFFFF,
    0x10000,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFFF,
)
NUMBER_FORMATS = ("B", ">H", "<H", ">I", "<I")


def photo(mode: str = "RGB") -> Image.Image:
    """A picture with detail everywhere, so that every part of a decoder has something to do."""
    noise = np.random.default_rng(7).integers(0, 256, (6, 8, 4), dtype=np.uint8)
    return Image.fromarray(noise).resize(SIZE, Image.Resampling.BICUBIC).convert(mode)


def encoded(image: Image.Image, file_format: str, **options: object) -> bytes:
    file = BytesIO()
    image.save(file, file_format, **options)
    return file.getvalue()


def png(
    width: int,
    height: int,
    depth: int,
    colour_type: int,
    rows: bytes,
    *chunks: tuple[bytes, bytes],
    interlaced: bool = False,
) -> bytes:
    """A PNG built by hand, for what Pillow does not write: 16-bit colour, interlacing, false sizes.

    :param chunks: names and contents of what stands between the header and the pixels.
    """
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, interlaced)
    all_chunks = ((b"IHDR", header), *chunks, (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return PNG_SIGNATURE + b"".join(png_chunk(name, content) for name, content in all_chunks)


def png_bomb(side: int) -> bytes:
    """A black PNG of side x side pixels, of which it has thousands to the byte."""
    return png(side, side, 1, 0, bytes(side * (1 + (side + 7) // 8)))


def png_chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def valid_images() -> dict[str, bytes]:
    """One file of each kind."""
    rgb, alpha = photo(), photo("RGBA")
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "a description"
    frames = {"save_all": True, "append_images": [rgb.rotate(90), rgb.rotate(180)]}
    colours = np.asarray(rgb)
    # PNG specification, 8.2: first row, first column, and the steps of each pass of Adam7.
    passes = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))
    interlaced = b"".join(
        b"\0" + row.tobytes() for top, left, down, right in passes for row in colours[top::down, left::right]
    )
    deep = b"".join(b"\0" + row.tobytes() for row in colours.astype(">u2") * 257)
    return {
        "jpeg": encoded(rgb, "JPEG"),
        "jpeg-444-optimised": encoded(rgb, "JPEG", subsampling=0, optimize=True, quality=98),
        "jpeg-progressive": encoded(rgb, "JPEG", progressive=True),
        "jpeg-progressive-cmyk": encoded(photo("CMYK"), "JPEG", progressive=True),
        "jpeg-grey": encoded(photo("L"), "JPEG"),
        "jpeg-cmyk": encoded(photo("CMYK"), "JPEG"),
        "jpeg-exif-icc": encoded(rgb, "JPEG", exif=exif, icc_profile=bytes(range(256)), comment=b"a comment"),
        "jpeg-restarts": encoded(rgb, "JPEG", restart_marker_blocks=2),
        "jpeg-several-pictures": encoded(rgb, "MPO", **frames),
        "png": encoded(rgb, "PNG", exif=exif, icc_profile=bytes(range(256)), dpi=(72, 72)),
        "png-alpha": encoded(alpha, "PNG"),
        "png-grey": encoded(photo("L"), "PNG", transparency=7),
        "png-grey-alpha": encoded(photo("LA"), "PNG"),
        "png-1-bit": encoded(photo("1"), "PNG"),
        "png-palette": encoded(photo("P"), "PNG", transparency=bytes(range(200))),
        "png-palette-4-bit": encoded(rgb.quantize(16), "PNG", bits=4),
        "png-16-bit-grey": encoded(Image.fromarray(np.asarray(photo("L")).astype(np.uint16) * 257), "PNG"),
        "png-16-bit": png(*SIZE, 16, 2, deep),
        "png-interlaced": png(*SIZE, 8, 2, interlaced, interlaced=True),
        "png-animated": encoded(alpha, "PNG", **frames, duration=50, disposal=1, blend=1),
        "webp": encoded(rgb, "WEBP", exif=exif, icc_profile=bytes(range(256))),
        "webp-alpha": encoded(alpha, "WEBP"),
        "webp-lossless": encoded(alpha, "WEBP", lossless=True),
        "webp-animated": encoded(alpha, "WEBP", **frames),
        "webp-animated-lossless": encoded(rgb, "WEBP", lossless=True, **frames),
    }


def small_png(*chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG that is harmless but for these chunks."""
    return png(8, 8, 8, 0, bytes(9 * 8), *chunks)


def bombs() -> dict[str, bytes]:
    """Files that are small and would be costly, by an honest or a false header."""
    zeros = zlib.compress(bytes(60_000_000), 9)
    scan = encoded(photo(), "JPEG", progressive=True)
    jpeg = encoded(photo(), "JPEG")
    size, frame = jpeg.index(b"\xff\xc0") + 5, scan.index(b"\xff\xc2") + 5
    return {
        "png-30000-pixels-square": png_bomb(30_000),
        "png-largest-header": png(2**31 - 1, 2**31 - 1, 16, 6, b""),
        "png-below-the-limit": png(7000, 7000, 16, 6, bytes(7000 * 56_001)),
        "png-below-the-limit-but-empty": png(7000, 7000, 8, 6, b""),
        "png-one-long-row": png(49_000_000, 1, 8, 0, bytes(49_000_001)),
        "png-one-long-column": png(1, 49_000_000, 8, 0, bytes(98_000_000)),
        "png-longest-row": png(65_535, 760, 8, 6, bytes(262_141 * 760)),
        "png-longest-column": png(760, 65_535, 8, 6, bytes(3041 * 65_535)),
        "png-interlaced": png(7000, 7000, 8, 6, bytes(1000), interlaced=True),
        "png-text": small_png((b"zTXt", b"Comment\0\0" + zeros)),
        "png-profile": small_png((b"iCCP", b"profile\0\0" + zeros)),
        "png-20000-exif-tags": small_png((b"eXIf", oversized_exif(20_000))),
        "png-100-megapixels": png(10_000, 10_000, 1, 0, bytes(10_000 * 1251)),
        "png-20000-chunks": small_png(*[(b"tEXt", b"a\0" + b"b" * 50)] * 20_000),
        "png-animation-of-millions": small_png((b"acTL", struct.pack(">II", 2**31 - 1, 0))),
        "jpeg-scans": scan[:-2] + scan[scan.rindex(b"\xff\xda") : -2] * 5000 + b"\xff\xd9",
        "jpeg-65500-pixels-square": jpeg[:size] + struct.pack(">HH", 65_500, 65_500) + jpeg[size + 4 :],
        "jpeg-false-size": jpeg[:size] + struct.pack(">HH", 7000, 7000) + jpeg[size + 4 :],
        "jpeg-progressive": scan[:frame] + struct.pack(">HH", 7000, 7000) + scan[frame + 4 :],
        "jpeg-progressive-below-the-limit": encoded(Image.new("CMYK", (5000, 4990)), "JPEG", progressive=True),
        "jpeg-one-component-per-scan": one_component_per_scan(7000),
        "webp-16383-pixels-square": encoded(Image.new("RGB", (16_383, 1221)), "WEBP", method=0)[:-10],
        "webp-animated": encoded(
            Image.new("RGBA", (4400, 4400)),
            "WEBP",
            method=0,
            save_all=True,
            append_images=[Image.new("L", (4400, 4400), 9)],
        ),
    }


def oversized_exif(count: int) -> bytes:
    """EXIF data in which each tag claims more bytes than there are."""
    tags = b"".join(struct.pack("<HHII", 1000 + number, 7, 400_000, 30) for number in range(count))
    return b"II*\0" + struct.pack("<IH", 8, count) + tags + bytes(4)


def one_component_per_scan(side: int) -> bytes:
    """The header of a sequential JPEG whose components come one after the other, and the end of the file.

    It is not progressive, and a decoder has to keep all coefficients of all components all the same.
    """
    jpeg = encoded(photo("CMYK"), "JPEG")
    size, scan = jpeg.index(b"\xff\xc0") + 5, jpeg.index(b"\xff\xda")
    first_scan = b"\xff\xda\0\x08\x01C\0\0\x3f\0"
    return jpeg[:size] + struct.pack(">HH", side, side) + jpeg[size + 4 : scan] + first_scan + b"\0\0\xff\xd9"


def damaged(index: int, seed: int, files: list[bytes]) -> bytes:
    """The file number `index` of a run; the same arguments give the same file."""
    choose = random.Random(f"{seed}:{index}")  # noqa: S311 -- it damages pictures
    file = bytearray(files[index % len(files)])
    for _ in range(choose.choice((1, 1, 1, 2, 3, 8))):
        if file:
            choose.choice(DAMAGE)(file, choose, files)
    # Otherwise most damage to a PNG ends at a check sum, and nothing behind it is ever tried.
    if file.startswith(PNG_SIGNATURE) and choose.random() < 0.8:
        return with_right_check_sums(bytes(file))
    return bytes(file)


def _flip_bit(file: bytearray, choose: random.Random, _: list[bytes]) -> None:
    file[choose.randrange(len(file))] ^= 1 << choose.randrange(8)


def _write_number(file: bytearray, choose: random.Random, _: list[bytes]) -> None:
    number_format = choose.choice(NUMBER_FORMATS)
    length = struct.calcsize(number_format)
    # Headers are at the beginning, and decide more than pixels do.
    position = choose.randrange(min(len(file), choose.choice((64, 256, len(file)))))
    file[position : position + length] = struct.pack(number_format, choose.choice(NUMBERS) % 256**length)


def _write_noise(file: bytearray, choose: random.Random, _: list[bytes]) -> None:
    position, length = choose.randrange(len(file)), choose.randrange(1, 40)
    file[position : position + length] = choose.randbytes(length)


def _remove(file: bytearray, choose: random.Random, _: list[bytes]) -> None:
    position = choose.randrange(len(file))
    del file[position : position + choose.randrange(1, 60)]


def _repeat(file: bytearray, choose: random.Random, _: list[bytes]) -> None:
    position = choose.randrange(len(file))
    part = file[position : position + choose.randrange(1, 200)]
    file[position:position] = part * choose.choice((1, 2, 50))


def _cut_off(file: bytearray, choose: random.Random, _: list[bytes]) -> None:
    del file[choose.randrange(len(file)) :]


def _splice(file: bytearray, choose: random.Random, files: list[bytes]) -> None:
    other = choose.choice(files)
    position, start = choose.randrange(len(file)), choose.randrange(len(other))
    file[position : position + choose.randrange(1, 400)] = other[start : start + choose.randrange(1, 400)]


DAMAGE: tuple[Callable[[bytearray, random.Random, list[bytes]], None], ...] = (
    _flip_bit,
    _write_number,
    _write_number,
    _write_noise,
    _remove,
    _repeat,
    _cut_off,
    _splice,
)


def with_right_check_sums(file: bytes) -> bytes:
    """The PNG with the check sums that its chunks, whatever is in them, should have."""
    mended, position = bytearray(file), len(PNG_SIGNATURE)
    while position + 12 <= len(file):
        (length,) = struct.unpack_from(">I", file, position)
        end = position + 8 + length
        if end + 4 > len(file):
            break
        struct.pack_into(">I", mended, end, zlib.crc32(file[position + 4 : end]))
        position = end + 4
    return bytes(mended)
