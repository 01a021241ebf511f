"""A container that answers nonsense, or nothing; a disk that is full: clear answers, recovery, nothing left behind."""

import pytest

from tests.faults.cases import Case, violation
from tests.faults.runs import GROUPS, Run

GROUP = "answers"


@pytest.mark.parametrize("case", GROUPS[GROUP].cases, ids=str)
def test_fault(run: Run, case: Case) -> None:
    assert violation(run.try_out(case)) is None
