"""An endpoint deployed anew, also without its model: answers of the contract, recovery, nothing left behind."""

import pytest

from tests.faults.cases import Case, violation
from tests.faults.runs import GROUPS, Run

GROUP = "deployments"


@pytest.mark.parametrize("case", GROUPS[GROUP].cases, ids=str)
def test_fault(run: Run, case: Case) -> None:
    assert violation(run.try_out(case)) is None
