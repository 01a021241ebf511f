"""The running stack that integration and browser tests share, embedded or, with ``--stack=compose``, in containers."""

import gc
import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from harness.environment import isolate
from tests.compose_stack import leaving_no_images, running_compose_stack
from tests.distribution import Groups, OneProcessForEachStack, place
from tests.embedded_stack import running_embedded_stack
from tests.stack import Stack

isolate()

# Several processes share few cores; threads of torch that spin while they wait would take them from each other.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# What is imported while tests are collected, torch above all, lives as long as the process. Searching it for garbage,
# time and again, takes a fifth of that time.
gc.disable()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--stack",
        choices=("embedded", "compose"),
        default="embedded",
        help="What tests of a running stack run against; with compose, only they run, and tests/compose.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Docker is left as it was found, by the process that ends last."""
    if config.getoption("stack") == "compose" and not hasattr(config, "workerinput"):
        cleanup = ExitStack()
        cleanup.enter_context(leaving_no_images())
        config.add_cleanup(cleanup.close)


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The longest first. With ``--stack=compose``, what runs without a stack need not run again."""
    items.sort(key=place)
    if config.getoption("stack") == "compose":
        chosen = [
            item for item in items if "stack" in getattr(item, "fixturenames", ()) or item.path.parent.name == "compose"
        ]
        config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
        items[:] = chosen


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    return (OneProcessForEachStack if config.getoption("stack") == "compose" else Groups)(config, log)


@pytest.fixture(scope="session")
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The stack that most tests share; they leave it as they found it."""
    compose = request.config.getoption("stack") == "compose"
    with running_compose_stack("stack") if compose else running_embedded_stack(tmp_path_factory.mktemp("stack")) as it:
        yield it
