"""Which character of a scalar's value stands where in the YAML it was read from."""

from __future__ import annotations

import re

__all__ = ["offsets"]

_PROPERTIES = re.compile(r"(?:[!&]\S*\s+)*")
_HEADER = re.compile(r"[|>][^\n]*\n")
_JOIN = "\\\n"
"""In double quotes, an escaped line break joins two lines."""
_ESCAPES = {"x": 2, "u": 4, "U": 8}
"""How many digits follow these escapes of a double-quoted scalar; the others are one character (YAML 1.2, 5.7)."""


def offsets(raw: str, value: str) -> list[int]:
    """For every character of ``value``, the index in ``raw`` (quotes, tags and indentation included) it came from.

    Folding and indentation change white space only, so the two are walked together and white space gives way.
    """
    start = _content(raw)
    double = raw[start - 1 : start] == '"'
    single = raw[start - 1 : start] == "'"
    found: list[int] = []
    at = start
    for character in value:
        if character.isspace():
            found.append(min(at, len(raw) - 1))
            at = _after_space(raw, at, character)
            continue
        at = _skip(raw, at, double=double)
        found.append(min(at, len(raw) - 1))
        at += _width(raw, at, double=double, single=single)
    return found


def _content(raw: str) -> int:
    start = _PROPERTIES.match(raw).end()  # type: ignore[union-attr]  # the pattern matches the empty text
    if raw[start : start + 1] in {'"', "'"}:
        return start + 1
    header = _HEADER.match(raw, start)
    return header.end() if header else start


def _after_space(raw: str, at: int, character: str) -> int:
    while raw[at : at + 2] == _JOIN:
        at = _skip(raw, at, double=True)
    if raw[at : at + 1] == character:
        return at + 1
    if raw[at : at + 1] == "\\":
        return at + _escape(raw, at)
    while raw[at : at + 1].isspace():
        at += 1
    return at


def _skip(raw: str, at: int, *, double: bool) -> int:
    while True:
        if raw[at : at + 1].isspace():
            at += 1
        elif double and raw[at : at + 2] == _JOIN:
            at += 2
        else:
            return at


def _width(raw: str, at: int, *, double: bool, single: bool) -> int:
    if double and raw[at : at + 1] == "\\":
        return _escape(raw, at)
    return 2 if single and raw[at : at + 2] == "''" else 1


def _escape(raw: str, at: int) -> int:
    return 2 + _ESCAPES.get(raw[at + 1 : at + 2], 0)
