"""Which tests share a process, and in which order they begin, so that all processes end at about the same time."""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

SHARING = {
    "tests/e2e/test_accessibility.py": "page",
    "tests/e2e/test_choosing.py": "page",
    "tests/e2e/test_loading.py": "visitors",
    "tests/e2e/test_page.py": "page",
    "tests/e2e/test_security.py": "page",
    "tests/e2e/test_waiting.py": "visitors",
    "tests/integration/test_chain.py": "visitors",
    "tests/integration/test_chain_bad_input.py": "visitors",
    "tests/integration/test_logs.py": "page",
    "tests/integration/test_openapi_contract.py": "page",
}
"""Files that use the shared stack, and together in which process, so that it is not started for each of them."""

LONGEST = (
    "tests/integration/test_harness_cli.py",
    "page",
    "visitors",
    "tests/faults/test_parts.py",
    "tests/faults/test_answers.py",
    "tests/faults/test_deployments.py",
    "tests/integration/test_least_privilege.py",
    "tests/integration/test_sagemaker_timeouts.py",
    "tests/integration/test_stacks.py",
)
"""What takes minutes comes first, whether it works or waits."""


def group(nodeid: str) -> str:
    """The name of what has to run in one process: a file, or files that share a stack."""
    file = nodeid.split("::")[0]
    return SHARING.get(file, file)


def place(item: pytest.Item) -> int:
    """Sorts tests by when they are to begin."""
    name = group(item.nodeid)
    return LONGEST.index(name) if name in LONGEST else len(LONGEST)


class Groups(LoadScopeScheduling):  # type: ignore[misc]  # pytest-xdist comes without types
    """Gives each group to the next process that has nothing to do."""

    def __init__(self, config: pytest.Config, log: Producer | None = None) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False  # the number of tests says nothing about how long they take

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)


class OneProcessForEachStack(LoadScopeScheduling):  # type: ignore[misc]
    """With ``--stack=compose``: what breaks a stack, what uses the other one, and what builds images, side by side."""

    def _split_scope(self, nodeid: str) -> str:
        return next((part for part in ("faults", "images") if part in nodeid.split("::")[0]), "stack")
