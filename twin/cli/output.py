"""What commands print: for people on a terminal, as one JSON document with ``--json``; and how they fail."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

import orjson

from twin.errors import AuthoringError, outcome_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from twin.errors import Diagnostic, TwinError
    from twin.source import Source

__all__ = ["Output"]

_SHOWN = 200
"""More diagnostics than anybody reads are counted, not shown."""


class Output:
    """Where a command's results go. Results on standard output, everything else on standard error."""

    def __init__(self, *, json: bool) -> None:
        self.json = json
        self.sources: dict[str, Source] = {}
        """Documents by file name, to show the lines that diagnostics speak of."""

    def result(self, data: Any, text: str) -> None:
        """One result: as data, or as text."""
        if self.json:
            sys.stdout.write(orjson.dumps(data, default=str).decode() + "\n")
        elif text:
            sys.stdout.write(text.rstrip("\n") + "\n")
        sys.stdout.flush()

    def note(self, text: str) -> None:
        """A remark for people; silent with ``--json``."""
        if not self.json:
            sys.stderr.write(text.rstrip("\n") + "\n")
            sys.stderr.flush()

    @contextmanager
    def progress(self, title: str) -> Iterator[Callable[[int, int], None] | None]:
        """A bar for what takes several steps, to be told how many of how many are done; only on a terminal."""
        if self.json or not sys.stderr.isatty():
            yield None
            return
        from rich.console import Console
        from rich.progress import Progress

        with Progress(console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(title, visible=False)
            yield lambda done, of: bar.update(task, completed=done, total=of, visible=of > 1)

    def diagnostics(self, found: tuple[Diagnostic, ...]) -> str:
        """Diagnostics as a terminal shows them."""
        from twin.source import render

        shown = render(found[:_SHOWN], self.sources).rstrip("\n")
        more = len(found) - _SHOWN
        return shown if more <= 0 else f"{shown}\n\n… and {more:,} more, which --json lists"

    def fail(self, error: TwinError) -> NoReturn:
        """Say what is wrong and what to do, then exit as the table of outcomes says."""
        if self.json:
            sys.stdout.write(orjson.dumps({"error": error.as_dict()}, default=str).decode() + "\n")
        elif isinstance(error, AuthoringError):
            sys.stderr.write(self.diagnostics(error.diagnostics) + "\n")
        else:
            help_ = f"\n  help: {error.help}" if error.help else ""
            sys.stderr.write(f"{error.code_}: {error.message}{help_}\n")
        raise SystemExit(outcome_of(error).exit)
