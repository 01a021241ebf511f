"""`python -m tests.faults` tries all faults out and writes the table of docs/reliability.md."""

import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from harness.environment import isolate
from tests.faults import cases, report
from tests.faults.cases import Outcome
from tests.faults.runs import GROUPS, Group, running


def main() -> None:
    isolate()
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(len(GROUPS)) as pool:
        found = list(pool.map(lambda group: _outcomes(group, Path(folder) / group.name), GROUPS.values()))
    outcomes = [outcome for group in found for outcome in group]
    report.write(outcomes)
    failed = [str(outcome.case) for outcome in outcomes if cases.violation(outcome)]
    print(f"{len(outcomes)} faults, {len(failed)} not as they should be; the table is in {report.DOCUMENT}")
    sys.exit(1 if failed else 0)


def _outcomes(group: Group, directory: Path) -> list[Outcome]:
    outcomes = []
    with running(group, directory) as run:
        for case in group.cases:
            outcomes.append(run.try_out(case))
            print(f"{case}: {cases.violation(outcomes[-1]) or 'as it should be'}", flush=True)
    return outcomes


if __name__ == "__main__":
    main()
