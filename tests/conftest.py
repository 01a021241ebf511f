"""The running stack that integration and browser tests share, embedded or, with ``--stack=compose``, in containers."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from harness.environment import isolate
from tests.compose_stack import leaving_no_images, running_compose_stack
from tests.embedded_stack import running_embedded_stack
from tests.stack import Stack

isolate()


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


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With ``--stack=compose``, what runs without a stack need not run again."""
    if config.getoption("stack") == "compose":
        chosen = [
            item for item in items if "stack" in getattr(item, "fixturenames", ()) or item.path.parent.name == "compose"
        ]
        config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
        items[:] = chosen


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling | None:
    """With ``--stack=compose``, give each stack a process of its own; embedded ones are cheap to start again."""
    return OneProcessForEachStack(config, log) if config.getoption("stack") == "compose" else None


class OneProcessForEachStack(LoadScopeScheduling):  # type: ignore[misc]  # pytest-xdist comes without types
    """Runs what breaks a stack, what uses the other one, and what builds images, side by side."""

    def _split_scope(self, nodeid: str) -> str:
        return next((part for part in ("faults", "images") if part in nodeid.split("::")[0]), "stack")


@pytest.fixture(scope="session")
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The stack that most tests share; they leave it as they found it."""
    compose = request.config.getoption("stack") == "compose"
    with running_compose_stack("stack") if compose else running_embedded_stack(tmp_path_factory.mktemp("stack")) as it:
        yield it
