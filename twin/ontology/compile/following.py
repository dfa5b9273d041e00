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
        named = [(draft, name) for draft in written.drafts for name in draft.names]
        for draft, name in named:
            if "." not in name:
                self._enter_type(draft, name)
        for draft, name in named:
            if "." in name and draft.kind in {"rename", "remove"}:
                self._enter_member(draft, self.older(name))

    def _enter_type(self, draft: Draft, name: str) -> None:
        to, word = draft.node.get("to"), draft.node.text("to") or ""
        if draft.kind == "remove":
            self._types.setdefault(name, ())
        elif draft.kind == "rename":
            self._types.setdefault(name, (f"{draft.document}/{word}",))
            self._older.setdefault(f"{draft.document}/{word}", name)
        elif draft.kind == "merge":
            self._types.setdefault(name, (qualified(word, draft.document, self._subjects),))
        elif draft.kind == "split" and isinstance(to, MapNode):
            keys = (entry.key.text for entry in to)
            self._types.setdefault(name, tuple(qualified(key, draft.document, self._subjects) for key in keys))

    def _enter_member(self, draft: Draft, name: str) -> None:
        word = draft.node.text("to")
        self._members.setdefault(name, word)
        self._older.setdefault(f"{name.partition('.')[0]}.{word}", name)

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
        """The older version's name of something that may be named as in the newer, where that is plain."""
        owner, dot, member = name.partition(".")
        if owner not in self._types:
            owner = self._older.get(owner, owner)
        name = f"{owner}{dot}{member}"
        return name if not dot or name in self._members else self._older.get(name, name)

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
