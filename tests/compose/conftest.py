"""What only containers can show; it runs with ``--stack=compose``."""

import pytest

from tests.compose_stack import ComposeStack
from tests.stack import Stack


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    """Without Docker, there is nothing here to run."""
    return None if config.getoption("stack") == "compose" else True


@pytest.fixture
def running(stack: Stack) -> ComposeStack:
    """The shared stack."""
    assert isinstance(stack, ComposeStack)
    return stack


@pytest.fixture
def breakable(fragile: Stack) -> ComposeStack:
    """The stack that may be broken, if it is healed again."""
    assert isinstance(fragile, ComposeStack)
    return fragile
