"""What a plain scalar means: the core schema of YAML 1.2 (10.3), in which ``off`` is a word and ``012`` is twelve."""

from __future__ import annotations

import re
from math import inf, isinf, nan

__all__ = ["resolve"]

_WORDS: dict[str, bool | float | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((sign + word for sign in ("", "+") for word in (".inf", ".Inf", ".INF")), inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -inf),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), nan),
}
_INTEGER = re.compile(r"[-+]?[0-9]+\Z", re.ASCII)
_BASED = re.compile(r"0(?:o[0-7]+|x[0-9a-fA-F]+)\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z", re.ASCII)
_NUMERIC = frozenset("0123456789.+-")
_DIGITS = 20
"""Longer integers are identifiers that lost their quotes."""


def resolve(text: str) -> str | int | float | bool | None:
    """The value of a plain scalar. Raises OverflowError for a number that no computer keeps exactly."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMERIC:
        return text
    if _INTEGER.match(text):
        return _integer(text, 10)
    if _BASED.match(text):
        return _integer(text, 0)
    if _FLOAT.match(text):
        return _float(text)
    return text


def _integer(text: str, base: int) -> int:
    if len(text) > _DIGITS:
        raise OverflowError
    return int(text, base)


def _float(text: str) -> float:
    value = float(text)
    if isinf(value):
        raise OverflowError
    return value
