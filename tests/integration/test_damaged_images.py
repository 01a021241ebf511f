"""Images that are damaged or made to cost much, sent to the container with the sample model.

`python -m tests.fuzz_images` sends many more of the same kind.
"""

from collections.abc import Iterator

import pytest

from model_server.container.cores import usable_cores
from tests.damaged_images import bombs, valid_images
from tests.fuzz_images import damaged_images, send
from tests.integration.container_process import Container, memory, peak_memory, sample_model_container

COUNT = 500
BYTES_PER_IMAGE = 450_000_000  # docs/deploy.md


@pytest.fixture(scope="module")
def container(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Container]:
    """A container that is still there at the end, and said nothing of an error."""
    with sample_model_container(tmp_path_factory.mktemp("container")) as running:
        yield running
        assert running.process.poll() is None
        log = running.log.read_text()
        assert "Traceback" not in log
        assert "Warning" not in log  # of Pillow, one for each of the thousand faults that a file may have


def test_every_kind_of_image_is_accepted(container: Container) -> None:
    report = send(container, valid_images().items())
    assert report.statuses == {200: len(valid_images())}, report.unexpected


def test_damaged_images_are_answered_or_refused(container: Container) -> None:
    report = send(container, damaged_images(first=0, count=COUNT, seed=1))
    assert report.unexpected == {}
    assert report.statuses[200] > COUNT / 10  # otherwise the damage is so great that nothing was tested
    assert report.statuses[400] > COUNT / 10


def test_costly_images_take_no_more_memory_than_is_documented(container: Container) -> None:
    at_rest = peak_memory(container)
    report = send(container, bombs().items())
    assert report.unexpected == {}
    assert report.statuses.keys() == {200, 400}
    assert peak_memory(container) - at_rest < BYTES_PER_IMAGE * usable_cores()
    assert memory(container, "VmRSS") - at_rest < 100_000_000  # and it is given back
