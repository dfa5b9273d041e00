"""Versions of documents and the ranges that imports ask for: ``^1.0``, ``~1.2``, ``>=1.0 <2``, ``1.2.0``, ``*``.

Semantic versioning 2.0.0 without pre-releases; a missing part is zero.
"""

from __future__ import annotations

import re
from typing import TypeAlias

__all__ = ["RANGE", "VERSION", "Version", "overlap", "parse_version", "satisfies"]

VERSION = r"\d{1,6}(\.\d{1,6}){0,2}"
_TERM = rf"(?:\^|~|>=|<=|>|<|=)?{VERSION}"
RANGE = rf"\*|{_TERM}(?: +{_TERM})*"

Version: TypeAlias = "tuple[int, int, int]"


def parse_version(text: str) -> Version:
    """The three numbers of a version that matches `VERSION`."""
    parts = [int(part) for part in text.split(".")]
    major, minor, patch = [*parts, 0, 0][:3]
    return major, minor, patch


def satisfies(version: str, wanted: str) -> bool:
    """Whether a version lies in a range that matches `RANGE`."""
    return wanted == "*" or all(_term(parse_version(version), term) for term in wanted.split())


def _term(version: Version, term: str) -> bool:
    operator, number = re.fullmatch(r"(\D*)(.*)", term).groups()  # type: ignore[union-attr]  # it matches any text
    lower = parse_version(number)
    if operator in {"^", "~"}:
        return lower <= version < _next(lower, operator, number.count("."))
    comparisons = {
        "": version == lower,
        "=": version == lower,
        ">=": version >= lower,
        "<=": version <= lower,
        ">": version > lower,
        "<": version < lower,
    }
    return comparisons[operator]


def overlap(one: str, other: str) -> bool:
    """Whether some version lies in both ranges."""
    terms = [term for wanted in (one, other) if wanted != "*" for term in wanted.split()]
    lowest = max((_lowest(term) for term in terms), default=(0, 0, 0))
    return all(_term(lowest, term) for term in terms)


def _lowest(term: str) -> Version:
    """The first version of a term: ranges being intervals, one that two share begins where one of them does."""
    operator, number = re.fullmatch(r"(\D*)(.*)", term).groups()  # type: ignore[union-attr]  # it matches any text
    major, minor, patch = parse_version(number)
    return (0, 0, 0) if operator in {"<", "<="} else (major, minor, patch + (operator == ">"))


def _next(lower: Version, operator: str, dots: int) -> Version:
    """The first version that breaks what ``lower`` promised: caret keeps the first part that is not zero, tilde the
    minor where one is given.
    """
    major, minor, patch = lower
    if operator == "~":
        return (major, minor + 1, 0) if dots else (major + 1, 0, 0)
    if major or not dots:
        return major + 1, 0, 0
    return (0, minor + 1, 0) if minor or dots == 1 else (0, 0, patch + 1)
