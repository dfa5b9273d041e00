"""What `twin explain` prints of a code, and of all codes."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from twin.errors import NotFound
from twin.explain import DEADLETTERS, RUNTIME, pages, sentence
from twin.source import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from twin.explain import Cause, Example, Page

__all__ = ["as_data", "as_text", "known", "list_as_data", "list_as_text"]

_MARGIN = "    "
_COLUMNS = 100
_COMMANDS = "Of a command, a script or the API"
_LETTERS = "Of a message, or a reading, that became a dead letter"


def known(code: str) -> str:
    """The code itself.

    Raises:
        NotFound: it is none of the twin's.
    """
    codes = {*pages(), *RUNTIME, *DEADLETTERS}
    if code not in codes:
        help_, suggestions = did_you_mean(code, codes)
        raise NotFound(
            f"the twin gives no code {code!r}",
            code="code.unknown",
            help=help_ if suggestions else "twin explain lists every code; those of the API alone are at its /docs",
            suggestions=list(suggestions),
        )
    return code


def as_text(code: str) -> str:
    """Everything there is to say of a code."""
    page = pages().get(code)
    causes = {_COMMANDS: RUNTIME.get(code), _LETTERS: DEADLETTERS.get(code)}
    told = [f"{title}: {_told(cause)}" for title, cause in causes.items() if cause is not None]
    if page is None and len(told) == 1:
        told = [_told(RUNTIME.get(code) or DEADLETTERS[code])]
    return "\n\n".join((code, *(() if page is None else _page(page)), *told))


def _told(cause: Cause) -> str:
    return f"{cause.meaning}\nWhat to do: {cause.remedy}"


def _page(page: Page) -> Iterator[str]:
    yield textwrap.fill(page.meaning, _COLUMNS)
    yield "Wrong:"
    yield _example(page.wrong)
    yield "What the twin says of it:"
    yield textwrap.indent(page.wrong.said(), _MARGIN)
    yield "Right:"
    yield _example(page.right)


def _example(example: Example) -> str:
    parts = [document.text.rstrip("\n") for document in example.documents]
    command = [f"$ {example.command}"] if example.command else []
    return textwrap.indent("\n\n".join((*parts, *command)), _MARGIN)


def as_data(code: str) -> dict[str, Any]:
    """The same as data; what does not apply is null."""
    page = pages().get(code)
    document = page and {"meaning": page.meaning, "wrong": page.wrong.as_dict(), "right": page.right.as_dict()}
    causes = {"runtime": RUNTIME.get(code), "deadletter": DEADLETTERS.get(code)}
    return {"code": code, "document": document, **{name: c and c.as_dict() for name, c in causes.items()}}


def _lists() -> dict[str, Mapping[str, str]]:
    return {
        "document": {code: sentence(page.meaning) for code, page in pages().items()},
        "runtime": {code: sentence(cause.meaning) for code, cause in RUNTIME.items()},
        "deadletter": {code: sentence(cause.meaning) for code, cause in DEADLETTERS.items()},
    }


def list_as_text() -> str:
    """Every code with a sentence, in the order of where it is met."""
    titles = ("Of an ontology, a topology or a map of series", _COMMANDS, _LETTERS)
    blocks = []
    for title, codes in zip(titles, _lists().values(), strict=True):
        wide = max(map(len, codes))
        blocks.append("\n".join((f"{title}:", *(f"  {code:<{wide}}  {text}" for code, text in codes.items()))))
    return "\n\n".join(blocks)


def list_as_data() -> dict[str, list[dict[str, str]]]:
    """The same as data."""
    return {name: [{"code": code, "meaning": text} for code, text in codes.items()] for name, codes in _lists().items()}
