"""Where documents come from: files their author names, directories beside them, and what is shipped with the twin."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from twin.errors import InvalidValue
from twin.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Library", "read_source", "shipped"]

_PACKAGE = Path(__file__).resolve().parent.parent


def shipped(folder: str) -> Path:
    """A folder that travels with the twin (``ontologies``, ``examples``): in the wheel, or beside it in a checkout."""
    packaged = _PACKAGE / "shipped" / folder
    return packaged if packaged.is_dir() else _PACKAGE.parent / folder


def read_source(path: Path) -> Source:
    """The text of a file.

    Raises:
        InvalidValue: there is no such file, or it cannot be read.
        AuthoringError: it is not UTF-8.
    """
    try:
        return Source.decode(str(path), path.read_bytes())
    except OSError as error:
        raise InvalidValue(
            f"{path} cannot be read: {error.strerror}", code="file.unreadable", help="check the name", file=str(path)
        ) from error


class Library:
    """Finds an ontology by its name: beside the document that asks, then on the path given, then among the shipped."""

    def __init__(self, directories: Iterable[Path]) -> None:
        self.directories = (*directories, shipped("ontologies"))

    def find(self, name: str) -> Source | None:
        """The first ``NAME.yaml`` (or ``.yml``); None when there is none."""
        for directory in self.directories:
            for suffix in (".yaml", ".yml"):
                path = directory / f"{name}{suffix}"
                if path.is_file():
                    return read_source(path)
        return None
