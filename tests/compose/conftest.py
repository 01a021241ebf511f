"""What only containers can show; it runs with ``--stack=compose``."""

from collections.abc import Iterator

import pytest

from tests.compose_stack import ComposeStack, running_compose_stack
from tests.stack import Stack


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    """Without Docker, there is nothing here to run."""
    return None if config.getoption("stack") == "compose" else True


@pytest.fixture
def running(stack: Stack) -> ComposeStack:
    """The shared stack."""
    assert isinstance(stack, ComposeStack)
    return stack


@pytest.fixture(scope="session")
def breakable() -> Iterator[ComposeStack]:
    """Another stack, so that what breaks here breaks nothing elsewhere. Who breaks it waits until it is healed."""
    with running_compose_stack("fragile") as running:
        yield running
