"""The words by which the entities of one site are called: kept as they change, once somebody has searched the site."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, insort
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twin.graph.model import Entity

__all__ = ["Names", "folded", "words"]

_WORD = re.compile(r"[^\W_]+")


@lru_cache(maxsize=16_384)
def folded(text: str) -> str:
    """A text without what makes no difference: case and accents (``Été`` -> ``ete``)."""
    if text.isascii():
        return text.lower().strip()
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(each for each in apart if not unicodedata.combining(each)).strip()


def words(text: str) -> list[str]:
    """The words of a text, folded, each once."""
    return list(_split(text))


@lru_cache(maxsize=16_384)
def _split(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_WORD.findall(folded(text))))


class Names:
    """Word -> the entities of a site that have it in their key or a title."""

    __slots__ = ("_by_word", "_words")

    def __init__(self, entities: Iterable[Entity]) -> None:
        self._by_word: dict[str, dict[str, None]] = {}
        for entity in entities:
            for word in _words_of(entity):
                having = self._by_word.get(word)
                if having is None:
                    self._by_word[word] = {entity.id: None}
                else:
                    having[entity.id] = None
        self._words = sorted(self._by_word)

    def put(self, before: Entity | None, entity: Entity) -> None:
        """An entity is new, or another than it was."""
        if before is not None:
            if before.key == entity.key and before.title == entity.title:
                return
            self.drop(before)
        for word in _words_of(entity):
            having = self._by_word.get(word)
            if having is None:
                self._by_word[word] = {entity.id: None}
                insort(self._words, word)
            else:
                having[entity.id] = None

    def drop(self, entity: Entity) -> None:
        """An entity goes."""
        for word in _words_of(entity):
            having = self._by_word[word]
            del having[entity.id]
            if not having:
                del self._by_word[word]
                del self._words[bisect_left(self._words, word)]

    def beginning(self, start: str) -> dict[str, bool]:
        """The ids of what has a word that begins so -> whether it is the whole word."""
        found: dict[str, bool] = {}
        for at in range(bisect_left(self._words, start), len(self._words)):
            word = self._words[at]
            if not word.startswith(start):
                break
            for each in self._by_word[word]:
                found.setdefault(each, word == start)
        return found


def _words_of(entity: Entity) -> Iterable[str]:
    if not entity.title:
        return _split(entity.key)
    return dict.fromkeys(word for text in (entity.key, *entity.title.values()) for word in _split(text))
