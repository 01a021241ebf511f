"""Audits the page with Lighthouse, in a real browser on a real local stack: ``make lighthouse``.

Lighthouse comes from npm at the version below; it needs Node.js. Prints the four scores, and what costs points.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.e2e.browser import ARGUMENTS, executable
from tests.embedded_stack import harness, start_stack

LIGHTHOUSE = "lighthouse@12.8.2"  # the last one that Node.js 20 can run


def audit(url: str, *options: str) -> dict[str, Any]:
    """Lighthouse's report about one page."""
    command = ["npx", "--yes", LIGHTHOUSE, url, "--quiet", "--output=json", *options]
    flags = " ".join(["--headless=new", *ARGUMENTS])
    environment = os.environ | {"CHROME_PATH": executable() or ""}
    done = subprocess.run(
        [*command, f"--chrome-flags={flags}"], env=environment, stdout=subprocess.PIPE, check=True, timeout=300
    )
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def show(device: str, report: dict[str, Any]) -> None:
    for category in report["categories"].values():
        print(f"{device:8} {category['title']:16} {category['score'] * 100:.0f}")
        for reference in category["auditRefs"]:
            found = report["audits"][reference["id"]]
            if reference["weight"] and found["score"] not in (1, None):
                print(f"{'':25} {found['id']}: {found['title']} {found.get('displayValue', '')}")


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        stack = start_stack(Path(directory))
        try:
            show("phone", audit(stack.outputs["pageUrl"]))
            show("desktop", audit(stack.outputs["pageUrl"], "--preset=desktop"))
        except FileNotFoundError:
            sys.exit("npx is not installed. Install Node.js 20 or newer, then run `make lighthouse` again.")
        finally:
            harness("down", directory=Path(directory))


if __name__ == "__main__":
    main()
