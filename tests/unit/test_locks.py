"""What is locked is what is required: the same versions everywhere, and a hash for each file."""

import re
from pathlib import Path

import pytest

from harness.project import PROJECT

HASHED_ELSEWHERE = {"torch", "torchvision"}  # CPU and CUDA builds have different files
NOT_LOCKS = {"excludes.txt", "findings.txt"}
LOCKS = [
    *(file for file in sorted((PROJECT / "locks").glob("*.txt")) if file.name not in NOT_LOCKS),
    PROJECT / "package/requirements.txt",
    PROJECT / "policy/requirements.txt",
]


def pins(file: Path) -> dict[str, str]:
    """The version of each package that a file names, by its normalised name (PEP 503)."""
    lines = re.findall(r"^([\w.-]+)(?:\[[^]]*\])?==([^\s;\\]+)", file.read_text(), re.MULTILINE)
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in lines}


@pytest.mark.parametrize(
    ("required", "locked"), [("requirements.txt", "locks/runtime.txt"), ("requirements-dev.txt", "locks/dev.txt")]
)
def test_what_is_required_is_locked(required: str, locked: str) -> None:
    """Else `make lock` was forgotten."""
    wanted = {name: version for name, version in pins(PROJECT / required).items() if name not in HASHED_ELSEWHERE}
    assert len(wanted) > 10
    assert wanted.items() <= pins(PROJECT / locked).items()


@pytest.mark.parametrize("lock", LOCKS, ids=lambda file: str(file.relative_to(PROJECT)))
def test_locks_agree(lock: Path) -> None:
    everything, some = pins(PROJECT / "locks/dev.txt") | pins(PROJECT / "locks/audit.txt"), pins(lock)
    assert some
    assert some.items() <= everything.items()


@pytest.mark.parametrize("lock", LOCKS, ids=lambda file: str(file.relative_to(PROJECT)))
def test_every_file_has_a_hash(lock: Path) -> None:
    blocks = re.split(r"^(?=[\w.-]+(?:\[[^]]*\])?==)", lock.read_text(), flags=re.MULTILINE)[1:]
    assert len(blocks) == len(pins(lock))
    assert [block for block in blocks if "--hash=sha256:" not in block] == []
