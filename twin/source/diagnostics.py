"""Where diagnostics gather: each mistake once, worst first; and what an unknown name was probably meant to be."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from twin.errors import AuthoringError, Diagnostic, Place

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Diagnostics", "closest", "did_you_mean"]

_SHOWN = 12
_MANY = 500
"""Among more names than this, only those that begin alike are compared."""


class Diagnostics:
    """Collects diagnostics. The same code at the same place is one mistake, however often it is met."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, Place], Diagnostic] = {}

    def __len__(self) -> int:
        return len(self._found)

    def add(self, diagnostic: Diagnostic) -> None:
        """Take one in, unless it is already there."""
        self._found.setdefault((diagnostic.code, diagnostic.place), diagnostic)

    def include(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Take several in."""
        for diagnostic in diagnostics:
            self.add(diagnostic)

    def error(
        self,
        code: str,
        message: str,
        place: Place,
        *,
        help: str = "",  # noqa: A002 - the word of the diagnostic
        related: Iterable[tuple[Place, str]] = (),
        suggestions: Iterable[str] = (),
    ) -> None:
        """What makes the document unusable."""
        self.add(
            Diagnostic(code, message, place, help=help, related=tuple(related), suggestions=tuple(suggestions)),
        )

    def warn(
        self,
        code: str,
        message: str,
        place: Place,
        *,
        help: str = "",  # noqa: A002 - the word of the diagnostic
        related: Iterable[tuple[Place, str]] = (),
    ) -> None:
        """What is legal and probably wrong."""
        self.add(Diagnostic(code, message, place, severity="warning", help=help, related=tuple(related)))

    @property
    def has_errors(self) -> bool:
        """Whether any of them is an error."""
        return any(found.severity == "error" for found in self._found.values())

    @property
    def all(self) -> tuple[Diagnostic, ...]:
        """Errors first, then warnings; each by file, line and column."""
        return tuple(sorted(self._found.values(), key=_rank))

    def raise_if_errors(self) -> None:
        """Raise `AuthoringError` with everything found, warnings included, if there is an error among it."""
        if self.has_errors:
            raise AuthoringError(self.all)


def _rank(found: Diagnostic) -> tuple[bool, Place, str]:
    return found.severity != "error", found.place, found.code


def closest(name: str, known: Iterable[str]) -> tuple[str, ...]:
    """Up to three known names that ``name`` was probably meant to be, best first; upper and lower case do not count."""
    folded: dict[str, str] = {}
    for candidate in known:
        folded.setdefault(candidate.casefold(), candidate)
    wanted = name.casefold()
    if len(folded) > _MANY:
        folded = {key: value for key, value in folded.items() if key[:1] == wanted[:1]}
    return tuple(folded[match] for match in get_close_matches(wanted, folded, n=3, cutoff=0.6))


def did_you_mean(name: str, known: Iterable[str], listing: str = "known") -> tuple[str, tuple[str, ...]]:
    """The help for an unknown name, and the suggestions as data: the nearest name, or else all there are."""
    names = sorted(known)
    suggestions = closest(name, names)
    if suggestions:
        return f"did you mean '{suggestions[0]}'?", suggestions
    if not names:
        return "", ()
    more = ", …" if len(names) > _SHOWN else ""
    return f"{listing}: {', '.join(names[:_SHOWN])}{more}", ()
