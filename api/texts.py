"""Texts for people: in the language asked for, or the nearest there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twin.graph.model import Entity
    from twin.ontology.model import Deprecation

__all__ = ["advice", "text_in", "title_in"]


def title_in(entity: Entity, lang: str | None = None) -> str:
    """The title in a language, or the nearest; else the key."""
    return text_in(entity.title, lang) or entity.key


def text_in(texts: Mapping[str, str], lang: str | None = None) -> str | None:
    """The text in a language; else the one without a language, else English, else any; None: there is none."""
    for key in (lang, "", "en"):
        if key is not None and key in texts:
            return texts[key]
    return next(iter(texts.values()), None)


def advice(deprecated: Deprecation) -> str:
    """What to do about something that is on its way out: ``use temperature (since 1.1, gone in 2.0)``."""
    use = None if deprecated.use is None else deprecated.use.rpartition("/")[2]
    if use is not None and "." in use and use.partition(".")[0] == _owner(deprecated.name):
        use = use.partition(".")[2]
    when = [f"since {deprecated.since}"] if deprecated.since else []
    when += [f"gone in {deprecated.remove}"] if deprecated.remove else []
    what = f"use {use}" if use else "nothing replaces it"
    return f"{what} ({', '.join(when)})" if when else what


def _owner(name: str) -> str:
    return name.rpartition("/")[2].partition(".")[0]
