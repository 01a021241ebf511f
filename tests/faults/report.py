"""The table of the faults, and its place in docs/reliability.md."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from harness.project import PROJECT
from tests.faults.callers import GATEWAY_ERROR
from tests.faults.cases import Outcome
from tests.faults.system import FUNCTION_SECONDS

DOCUMENT = PROJECT / "docs/reliability.md"
BEGIN, END = "<!-- begin: python -m tests.faults -->\n", "<!-- end -->\n"

COLUMNS = (
    "fault",
    "meanwhile",
    "what the callers read",
    f"slowest answer, of {FUNCTION_SECONDS} s",
    "good again after",
    "left behind",
)
HEADER = f"| {' | '.join(COLUMNS)} |\n{'|---' * len(COLUMNS)}|\n"


def write(outcomes: Sequence[Outcome], document: Path = DOCUMENT) -> None:
    """Put the table between its markers."""
    before, _, rest = document.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    document.write_text(before + BEGIN + HEADER + "".join(map(_row, outcomes)) + END + after)


def _row(outcome: Outcome) -> str:
    case = outcome.case
    cells = [
        case.what,
        case.situation,
        _read(outcome.answers),
        f"{outcome.slowest:.1f} s",
        f"{outcome.recovery:.1f} s",
        _left(outcome),
    ]
    return f"| {' | '.join(cells)} |\n"


def _read(answers: Counter[tuple[int, str]]) -> str:
    total = answers.total()
    good = sum(number for (status, _), number in answers.items() if status == 200)
    bad = [f"{status} “{_short(text)}”: {number}" for (status, text), number in answers.most_common() if status != 200]
    return "<br>".join([f"200: {good}" if bad else f"200: all {total}", *bad])


def _short(text: str) -> str:
    return "Internal Server Error" if text == GATEWAY_ERROR else text.partition(". ")[0].rstrip(".")


def _left(outcome: Outcome) -> str:
    return ", ".join(f"{number} {kind} ({owner})" for (kind, owner), number in outcome.leftovers.items()) or "nothing"
