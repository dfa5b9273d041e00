"""What commands about people share: a data directory opened, who is meant, what is meant, a change."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from twin.errors import NotFound
from twin.times import now

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from twin.access.giving import Party
    from twin.engine import Twin
    from twin.graph.model import Entity, Entry
    from twin.records import Records

__all__ = ["commit", "known_party", "known_target", "opened", "organisation"]


@contextmanager
def opened(data: Path) -> Iterator[tuple[Twin, Records]]:
    """The graph and the records of a data directory."""
    from twin.engine import Twin
    from twin.engine.home import Home
    from twin.records import Records

    with Twin(data, create=False) as twin:
        records = Records(Home(data).records)
        try:
            yield twin, records
        finally:
            records.close()


def known_party(twin: Twin, records: Records, who: str) -> Party:
    """The user, the client or the organisation that is meant."""
    from twin.access.clients import Clients
    from twin.access.giving import Party

    kind, _, name = who.rpartition(":")
    if kind == "organisation":
        found = organisation(twin, name)
        return Party("organisation", found.id, found.title.get("", name))
    if kind == "client":
        for each in Clients(records).list():
            if name in {each.name, each.client_id}:
                return Party("client", each.client_id, each.name)
        raise NotFound(f"there is no client {name!r}", code="client.unknown", help="twin client list shows them")
    from twin.access.users import named

    with records.read() as session:
        user = named(session, who)
        return Party("user", user.id, user.name or user.email)


def organisation(twin: Twin, key: str) -> Entity:
    """An organisation, by its key or id."""
    found = twin.mirror.by_path(f"organisation:{key}") or twin.mirror.get(key)
    if found is None or found.kind != "organisation":
        raise NotFound(
            f"there is no organisation {key!r}", code="organisation.unknown", help="twin organisation list shows them"
        )
    return found


def known_target(twin: Twin, path: str) -> Entity:
    """What a role is had on: an entity, or a fleet."""
    if path.startswith("fleet:"):
        found = twin.mirror.by_path(path)
        if found is None:
            raise NotFound(f"there is no {path}", code="fleet.unknown", help="twin fleet list shows them")
        return found
    return twin.find(path)


def commit(twin: Twin, entries: Sequence[Entry], summary: str, about: Entity | None = None) -> None:
    """Commit entries, if there are any, as a change of who runs the command."""
    from twin.graph.model import Actor, ChangeSet
    from twin.ids import mint

    if entries:
        site = about.site or None if about is not None else None
        actor = Actor(twin.actor.name, "cli")
        made = ChangeSet(op_id=mint(), actor=actor, at=now(), entries=tuple(entries), summary=summary, site=site)
        twin.commit(made)
