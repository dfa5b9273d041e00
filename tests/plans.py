"""What topologies ask for, by hand, and plans of it applied to a mirror."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

from twin.errors import Place
from twin.graph.check import check
from twin.graph.mirror import Mirror
from twin.graph.model import Actor, Change, ChangeSet
from twin.topology.desired import Desired, DesiredEntity, DesiredRelation
from twin.topology.plan import Plan, changesets, plan

if TYPE_CHECKING:
    from twin.topology.plan import Beside, Take

HERE = Place("home.yaml", 1, 1, 2)
ANA = Actor("ana", "app")
_ids = count()


def mint() -> str:
    return f"id-{next(_ids)}"


def wanted(path: str, kind: str = "space", type: str = "t/Room", **fields: Any) -> DesiredEntity:  # noqa: A002
    """One entity that is asked for; its properties, title, serial and wishes count as given."""
    parent, _, key = path.rpartition("/")
    properties, desired = fields.get("properties", {}), fields.get("desired", {})
    given = [name for name in ("title", "serial") if name in fields]
    given += [f"properties.{name}" for name in properties] + [f"desired.{name}" for name in desired]
    whole = {"title": {}, "properties": {}, "points": (), "sources": {}, "serial": None, **fields}
    return DesiredEntity(
        kind=kind, type=type, key=key, path=path, parent=parent or None, given=tuple(given), place=HERE, **whole
    )


def site(**fields: Any) -> DesiredEntity:
    return wanted("home", "site", "t/Home", **fields)


def asked(*entities: DesiredEntity, relations: tuple[tuple[str, str, str], ...] = (), **fields: Any) -> Desired:
    """A whole site; relations are (source path, name, target path)."""
    links = tuple(DesiredRelation(name, source, target, HERE) for source, name, target in relations)
    known = {"topology": "home", "version": "1.0.0", "documents": (), **fields}
    return Desired(site="home", entities=entities, relations=links, **known)


def planned(mirror: Mirror, want: Desired, take: Take | None = None, beside: Beside | None = None) -> Plan:
    return plan(want, mirror, mint, take, beside)


def commit(mirror: Mirror, *changesets_: ChangeSet) -> None:
    """Check and apply, as a store would have it."""
    for each in changesets_:
        check(mirror, each)
        mirror.apply(Change(mirror.head + 1, each))


def applied(mirror: Mirror, want: Desired, take: Take | None = None) -> Plan:
    """Plan, and commit what comes of it."""
    made = planned(mirror, want, take)
    if not made.empty:
        commit(mirror, *changesets(made, Actor("script", "script"), 1, mint))
    return made


def act(mirror: Mirror, *entries: Any) -> None:
    """What a user does, in November."""
    commit(mirror, ChangeSet(op_id=mint(), actor=ANA, at=1_793_700_000_000_000, entries=tuple(entries)))


def fields_of(made: Plan, sign: str = "~") -> dict[str, tuple[Any, Any]]:
    """Every field that the steps of a sign show: name -> (before, after)."""
    return {each.name: (each.before, each.after) for step in made.steps if step.sign == sign for each in step.fields}
