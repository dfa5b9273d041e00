"""Things of one sort that both versions of a document declare by name: which are gone, have come, or differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from twin.ontology.difference.comparison import Difference, counterparts, differences

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Mapping

    from twin.errors import Place
    from twin.ontology.difference.comparison import Change
    from twin.ontology.model import Ontology

__all__ = ["files_of", "table_differences"]


class _Named(Protocol):
    @property
    def place(self) -> Place: ...


N = TypeVar("N", bound=_Named)


def files_of(old: Ontology, new: Ontology, document: str) -> tuple[str, str]:
    """The files of a document in both."""
    one, other = (next(found.file for found in each.documents if found.name == document) for each in (old, new))
    return one, other


def table_differences(
    noun: str,
    tables: tuple[Mapping[str, N], Mapping[str, N]],
    files: tuple[str, str],
    shape: Callable[[N], Hashable],
    changes: Callable[[N, N], Iterator[Change]],
) -> Iterator[Difference]:
    """Each difference of the things in two tables that stand in these files. Two of one shape may be one, renamed."""
    old, new = (
        {name: found for name, found in table.items() if found.place.file == file}
        for table, file in zip(tables, files, strict=True)
    )
    gone = {name: found for name, found in old.items() if name not in new}
    come = {name: found for name, found in new.items() if name not in old}
    named = counterparts(
        {name: shape(found) for name, found in gone.items()}, {name: shape(found) for name, found in come.items()}
    )
    for name, found in gone.items():
        hint = f"renamed to '{named[name].rpartition('/')[2]}'?" if name in named else ""
        yield Difference(name, "major", f"{noun} removed", "what names it is refused", found.place, hint)
    for name, found in come.items():
        yield Difference(name, "minor", f"{noun} added", "nothing depends on it yet", found.place)
    for name in old.keys() & new.keys():
        yield from differences(name, new[name].place, changes(old[name], new[name]))
