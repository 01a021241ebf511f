"""Render the pictures that the page and the README show: `python -m model_server.sample_model.samples`."""

import io
from pathlib import Path

import click
from PIL import Image

from model_server.sample_model.dataset import CLASSES, photograph

FIRST_SAMPLE = 1000
"""Held-out photographs from this one on are the samples: after those that the evaluation uses."""

_SHEET_COLUMNS = 6
_SHEET_TILE = 150


@click.command()
@click.option(
    "--site", type=click.Path(path_type=Path, file_okay=False), default=Path("site/samples"), show_default=True
)
@click.option("--docs", type=click.Path(path_type=Path, file_okay=False), default=Path("docs/model"), show_default=True)
def main(site: Path, docs: Path) -> None:
    """Write one sample per count, and a contact sheet with more of them."""
    site.mkdir(parents=True, exist_ok=True)
    for count in range(1, CLASSES + 1):
        (site / f"{count}.jpg").write_bytes(sample(count))
    docs.mkdir(parents=True, exist_ok=True)
    contact_sheet().save(docs / "contact_sheet.jpg", quality=82)


def sample(count: int) -> bytes:
    """The page's JPEG file of a bin with this many objects."""
    return photograph(FIRST_SAMPLE + count - 1)


def contact_sheet() -> Image.Image:
    """Held-out photographs: a row for each count, 1 to 5 from the top."""
    sheet = Image.new("RGB", (_SHEET_COLUMNS * _SHEET_TILE, CLASSES * _SHEET_TILE))
    for column in range(_SHEET_COLUMNS):
        for row in range(CLASSES):
            picture = Image.open(io.BytesIO(photograph(column * CLASSES + row)))
            sheet.paste(picture.resize((_SHEET_TILE, _SHEET_TILE)), (column * _SHEET_TILE, row * _SHEET_TILE))
    return sheet


if __name__ == "__main__":
    main()
