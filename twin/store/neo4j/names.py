"""What things are called on a node: every name a property key of its own, whatever authors choose.

A point ``p`` takes the keys ``p``, ``p_time``, ``p_received``, ``p_order`` and, where they apply, ``p_json`` and
``p_desired``. A property or point whose name is a field of every entity (``rule``), or ends as such a key does
(``boost_time``), gets a ``_`` at its end: then no two names meet, since no key that is made ends in ``_``.
"""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

from twin.graph.model import Entity

__all__ = ["BODY", "BORN", "DESIRED", "JSON", "ORDER", "RECEIVED", "TIME", "is_identifier", "key_of", "name_of"]

BODY = "_entity"
"""The whole entity as JSON: what the twin itself reads."""
BORN = "_born"
"""The sequence of the record of the log that created it."""
TIME, RECEIVED, ORDER, JSON, DESIRED = "_time", "_received", "_order", "_json", "_desired"
_ENDS = (TIME, RECEIVED, ORDER, JSON, DESIRED, "_quality")
_FIELDS = frozenset(field.name for field in msgspec.structs.fields(Entity)) | {"children", "views"}
_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}\Z")


@lru_cache(maxsize=65_536)
def key_of(name: str) -> str:
    """The property key of a point or property."""
    stem = name.rstrip("_")
    return f"{name}_" if stem in _FIELDS or stem.endswith(_ENDS) or name.startswith("_") else name


def name_of(key: str) -> str:
    """The point that has a key."""
    return key[:-1] if key.endswith("_") and key_of(key[:-1]) == key else key


def is_identifier(text: str) -> bool:
    """Whether the text may be a label or a relation's type: a plain word, whatever quotes it."""
    return _IDENTIFIER.match(text) is not None
