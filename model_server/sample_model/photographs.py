"""Write photographs as files: `python -m model_server.sample_model.photographs --output DIRECTORY`.

They are what `python -m model_server.optimize` asks for: one folder of images that the model was not trained on, in
sub-folders by label, to compare its answers on; and one of images that it may learn its number ranges from.
"""

from concurrent.futures import ProcessPoolExecutor
from functools import partial
from os import cpu_count
from pathlib import Path

import click
from rich.progress import track

from model_server.sample_model.dataset import FIRST_TRAINING_SEED, count_and_seed, photograph


@click.command()
@click.option("--held-out", type=click.IntRange(min=1), default=1000, show_default=True, help="Images to compare on.")
@click.option("--calibration", type=click.IntRange(min=1), default=300, show_default=True, help="Images to learn from.")
@click.option("--output", type=click.Path(path_type=Path, file_okay=False), required=True)
def main(held_out: int, calibration: int, output: Path) -> None:
    """Render photographs of bins into OUTPUT/held-out/LABEL and OUTPUT/calibration/LABEL. What is there is kept."""
    render(held_out, output / "held-out", first_seed=0)
    render(calibration, output / "calibration", FIRST_TRAINING_SEED)


def render(images: int, directory: Path, first_seed: int) -> None:
    """Write the first images of a set that are not in the directory yet."""
    with ProcessPoolExecutor(cpu_count()) as workers:
        written = workers.map(partial(_write, directory=directory, first_seed=first_seed), range(images), chunksize=10)
        for _ in track(written, f"rendering {directory.name} images", total=images):
            pass


def _write(index: int, directory: Path, first_seed: int) -> None:
    count, seed = count_and_seed(index, first_seed)
    file = directory / str(count) / f"{seed}.jpg"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_suffix(".part")
        unfinished.write_bytes(photograph(index, first_seed))
        unfinished.replace(file)


if __name__ == "__main__":
    main()
