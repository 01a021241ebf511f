"""The faults in groups, each with a stack of its own: groups can run at the same time, faults cannot."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.faults import cases
from tests.faults.cases import Case, Outcome
from tests.faults.census import Census
from tests.faults.disk import small_disk
from tests.faults.system import System, running_system


@dataclass(frozen=True)
class Group:
    """Faults that one stack goes through."""

    name: str
    cases: Sequence[Case]
    with_model: bool
    """Whether the container is the real one with the sample model, or one that does as it is told."""


GROUPS = {
    group.name: group
    for group in (
        Group("parts", cases.BROKEN_PARTS, with_model=True),
        Group("deployments", cases.DEPLOYMENTS, with_model=True),
        Group("answers", cases.ANSWERS, with_model=False),
    )
}


@dataclass(frozen=True)
class Run:
    """A stack, and what it had before anything broke."""

    system: System
    before: Census

    def try_out(self, case: Case) -> Outcome:
        return cases.try_out(case, self.system, self.before)


@contextmanager
def running(group: Group, directory: Path) -> Iterator[Run]:
    """Start the stack of a group, with its files in a new folder on a small disk."""
    with small_disk(directory), running_system(directory, group.with_model) as system:
        yield Run(system, cases.warmed_up(system))
