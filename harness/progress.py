"""What is under way, on standard error."""

from types import TracebackType
from typing import Protocol

from rich.console import Console
from rich.markup import escape

messages = Console(stderr=True, highlight=False, emoji=False)


class ShowStep(Protocol):
    """Something that wants to be told what is under way."""

    def __call__(self, step: str, detail: str = "") -> None: ...


class Progress:
    """What is under way: one line that changes on a terminal, one line per step elsewhere."""

    def __init__(self) -> None:
        self._spinner = messages.status("")
        self._step = ""
        self._closed = False

    def show(self, step: str, detail: str = "") -> None:
        """Show a step, and what it is at; the detail is for terminals only."""
        if self._closed:  # a thread that has not noticed yet
            return
        if messages.is_terminal:
            self._spinner.update(f"{escape(step)} [dim]{escape(detail)}[/]")
            self._spinner.start()
        elif step != self._step:
            messages.print(escape(step))
        self._step = step

    def hide(self) -> None:
        """Make room for results."""
        self._spinner.stop()

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed = True
        self.hide()
