"""Examples that are really read: what the twin says of a document, as an author's own command would."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from twin.engine.library import Library
from twin.errors import AuthoringError
from twin.ontology.compile import compile_ontology
from twin.source import Diagnostics, MapNode, Source, read, render
from twin.topology.expand import expand
from twin.topology.series import read_series
from twin.topology.template import read_topology

if TYPE_CHECKING:
    from collections.abc import Callable

    from twin.errors import Diagnostic

__all__ = ["Document", "Example"]

_REPEATED = re.compile(r"^(.*?)\s*# (\d+) times$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Document:
    """One file of an example. A line that ends with ``# N times`` is N lines, with ``{n}`` and ``{n+1}`` counted."""

    file: str
    text: str
    """As a page shows it."""
    escaped: bool = False
    r"""Whether ``\x..`` stands for a byte that a page cannot show."""

    @property
    def data(self) -> bytes:
        """What would be in the file."""
        if self.escaped:
            return self.text.encode("latin-1").decode("unicode_escape").encode("latin-1")
        return _REPEATED.sub(_repeat, self.text).encode()


def _repeat(line: re.Match[str]) -> str:
    rounds = range(1, int(line[2]) + 1)
    return "\n".join(line[1].replace("{n}", str(n)).replace("{n+1}", str(n + 1)) for n in rounds)


@dataclass(frozen=True, slots=True)
class Example:
    """A document, the other documents it needs, and the command that is run on it, where its options matter."""

    documents: tuple[Document, ...]
    command: str = ""

    @property
    def parameters(self) -> dict[str, str]:
        """What the command sets."""
        return self._given("--set")

    def _given(self, option: str) -> dict[str, str]:
        words = shlex.split(self.command)
        pairs = (after.partition("=") for word, after in pairwise(words) if word == option)
        return {name: value for name, _, value in pairs}

    def judged(self) -> tuple[tuple[Diagnostic, ...], dict[str, Source]]:
        """Every diagnostic of the first document, and the documents by file name, to show their lines."""
        sources: dict[str, Source] = {}
        report = Diagnostics()
        try:
            for document in self.documents:
                sources[document.file] = Source.decode(document.file, document.data)
            tables = {name: sources[file] for name, file in self._given("--table").items()}
            _judge(sources[self.documents[0].file], _finder(sources), self.parameters, tables, report)
        except AuthoringError as error:
            report.include(error.diagnostics)
        return report.all, sources

    def said(self) -> str:
        """What a terminal shows of it; nothing when it is right."""
        found, sources = self.judged()
        return render(found, sources, pages=False).rstrip("\n")

    def as_dict(self) -> dict[str, Any]:
        """The example as data, with what is said of it."""
        return {
            "documents": [{"file": document.file, "text": document.text} for document in self.documents],
            "command": self.command,
            "diagnostics": [found.as_dict() for found in self.judged()[0]],
        }


def _finder(sources: dict[str, Source]) -> Callable[[str], Source | None]:
    shipped = Library(())

    def find(name: str) -> Source | None:
        found = sources.get(f"{name}.yaml") or shipped.find(name)
        return None if found is None else Source(PurePath(found.file).name, found.text)

    return find


def _judge(
    source: Source,
    find: Callable[[str], Source | None],
    parameters: dict[str, str],
    tables: dict[str, Source],
    report: Diagnostics,
) -> None:
    root = read(source, Diagnostics())
    keys = root.entries if isinstance(root, MapNode) else {}
    if "topology" in keys:
        expand(read_topology(source, find), None, parameters, report, tables)
    elif "series" in keys:
        read_series(source)
    else:
        compile_ontology([source], find, report)
