"""The stack that the faults of one file go through: which one, the file's GROUP says."""

from collections.abc import Iterator

import pytest

from tests.faults.runs import GROUPS, Run, running


@pytest.fixture(scope="module")
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    group = GROUPS[request.module.GROUP]
    with running(group, tmp_path_factory.mktemp("faults") / group.name) as run:
        yield run
