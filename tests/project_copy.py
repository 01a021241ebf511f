"""A copy of the project."""

import shutil
from pathlib import Path

from harness.project import PROJECT


def copy_of_project(directory: Path) -> Path:
    """A project that a test may change."""
    unneeded = shutil.ignore_patterns(".venv", ".git", ".harness", ".mypy_cache")
    return Path(shutil.copytree(PROJECT, directory, ignore=unneeded, symlinks=True))
