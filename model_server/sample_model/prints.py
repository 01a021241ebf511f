"""What is printed or woven on things: texture tiles drawn with Pillow and smooth noise.

A texture is an array (tiles, TILE, TILE, 3) of sRGB colors in [0, 1]. A solid says which tile each of its
faces shows.
"""

import colorsys
from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from model_server.sample_model.solids import Array

Color = tuple[int, int, int]
Print = Callable[[np.random.Generator, "Palette", int, int], Image.Image]

TILE = 192
_BRANDS = [
    "NORVIK", "ALTEA", "PURE+", "KOMO", "ZENITH", "DAILY", "MOXIE", "BRIGHT",
    "TERRA", "LUMEN", "OAKLEAF", "SONO", "FRESH", "VITAL", "QUANTA", "HALO",
]  # fmt: skip
_GOODS = [
    "batteries", "green tea", "soap", "adapter", "vitamins", "puzzle",
    "cable", "candles", "coffee", "filters", "crayons", "lamp",
]  # fmt: skip


class Palette:
    """The three colors of one product: its ground, a lighter or darker accent, and the ink of its text."""

    def __init__(self, rng: np.random.Generator, hue: float) -> None:
        style = rng.choice(["light", "dark", "white", "black"], p=[0.45, 0.35, 0.15, 0.05])
        dark = style in ("dark", "black")
        saturation, value = {
            "light": (rng.uniform(0.45, 0.8), rng.uniform(0.6, 0.9)),
            "dark": (rng.uniform(0.6, 0.95), rng.uniform(0.35, 0.6)),
            "white": (rng.uniform(0.0, 0.08), rng.uniform(0.82, 0.95)),
            "black": (rng.uniform(0.0, 0.3), rng.uniform(0.12, 0.2)),
        }[style]
        self.ground = _color(hue, saturation, value)
        self.accent = _color(
            (hue + rng.uniform(-0.05, 0.05)) % 1,
            rng.uniform(0.4, 0.85),
            rng.uniform(0.6, 0.9) if dark else rng.uniform(0.25, 0.55),
        )
        self.ink = (240, 238, 230) if dark else (28, 28, 34)


def _color(hue: float, saturation: float, value: float) -> Color:
    red, green, blue = colorsys.hsv_to_rgb(hue, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)


def texture(rng: np.random.Generator, palette: Palette, faces: Sequence[tuple[Print, float, float]]) -> Array:
    """One tile per face; a face is what is printed on it and its width and height (in the bin's units)."""
    tiles = []
    for draw, width, height in faces:
        pixels = 220 / max(width, height, 1e-3)
        image = draw(rng, palette, max(round(width * pixels), 24), max(round(height * pixels), 24))
        tile = image.resize((TILE, TILE), Image.Resampling.BILINEAR).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
        tiles.append(np.asarray(tile, np.float32) / 255)
    return np.stack(tiles)


def smooth_noise(rng: np.random.Generator, size: int, cells: int, octaves: int = 3) -> Array:
    """Noise (size, size) that tiles, of amplitude about 1; its largest features are size / cells wide."""
    total = np.zeros((size, size), np.float32)
    for octave in range(octaves):
        count = min(cells * 2**octave, size)
        grid = Image.fromarray(np.pad(rng.standard_normal((count, count), np.float32), 2, "wrap"))
        total += (
            np.asarray(grid.resize((size, size), Image.Resampling.BICUBIC, box=(2, 2, count + 2, count + 2)))
            / 2**octave
        )
    return total / 1.3


def cardboard(rng: np.random.Generator, palette: Palette, width: int, height: int) -> Image.Image:
    """Brown corrugated board with a strip of tape and sometimes a shipping label."""
    shade = rng.uniform(0.9, 1.1)
    image = _speckled(rng, tuple(min(round(channel * shade), 255) for channel in (176, 134, 90)), width, height, 7)
    draw = ImageDraw.Draw(image)
    tape = round(height * rng.uniform(0.4, 0.5))
    tape_color = (202, 170, 120) if rng.random() < 0.6 else palette.accent
    draw.rectangle((0, tape, width, tape + max(height // 7, 4)), fill=tape_color)
    if rng.random() < 0.7:
        left, top = width * rng.uniform(0.08, 0.5), height * rng.uniform(0.06, 0.4)
        _shipping_label(rng, draw, (left, top, left + width * 0.42, top + height * 0.46))
    return image


def package(rng: np.random.Generator, palette: Palette, width: int, height: int) -> Image.Image:
    """The front of a retail package: a brand, a shape in the accent color, small print, a barcode."""
    image = _speckled(rng, palette.ground, width, height, 3)
    draw = ImageDraw.Draw(image)
    layout = rng.integers(3)
    if layout == 0:
        top = height * rng.uniform(0.35, 0.65)
        draw.rectangle((0, top, width, top + height * rng.uniform(0.12, 0.3)), fill=palette.accent)
    elif layout == 1:
        x, y, radius = (
            width * rng.uniform(0.3, 0.7),
            height * rng.uniform(0.4, 0.7),
            min(width, height) * 0.28,
        )
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=palette.accent)
    else:
        slant = width * rng.uniform(0.2, 0.6)
        draw.polygon([(slant, 0), (width, 0), (width, height), (slant * 0.4, height)], fill=palette.accent)
    _words(rng, draw, palette.ink, width, height)
    if rng.random() < 0.5:
        _barcode(rng, draw, (width * 0.62, height * 0.8, width * 0.95, height * 0.95))
    return image


def panel(rng: np.random.Generator, palette: Palette, width: int, height: int) -> Image.Image:
    """The side of a package: the ground color, a stripe and small print."""
    image = _speckled(rng, palette.ground, width, height, 3)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, height * 0.05, width, height * rng.uniform(0.1, 0.22)), fill=palette.accent)
    _small_print(rng, draw, palette.ink, (width * 0.12, height * 0.4, width * 0.85, height * 0.85))
    return image


def paper_edges(rng: np.random.Generator, palette: Palette, width: int, height: int) -> Image.Image:
    """The edges of a book's pages between its two covers."""
    lines = rng.normal(0, 9, (height, 1, 1)) + rng.normal(0, 4, (height, width, 1))
    pages = np.clip(np.array([226, 218, 198]) + lines, 0, 255).astype(np.uint8)
    image = Image.fromarray(pages)
    draw = ImageDraw.Draw(image)
    cover = max(height // 9, 2)
    draw.rectangle((0, 0, width, cover), fill=palette.ground)
    draw.rectangle((0, height - cover, width, height), fill=palette.ground)
    return image


def wraparound(rng: np.random.Generator, palette: Palette, width: int, height: int) -> Image.Image:
    """The label of a can or bottle: the same package front, repeated around it, between two rims."""
    front = package(rng, palette, width // 2, height)
    image = Image.new("RGB", (width, height))
    image.paste(front, (0, 0))
    image.paste(front, (width // 2, 0))
    draw = ImageDraw.Draw(image)
    for top in (0, height * 0.94):
        draw.rectangle((0, top, width, top + height * 0.06), fill=palette.accent)
    return image


def lid(rng: np.random.Generator, palette: Palette, width: int, height: int) -> Image.Image:
    """The end of a can or tube: metal or plastic with concentric rings."""
    ground = (196, 198, 202) if rng.random() < 0.5 else palette.accent
    image = _speckled(rng, ground, width, height, 3)
    draw = ImageDraw.Draw(image)
    for share, shade in ((0.46, 0.75), (0.42, 1.0), (0.3, 0.85), (0.28, 1.0)):
        fill = tuple(round(channel * shade) for channel in ground)
        draw.ellipse(
            (width * (0.5 - share), height * (0.5 - share), width * (0.5 + share), height * (0.5 + share)),
            fill=fill,
        )
    return image


def polybag(rng: np.random.Generator, palette: Palette, width: int, height: int) -> Image.Image:
    """A plastic mailer, crumpled, with a sticker on it."""
    image = _speckled(rng, palette.ground, width, height, 4)
    draw = ImageDraw.Draw(image)
    left, top = width * rng.uniform(0.15, 0.4), height * rng.uniform(0.2, 0.45)
    _shipping_label(rng, draw, (left, top, left + width * 0.4, top + height * 0.36))
    return image


def gores(rng: np.random.Generator, palette: Palette, width: int, height: int) -> Image.Image:
    """The panels of a ball, in turns in the ground and in the accent color."""
    image = _speckled(rng, palette.ground, width, height, 4)
    draw = ImageDraw.Draw(image)
    count = int(rng.integers(3, 6))
    for index in range(count):
        left = width * index / count
        draw.rectangle((left, 0, left + width / (2 * count), height), fill=palette.accent)
    draw.rectangle((0, height * 0.47, width, height * 0.53), fill=palette.ink)
    return image


def plain(rng: np.random.Generator, palette: Palette, width: int, height: int) -> Image.Image:
    """Nothing but the ground color."""
    return _speckled(rng, palette.ground, width, height, 3)


def cap(rng: np.random.Generator, palette: Palette, width: int, height: int) -> Image.Image:
    """A ribbed cap in the accent color."""
    image = _speckled(rng, palette.accent, width, height, 3)
    draw = ImageDraw.Draw(image)
    for x in range(0, width, max(width // 30, 4)):
        draw.line((x, 0, x, height), fill=tuple(round(channel * 0.7) for channel in palette.accent), width=2)
    return image


def bin_label(rng: np.random.Generator) -> Array:
    """The sticker on the bin's front lip, with its address and its barcode."""
    image = Image.new("RGB", (320, 80), (236, 236, 230))
    draw = ImageDraw.Draw(image)
    _barcode(rng, draw, (12, 12, 170, 68))
    name = f"P-{rng.integers(1, 9)}-{'ABCDEFGH'[rng.integers(8)]}{rng.integers(100, 1000)}"
    draw.text((184, 22), name, fill=(20, 20, 20), font=ImageFont.load_default(30))
    return np.asarray(image, np.float32) / 255


def _speckled(
    rng: np.random.Generator, color: tuple[int, ...], width: int, height: int, strength: float
) -> Image.Image:
    """A sheet of one color with the grain of paper or plastic."""
    grain = rng.standard_normal((height, width, 1), np.float32) * np.float32(strength)
    return Image.fromarray(np.clip(np.array(color, np.float32) + grain, 0, 255).astype(np.uint8))


def _words(rng: np.random.Generator, draw: ImageDraw.ImageDraw, ink: Color, width: int, height: int) -> None:
    brand, goods = _BRANDS[rng.integers(len(_BRANDS))], _GOODS[rng.integers(len(_GOODS))]
    size = max(min(width / (len(brand) * 0.75), height * 0.28), 8)
    draw.text((width * 0.06, height * 0.06), brand, fill=ink, font=ImageFont.load_default(size))
    draw.text((width * 0.07, height * 0.1 + size), goods, fill=ink, font=ImageFont.load_default(max(size * 0.5, 7)))
    _small_print(rng, draw, ink, (width * 0.08, height * 0.78, width * 0.5, height * 0.94))


def _small_print(
    rng: np.random.Generator, draw: ImageDraw.ImageDraw, ink: Color, area: tuple[float, float, float, float]
) -> None:
    left, top, right, bottom = area
    pitch = max((bottom - top) / 6, 4)
    for y in np.arange(top, bottom, pitch):
        draw.line(
            (left, y, left + (right - left) * rng.uniform(0.5, 1), y),
            fill=ink,
            width=max(round(pitch * 0.3), 1),
        )


def _barcode(rng: np.random.Generator, draw: ImageDraw.ImageDraw, area: tuple[float, float, float, float]) -> None:
    left, top, right, bottom = area
    draw.rectangle(area, fill=(250, 250, 250))
    x = left + 3
    while x < right - 4:
        bar = rng.uniform(1, 4)
        draw.rectangle((x, top + 3, x + bar, bottom - 3), fill=(15, 15, 15))
        x += bar + rng.uniform(1.5, 4)


def _shipping_label(
    rng: np.random.Generator, draw: ImageDraw.ImageDraw, area: tuple[float, float, float, float]
) -> None:
    left, top, right, bottom = area
    draw.rectangle(area, fill=(243, 243, 240))
    middle = top + (bottom - top) * 0.5
    _small_print(rng, draw, (60, 60, 60), (left + 4, top + 5, right - 5, middle))
    _barcode(rng, draw, (left + 3, middle, right - 3, bottom - 3))
