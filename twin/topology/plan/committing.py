"""A plan as what is committed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from twin.graph.model import ChangeSet, Create, Delete, Move, Update

if TYPE_CHECKING:
    from collections.abc import Callable

    from twin.graph.model import Actor, Entry
    from twin.topology.plan.model import Plan

__all__ = ["CHANGESET_ENTRIES", "changesets"]

CHANGESET_ENTRIES = 2_000
"""A larger plan is committed in parts, each valid alone; applying again resumes it."""
_PART_ENTRIES = 500
"""Entries of such a part: whoever follows the log takes it in some milliseconds, in which nobody else has a turn."""


def changesets(
    made: Plan, actor: Actor, at: int, mint: Callable[[], str], size: int = _PART_ENTRIES
) -> list[ChangeSet]:
    """One ChangeSet, or several of ``size`` entries where the plan is larger than `CHANGESET_ENTRIES`.

    The first is refused when anything in the site has changed since the plan was made. A site that is still to be
    created can only be in the way of one that meanwhile was, and that is a conflict of its own.
    """
    large = len(made.entries) > CHANGESET_ENTRIES
    entries = _veiled(_parted(_freed(_views_first(made.entries)), size)) if large else made.entries
    size = size if large else CHANGESET_ENTRIES
    parts = [entries[start : start + size] for start in range(0, len(entries), size)] or [()]
    return [
        ChangeSet(
            op_id=mint(),
            actor=actor,
            at=at,
            entries=part,
            documents=made.documents if number == 0 else (),
            summary=f"apply {made.topology} {made.version} to {made.site}"
            + (f" ({number + 1} of {len(parts)})" if len(parts) > 1 else ""),
            expected_head=made.head if number == 0 and made.site_id is not None else None,
            site=made.site_id if number == 0 else None,
        )
        for number, part in enumerate(parts)
    ]


def _views_first(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """Of what is created, sites and their views come first: so the rules of views are asked of what each part brings,
    and never of everything at once.
    """
    first = next((number for number, entry in enumerate(entries) if isinstance(entry, Create)), 0)
    end = next((at for at in range(first, len(entries)) if not isinstance(entries[at], Create)), len(entries))
    made = [entry for entry in entries[first:end] if isinstance(entry, Create)]
    return (*entries[:first], *sorted(made, key=_rank), *entries[end:])


def _rank(entry: Create) -> int:
    return {"site": 0, "view": 1}.get(entry.entity.kind, 2)


def _parted(entries: tuple[Entry, ...], size: int) -> tuple[Entry, ...]:
    """A space, new or changed, may follow a device that a later part creates: it does so once everything is there."""
    following = {number: sources for number, entry in enumerate(entries) if (sources := _sources(entry))}
    followed = {source for sources in following.values() for source, _ in sources.values()}
    part_of = {
        entry.entity.id: number // size
        for number, entry in enumerate(entries)
        if isinstance(entry, Create) and entry.entity.id in followed
    }
    kept = list(entries)
    late: list[Entry] = []
    for number, sources in following.items():
        part, entry = number // size, entries[number]
        there = {name: each for name, each in sources.items() if part_of.get(each[0], part) <= part}
        if len(there) == len(sources):
            continue
        if isinstance(entry, Create):
            late.append(Update(id=entry.entity.id, fields={"sources": sources}))
            kept[number] = Create(msgspec.structs.replace(entry.entity, sources=there))
        elif isinstance(entry, Update):
            late.append(Update(id=entry.id, fields={"sources": sources}))
            kept[number] = msgspec.structs.replace(entry, fields={**entry.fields, "sources": there})
    return (*kept, *late)


def _freed(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """What moves may follow a device that goes, and say what it follows now in a later part: it lets go first."""
    gone = next((number for number, entry in enumerate(entries) if isinstance(entry, Delete)), None)
    if gone is None or not any(isinstance(entry, Move) for entry in entries):
        return entries
    changed = [entry for entry in entries if isinstance(entry, Update) and "sources" in entry.fields]
    freed = {entry.id: msgspec.structs.replace(entry, fields={"sources": {}}) for entry in changed}
    rest = (
        msgspec.structs.replace(entry, expected=None) if isinstance(entry, Update) and entry.id in freed else entry
        for entry in entries[gone:]
    )
    return (*entries[:gone], *freed.values(), *rest)


def _sources(entry: Entry) -> dict[str, tuple[str, str]]:
    """What an entry has an entity follow."""
    if isinstance(entry, Create):
        return entry.entity.sources
    found: dict[str, tuple[str, str]] = entry.fields.get("sources", {}) if isinstance(entry, Update) else {}
    return found


def _veiled(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """A site that is created in several parts is hidden until the last of them: applying again finishes it."""
    created = {
        number: entry.entity
        for number, entry in enumerate(entries)
        if isinstance(entry, Create) and entry.entity.kind == "site"
    }
    updated = {number: entry for number, entry in enumerate(entries) if isinstance(entry, Update)}
    sites = {entity.id for entity in created.values()}
    sites |= {entry.id for entry in updated.values() if entry.fields.get("hidden") is False}
    veiled = list(entries)
    for number, entity in created.items():
        veiled[number] = Create(msgspec.structs.replace(entity, hidden=True))
    for number, entry in updated.items():
        if entry.id in sites:
            veiled[number] = msgspec.structs.replace(entry, fields={**entry.fields, "hidden": True})
    return (*veiled, *(Update(id=site, fields={"hidden": False}) for site in sorted(sites)))
