"""Ends a gunicorn worker as soon as its main process is gone, whatever both are doing."""

from __future__ import annotations

import os
import threading


class WorkerLifeline:
    """A pipe from gunicorn's main process to its worker.

    gunicorn's own worker looks for its parent now and then, but then waits for requests that are being answered, and
    Python waits for their threads: one that hangs would keep the worker, and all its memory, forever.

    Make it in the main process, and call `hold` in the worker.
    """

    def __init__(self) -> None:
        self._worker_end, self._main_end = os.pipe()

    def hold(self) -> None:
        """From now on this process ends with the main process."""
        os.close(self._main_end)
        threading.Thread(target=self._wait, name="worker-lifeline", daemon=True).start()

    def _wait(self) -> None:
        os.read(self._worker_end, 1)  # returns when the main process has ended: the operating system closes its end
        os._exit(1)
