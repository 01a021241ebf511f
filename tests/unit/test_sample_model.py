"""The renderer keeps its promises, and the committed weights, samples and evaluation belong together."""

import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageChops, ImageStat

from harness.project import PROJECT
from model_server.sample_model.dataset import (
    FIRST_TRAINING_SEED,
    count_and_seed,
    held_out_pixels,
    labels,
    model_pixels,
    training_pixels,
)
from model_server.sample_model.network import load_network, predict
from model_server.sample_model.render import render_bin
from model_server.sample_model.samples import FIRST_SAMPLE, sample
from model_server.sample_model.scene import MIN_VISIBLE_AREA, MIN_VISIBLE_SHARE, compose, look, visible

CHECKPOINT = PROJECT / "model_server" / "sample_model" / "model.pth"
COUNTS = [1, 2, 3, 4, 5]


@pytest.mark.parametrize("count", COUNTS)
def test_the_same_seed_renders_the_same_bytes(count: int) -> None:
    assert render_bin(count, seed=11, size=120).tobytes() == render_bin(count, seed=11, size=120).tobytes()


def test_another_process_renders_the_same_bytes() -> None:
    script = (
        "import sys; from model_server.sample_model.render import render_bin; "
        "sys.stdout.buffer.write(render_bin(3, 12, 90).tobytes())"
    )
    other = subprocess.run([sys.executable, "-c", script], cwd=PROJECT, capture_output=True, check=True)
    assert other.stdout == render_bin(3, 12, 90).tobytes()


def test_seeds_and_counts_change_the_picture() -> None:
    pictures = [render_bin(count, seed, 80).tobytes() for count in COUNTS for seed in range(4)]
    assert len(set(pictures)) == len(pictures)


@pytest.mark.parametrize("size", [64, 224, 500])
def test_pictures_have_the_size_asked_for(size: int) -> None:
    picture = render_bin(2, seed=1, size=size)
    assert (picture.size, picture.mode) == ((size, size), "RGB")


def test_another_size_shows_the_same_scene() -> None:
    large = render_bin(4, seed=3, size=400).resize((200, 200))
    difference = ImageChops.difference(large, render_bin(4, seed=3, size=200))
    other_scene = ImageChops.difference(large, render_bin(4, seed=4, size=200))
    assert sum(ImageStat.Stat(difference).mean) < sum(ImageStat.Stat(other_scene).mean) / 3


@pytest.mark.parametrize("count", [0, 6, -1])
def test_a_count_that_no_bin_holds_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match="1 to 5"):
        render_bin(count, seed=0)


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("seed", range(12))
def test_every_object_can_be_counted(count: int, seed: int) -> None:
    scene = compose(count, seed)
    shares = visible(look(scene, 250))
    assert len(scene.objects) == len(shares) == count
    for area, share in shares:
        assert area >= MIN_VISIBLE_AREA
        assert share >= MIN_VISIBLE_SHARE


@pytest.mark.parametrize("seed", range(12))
def test_objects_lie_inside_the_bin_and_apart(seed: int) -> None:
    """No corner of an object is outside the bin or inside another object's box."""
    signs = np.stack(np.meshgrid([-1, 1], [-1, 1], [-1, 1])).reshape(3, 8)
    boxes = [placed.envelope for placed in compose(5, seed).objects]
    for box in boxes:
        corners = box.center[:, None] + box.rotation @ (signs * box.half[:, None])
        assert (np.abs(corners[0]) < 1).all()
        assert (corners[1] > 0).all()
        assert (corners[2] > -0.02).all()
        for other in boxes:
            if other is not box:
                local = np.abs(other.rotation.T @ (corners - other.center[:, None])) / other.half[:, None]
                assert (local.max(axis=0) > 1).all()


def test_training_and_held_out_images_share_no_seed() -> None:
    held_out = {count_and_seed(index)[1] for index in range(FIRST_SAMPLE + len(COUNTS))}
    assert max(held_out) < FIRST_TRAINING_SEED <= count_and_seed(0, FIRST_TRAINING_SEED)[1]


def test_counts_take_turns() -> None:
    assert [count_and_seed(index)[0] for index in range(10)] == COUNTS * 2
    assert [label + 1 for label in labels(10).tolist()] == COUNTS * 2


def test_training_images_are_rendered_once(tmp_path: Path) -> None:
    first = training_pixels(5, tmp_path)
    (file,) = tmp_path.iterdir()
    written = file.stat().st_mtime_ns
    assert training_pixels(5, tmp_path).equal(first)
    assert file.stat().st_mtime_ns == written
    assert first.shape == (5, 3, 128, 128)


def test_the_weights_are_small() -> None:
    assert CHECKPOINT.stat().st_size < 10_000_000


def test_the_model_counts_held_out_images() -> None:
    images = 50
    right = predict(load_network(CHECKPOINT), held_out_pixels(images)) == labels(images)
    assert right.float().mean() >= 0.9


def test_the_evaluation_is_of_at_least_a_thousand_images_and_adds_up() -> None:
    report = json.loads((PROJECT / "docs" / "model" / "evaluation.json").read_text())
    matrix = np.array(report["confusion_matrix"]["counts"])
    assert matrix.sum() == report["images"] >= 1000
    assert report["accuracy"] == pytest.approx(matrix.trace() / matrix.sum(), abs=1e-4)
    assert report["accuracy"] >= 0.95


@pytest.mark.parametrize("count", COUNTS)
def test_the_samples_of_the_page_are_what_the_command_renders(count: int) -> None:
    with Image.open(PROJECT / "site" / "samples" / f"{count}.jpg") as committed:
        rendered = Image.open(io.BytesIO(sample(count)))
        assert committed.size == rendered.size == (500, 500)
        # Another version of Pillow or of the processor's arithmetic may move single values, but not the picture.
        assert max(ImageStat.Stat(ImageChops.difference(committed.convert("RGB"), rendered)).mean) < 2


@pytest.mark.parametrize("count", COUNTS)
def test_the_model_is_right_on_the_samples_of_the_page(count: int) -> None:
    with Image.open(PROJECT / "site" / "samples" / f"{count}.jpg") as committed:
        answer = predict(load_network(CHECKPOINT), torch.from_numpy(model_pixels(committed).copy())[None])
    assert answer.item() + 1 == count
