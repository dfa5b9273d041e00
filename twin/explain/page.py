"""The page of a code that documents get: read from ``pages/CODE.md``, a Markdown file of one fixed form.

    # CODE
    What it means, in a sentence, and what it does not say by itself.
    ## Wrong
    The document in a fence; then others it needs, each with a comment of its file name on top; then the command.
    ## Right
    The same without the mistake.

A table is in a fence ``csv``; a fence ``yaml bytes`` has escapes for what cannot be shown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from twin.explain.example import Document, Example

__all__ = ["Page", "pages", "sentence"]

_SECTIONS = re.compile(r"# (\S+)\n(.*?)\n## Wrong\n(.*?)\n## Right\n(.*)", re.DOTALL)
_FENCE = re.compile(r"^```(sh|yaml|yaml bytes|csv)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NAMED = re.compile(r"# (\S+\.(?:yaml|csv))\n")
_SENTENCE = re.compile(r".*?[.!?](?=\s|$)")


@dataclass(frozen=True, slots=True)
class Page:
    """What a code means, an example that gives it, and that example put right."""

    code: str
    meaning: str
    wrong: Example
    right: Example


@lru_cache(maxsize=1)
def pages() -> dict[str, Page]:
    """Every page, by its code."""
    found = (_page(entry.read_text(encoding="utf-8")) for entry in files("twin.explain").joinpath("pages").iterdir())
    return {page.code: page for page in sorted(found, key=lambda page: page.code)}


def sentence(text: str) -> str:
    """The first sentence of a text."""
    first = _SENTENCE.match(text)
    return first[0] if first else text


def _page(text: str) -> Page:
    parts = _SECTIONS.fullmatch(text)
    if parts is None:
        raise ValueError(f"not the form of a page: {text[:40]!r}")
    code, meaning, wrong, right = parts.groups()
    return Page(code, " ".join(meaning.split()), _example(wrong), _example(right))


def _example(section: str) -> Example:
    fences = [(found[1], found[2]) for found in _FENCE.finditer(section)]
    documents = tuple(_document(text, escaped=info == "yaml bytes") for info, text in fences if info != "sh")
    return Example(documents, next((text.strip() for info, text in fences if info == "sh"), ""))


def _document(text: str, *, escaped: bool) -> Document:
    named = _NAMED.match(text)
    if named is not None and named[1].endswith(".csv"):
        return Document(named[1], text[named.end() :], escaped)
    return Document(named[1] if named else "example.yaml", text, escaped)
