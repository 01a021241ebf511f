"""`python -m model_server.sagemaker.standby_process MODULE ARGUMENTS...`: `python -m MODULE ARGUMENTS...`, begun early.

It imports the packages that the container will, waits for one line of JSON on standard input, and takes the
environment and the log from there. See standby.py.
"""

import contextlib
import importlib
import json
import os
import runpy
import sys

from model_server.serving.garbage import no_search_for_garbage


def main() -> None:
    """Wait, and become the container; or end with the stand-in."""
    module = sys.argv[1]
    with contextlib.suppress(Exception):  # the container will meet it again, and report it
        _import()
    line = sys.stdin.buffer.readline()
    if not line:
        return
    order = json.loads(line)
    os.environ.clear()
    os.environ.update(order["environment"])
    log = os.open(order["log"], os.O_WRONLY | os.O_APPEND)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for ours, theirs in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(ours, theirs)
        os.set_inheritable(theirs, True)
    sys.argv = sys.argv[1:]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _import() -> None:
    with no_search_for_garbage():
        for name in ("starlette.responses", "uvicorn", "httptools", "numpy", "PIL.Image"):
            importlib.import_module(name)
        import_torchvision = importlib.import_module("model_server.artifact.torchvision_import").import_torchvision
        import_torchvision()


if __name__ == "__main__":
    main()
