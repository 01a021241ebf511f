"""Where the project is on this machine."""

from pathlib import Path

PROJECT = Path(__file__).parent.parent
