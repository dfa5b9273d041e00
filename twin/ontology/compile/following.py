"""What became of the names of an older version: followed through migrations to the names of this one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.source import MapNode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twin.ontology.compile.drafts import Draft, Written
    from twin.ontology.compile.subjects import Subjects

__all__ = ["Fates", "qualified", "today"]


def qualified(word: str, document: str, subjects: Subjects) -> str:
    """The qualified name of a type that a document writes, whether it is there or not."""
    return word if "/" in word else subjects.scope.names.seen(document).get(word, f"{document}/{word}")


class Fates:
    """What one migration makes of each name of the older version."""

    def __init__(self, written: Written, subjects: Subjects) -> None:
        self.written = written
        self._subjects = subjects
        self._types: dict[str, tuple[str, ...]] = {}
        self._members: dict[str, str | None] = {}
        """``lab/Radiator.temp`` -> its new name; None: it is gone."""
        self._older: dict[str, str] = {}
        for draft in written.drafts:
            for name in draft.names:
                self._enter(draft, name)

    def _enter(self, draft: Draft, name: str) -> None:
        to, word = draft.node.get("to"), draft.node.text("to") or ""
        owner, dot, _ = name.partition(".")
        if dot and draft.kind in {"rename", "remove"}:
            self._members.setdefault(name, word or None)
            self._older.setdefault(f"{owner}.{word}", name)
        elif draft.kind == "remove":
            self._types.setdefault(name, ())
        elif draft.kind == "rename":
            self._types.setdefault(name, (f"{draft.document}/{word}",))
            self._older.setdefault(f"{draft.document}/{word}", name)
        elif draft.kind == "merge":
            self._types.setdefault(name, (qualified(word, draft.document, self._subjects),))
        elif isinstance(to, MapNode):
            keys = (entry.key.text for entry in to)
            self._types.setdefault(name, tuple(qualified(key, draft.document, self._subjects) for key in keys))

    def of(self, name: str) -> tuple[str, ...]:
        """What a name of the older version is in the newer; nothing, where it is gone."""
        owner, dot, member = name.partition(".")
        owners = self._types.get(owner, (owner,))
        if not dot:
            return owners
        now = self._member(owner, owners, member)
        return () if now is None else tuple(f"{each}.{now}" for each in owners)

    def _member(self, owner: str, owners: Iterable[str], member: str) -> str | None:
        """Its new name, by what is said of the type or of one that it descends from."""
        types = self._subjects.types
        above = (ancestor for each in owners if each in types for ancestor in types[each].lineage)
        names = (owner, *(self._older.get(ancestor, ancestor) for ancestor in above))
        return next((self._members[key] for name in names if (key := f"{name}.{member}") in self._members), member)

    def older(self, name: str) -> str:
        """The older version's name of something that may be named as in the newer."""
        owner, dot, member = name.partition(".")
        owner = self._older.get(owner, owner)
        return self._older.get(f"{owner}.{member}", f"{owner}.{member}") if dot else owner

    @property
    def made(self) -> frozenset[str]:
        """The types that something becomes."""
        return frozenset(name for names in self._types.values() for name in names)


def today(names: Iterable[str], later: Iterable[Fates]) -> tuple[str, ...]:
    """What names of a version are in this one, by the migrations that come after it."""
    found = tuple(names)
    for fates in later:
        found = tuple(now for name in found for now in fates.of(name))
    return tuple(dict.fromkeys(found))
