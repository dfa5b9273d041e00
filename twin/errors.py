"""Every error the twin raises on purpose, as one tree whose branches say who must act.

    TwinError
    ├── AuthoringError          the YAML is wrong; carries every diagnostic at once: fix the named lines
    ├── RequestError            the caller is wrong: change the request before sending it again
    │   ├── InvalidValue        an argument, a parameter or a setting cannot mean anything
    │   ├── Unauthenticated     no token, or one that does not verify: get a new one
    │   ├── Forbidden           the token is good and its rights do not reach this
    │   ├── NotFound            nothing of that name that you may see
    │   ├── Conflict            the twin has moved on since you looked: look again
    │   └── TooMany             over a stated limit: slow down, or ask for less
    └── BackendError            our side is down; the same call may work later
        └── OutcomeUnknown      the store did not answer: only the op_id can tell what became of it

A leaf carries data (``details``) and a stable namespaced ``code``; ``message`` is for people and ``help`` says what to
do next. `OUTCOMES` maps each branch to an HTTP status and an exit code, once for every face. A bug is none of
these: it propagates, is logged with the request's id, and the client sees none of its text.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "OUTCOMES",
    "AuthoringError",
    "BackendError",
    "Conflict",
    "Diagnostic",
    "Forbidden",
    "InvalidValue",
    "NotFound",
    "Outcome",
    "OutcomeUnknown",
    "Place",
    "RequestError",
    "Severity",
    "TooMany",
    "TwinError",
    "Unauthenticated",
    "outcome_of",
]

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where in a document: lines and columns count from 1; ``end`` is the column after the last character."""

    file: str
    line: int
    column: int
    end: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One mistake of an author: what is wrong, where, where the other half is, and what to do about it."""

    code: str
    message: str
    place: Place
    severity: Severity = "error"
    related: tuple[tuple[Place, str], ...] = ()
    help: str = ""
    suggestions: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The one shape of a diagnostic outside: terminal, ``--json``, GraphQL and REST."""
        place = self.place
        return {
            "code": self.code,
            "severity": self.severity,
            "file": place.file,
            "line": place.line,
            "column": place.column,
            "end": place.end,
            "message": self.message,
            "related": [
                {"file": at.file, "line": at.line, "column": at.column, "message": text} for at, text in self.related
            ],
            "help": self.help,
            "suggestions": list(self.suggestions),
        }

    def __str__(self) -> str:
        return f"{self.place} {self.code}: {self.message}"


class TwinError(Exception):
    """The root: anything the twin says no with."""

    code: ClassVar[str] = "twin.error"

    def __init__(self, message: str, *, code: str = "", help: str = "", **details: Any) -> None:  # noqa: A002 - the word users see
        super().__init__(message)
        self.message = message
        self.code_ = code or type(self).code
        self.help = help
        self.details = details

    def as_dict(self) -> dict[str, Any]:
        """What ``--json`` prints and the API's problems are made of."""
        return {"code": self.code_, "message": self.message, "help": self.help, **self.details}


class AuthoringError(TwinError):
    """The YAML is wrong. ``diagnostics`` holds all of it, worst first."""

    code = "document.invalid"

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        errors = sum(1 for d in diagnostics if d.severity == "error")
        super().__init__(f"{errors} error{'s' * (errors != 1)} in the documents")
        self.diagnostics = tuple(diagnostics)

    def __str__(self) -> str:
        return "\n".join(map(str, self.diagnostics))

    def as_dict(self) -> dict[str, Any]:
        """With every diagnostic as data."""
        return {**super().as_dict(), "diagnostics": [d.as_dict() for d in self.diagnostics]}


class RequestError(TwinError):
    """The caller is wrong."""

    code = "request.invalid"


class InvalidValue(RequestError):
    """An argument, a parameter or a setting cannot mean anything."""

    code = "value.invalid"


class Unauthenticated(RequestError):
    """No token, or one that does not verify."""

    code = "token.invalid"


class Forbidden(RequestError):
    """The token is good and its rights do not reach this."""

    code = "scope.insufficient"


class NotFound(RequestError):
    """Nothing of that name that the caller may see."""

    code = "entity.unknown"


class Conflict(RequestError):
    """The twin has moved on since the caller looked."""

    code = "revision.conflict"


class TooMany(RequestError):
    """Over a stated limit."""

    code = "limit.exceeded"


class BackendError(TwinError):
    """Our side is down; the same call may work later."""

    code = "backend.unavailable"


class OutcomeUnknown(BackendError):
    """The store did not answer in time: only the op_id can tell what became of the ChangeSet."""

    code = "commit.unknown"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a face answers with: an HTTP status and a process exit code."""

    status: int
    exit: int = field(default=1)
    retry: int | None = None
    """After how many seconds the same call may work; None: not before something else has changed."""


OUTCOMES: dict[type[TwinError], Outcome] = {
    AuthoringError: Outcome(422),
    InvalidValue: Outcome(400),
    Unauthenticated: Outcome(401),
    Forbidden: Outcome(403),
    NotFound: Outcome(404),
    Conflict: Outcome(409),
    TooMany: Outcome(429),
    RequestError: Outcome(400),
    BackendError: Outcome(503, exit=3, retry=2),
    TwinError: Outcome(500),
}
"""One table for every face; the nearest class in an error's lineage is the one that counts."""


def outcome_of(error: TwinError) -> Outcome:
    """The status and exit code of an error, by its nearest named ancestor."""
    return next(OUTCOMES[cls] for cls in type(error).__mro__ if cls in OUTCOMES)
