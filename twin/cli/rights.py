"""Commands about who may do what: ``twin grant``, ``twin fleet``, ``twin explain-access``."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twin.cli.options import DEFAULT_DATA, Data, Json
from twin.cli.output import Output
from twin.errors import InvalidValue, NotFound
from twin.times import now, rfc3339, time_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from twin.access.explaining import Chain
    from twin.access.giving import Party
    from twin.engine import Twin
    from twin.graph.model import Entity, Entry
    from twin.records import Records

__all__ = ["explain_access", "fleet", "grant"]

grant = typer.Typer(help="Roles: who may do what, on what, until when.", no_args_is_help=True)
fleet = typer.Typer(help="Fleets: sites and devices that are managed together.", no_args_is_help=True)

Who = Annotated[str, typer.Argument(metavar="WHO", help="E-mail address of a user, or client:NAME.")]
Role = Annotated[str, typer.Argument(metavar="ROLE", help="As the ontology names it.")]
What = Annotated[str, typer.Argument(metavar="PATH", help="Path of what it is had on, or fleet:NAME.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the fleet: lowercase, digits, hyphens.")]


@grant.command("add")
def add(
    who: Who,
    role: Role,
    path: What,
    until: Annotated[
        str | None, typer.Option(metavar="TIME", help="When it ends: 2026-11-27, 2026-11-27T18:00:00Z.")
    ] = None,
    data: Data = DEFAULT_DATA,
    *,
    json: Json = False,
) -> None:
    """Give somebody a role; given again, it ends when the later command says."""
    from twin.access.giving import give

    with _opened(data) as (twin, records):
        party, target = _party(records, who), _target(twin, path)
        end = None if until is None else time_of(until)
        if end is not None and end <= now():
            raise InvalidValue(f"{until} is over", code="grant.over", help="name a time that is still to come")
        entries = give(twin.mirror, twin.ontology, party, role, target, end)
        _commit(twin, entries, f"give a role on {target.path}", target)
        named = twin.ontology.role(role)
        said = {
            "who": party.name,
            "role": role if named is None else named.name,
            "on": target.path,
            "until": _time(end),
        }
    ends = "" if end is None else f" until {said['until']}"
    Output(json=json).result(said, f"{party.name} is {role} of {target.path}{ends}.")


@grant.command("remove")
def remove(who: Who, role: Role, path: What, data: Data = DEFAULT_DATA, *, json: Json = False) -> None:
    """Take a role back: what it opened is closed at once."""
    from twin.access.giving import take

    with _opened(data) as (twin, records):
        party, target = _party(records, who), _target(twin, path)
        _commit(twin, take(twin.mirror, party.id, role, target), f"take a role back on {target.path}", target)
    said = {"who": party.name, "role": role, "on": target.path}
    Output(json=json).result(said, f"{party.name} is {role} of {target.path} no more.")


@grant.command("list")
def list_(
    path: Annotated[str | None, typer.Argument(metavar="[PATH]", help="Only on this, and on what is below.")] = None,
    who: Annotated[str | None, typer.Option("--who", help="Only those of a user, or of client:NAME.")] = None,
    data: Data = DEFAULT_DATA,
    *,
    json: Json = False,
) -> None:
    """List the roles that were given."""
    output = Output(json=json)
    with _opened(data) as (twin, records):
        holder = None if who is None else _party(records, who).id
        below = None if path is None else _target(twin, path).path
        rows = sorted(_rows(twin, holder, below), key=lambda row: (row["on"], row["who"], row["role"]))
    lines = [f"{row['on']:<40} {row['role']:<32} {row['who']:<28} {row['until'] or ''}" for row in rows]
    output.result(rows, "\n".join(map(str.rstrip, lines)))
    if not rows:
        output.note("No role was given there: twin grant add WHO ROLE PATH gives one.")


@fleet.command("add")
def add_to_fleet(
    name: Name,
    paths: Annotated[list[str] | None, typer.Argument(metavar="[PATH]…", help="Sites and devices.")] = None,
    data: Data = DEFAULT_DATA,
    *,
    json: Json = False,
) -> None:
    """Make a fleet, or have it manage more: who has a role on it has it on each of them."""
    from twin.access.giving import Party, entity_of, manage
    from twin.graph.model import Create

    with _opened(data) as (twin, _):
        known = twin.mirror.by_path(f"fleet:{name}")
        made = entity_of(Party("fleet", name, name)) if known is None else known
        entries: list[Entry] = [Create(made)] if known is None else []
        for target in [_target(twin, path) for path in paths or ()]:
            entries += manage(twin.mirror, made, target)
        _commit(twin, entries, f"have {made.path} manage more")
        managed = _managed(twin, made)
    Output(json=json).result({"fleet": name, "manages": managed}, "\n".join(managed) or f"{name} manages nothing yet.")


@fleet.command("remove")
def remove_from_fleet(
    name: Name,
    paths: Annotated[list[str] | None, typer.Argument(metavar="[PATH]…", help="Only these; none: the fleet.")] = None,
    data: Data = DEFAULT_DATA,
    *,
    json: Json = False,
) -> None:
    """Have a fleet manage something no more, or end it, with all roles on it."""
    from twin.graph.model import MANAGES, Delete, Unlink

    with _opened(data) as (twin, _):
        found = _target(twin, f"fleet:{name}")
        entries: list[Entry] = [
            Unlink(type=MANAGES, source=found.id, target=_target(twin, path).id) for path in paths or ()
        ]
        _commit(twin, entries or [Delete(id=found.id)], f"have {found.path} manage less")
        managed = _managed(twin, found) if paths else []
    text = "\n".join(managed) if paths else f"Removed {name}."
    Output(json=json).result({"fleet": name, "manages": managed}, text)


@fleet.command("list")
def list_fleets(data: Data = DEFAULT_DATA, *, json: Json = False) -> None:
    """List the fleets, and what they manage."""
    output = Output(json=json)
    with _opened(data) as (twin, _):
        fleets = sorted(
            (each for each in twin.mirror.entities.values() if each.kind == "fleet"), key=lambda each: each.key
        )
        rows = [{"fleet": each.key, "manages": _managed(twin, each)} for each in fleets]
    output.result(rows, "\n".join(f"{row['fleet']:<24} {' '.join(row['manages'])}".rstrip() for row in rows))
    if not rows:
        output.note("There is no fleet yet: twin fleet add NAME PATH… makes one.")


def explain_access(who: Who, path: What, data: Data = DEFAULT_DATA, *, json: Json = False) -> None:
    """Say why somebody may see or do something, or may not: every role, and how far it leads."""
    from twin.access.explaining import explain, gifts, takings
    from twin.cli.reasons import document, line, lines

    output = Output(json=json)
    with _opened(data) as (twin, records):
        party, target = _party(records, who), twin.find(path)
        chains = explain(twin.mirror, twin.ontology, party.id, target, now())
        chains = [*_registered(records, party, target), *chains]
        lacking = gifts(twin.mirror, twin.ontology, target, chains)
    taken = takings(chains)
    output.result(document(chains, taken, lacking), "\n".join(line(party.name, each) for each in chains))
    for each in lines(party.name, target.path, taken, lacking):
        output.note(each)


@contextmanager
def _opened(data: Path) -> Iterator[tuple[Twin, Records]]:
    from twin.engine import Twin
    from twin.engine.home import Home
    from twin.records import Records

    with Twin(data, create=False) as twin:
        records = Records(Home(data).records)
        try:
            yield twin, records
        finally:
            records.close()


def _party(records: Records, who: str) -> Party:
    """The user or the client that is meant."""
    from twin.access.clients import Clients
    from twin.access.giving import Party

    kind, _, name = who.rpartition(":")
    if kind == "client":
        for each in Clients(records).list():
            if name in {each.name, each.client_id}:
                return Party("client", each.client_id, each.name)
        raise NotFound(f"there is no client {name!r}", code="client.unknown", help="twin client list shows them")
    from twin.access.users import named

    with records.read() as session:
        user = named(session, who)
        return Party("user", user.id, user.name or user.email)


def _registered(records: Records, party: Party, target: Entity) -> list[Chain]:
    """What a client may do in its own name on the sites that it was registered for, whatever its roles."""
    from twin.access.clients import Clients
    from twin.access.explaining import Chain
    from twin.ontology.model import PERMISSIONS

    client = next((each for each in Clients(records).list() if each.client_id == party.id), None)
    if client is None or (client.sites is not None and target.site not in client.sites):
        return []
    site = target.path.partition("/")[0]
    return [Chain("its registration", site, (site, target.path), None, PERMISSIONS, "", "")]


def _target(twin: Twin, path: str) -> Entity:
    """What a role is had on: an entity, or a fleet."""
    if path.startswith("fleet:"):
        found = twin.mirror.by_path(path)
        if found is None:
            raise NotFound(f"there is no {path}", code="fleet.unknown", help="twin fleet list shows them")
        return found
    return twin.find(path)


def _commit(twin: Twin, entries: Sequence[Entry], summary: str, about: Entity | None = None) -> None:
    from twin.graph.model import Actor, ChangeSet
    from twin.ids import mint

    if entries:
        site = about.site or None if about is not None else None
        actor = Actor(twin.actor.name, "cli")
        made = ChangeSet(op_id=mint(), actor=actor, at=now(), entries=tuple(entries), summary=summary, site=site)
        twin.commit(made)


def _managed(twin: Twin, found: Entity) -> list[str]:
    from twin.graph.model import MANAGES

    targets = twin.mirror.leaving(found.id).items()
    managed = (twin.mirror.entities[target] for target, keys in targets if MANAGES in keys)
    return sorted(each.path for each in managed if each.kind != "asset")


def _rows(twin: Twin, holder: str | None, below: str | None) -> Iterator[dict[str, Any]]:
    from twin.access.grants import grants_of

    entities = twin.mirror.entities
    for each in list(entities.values()):
        if each.kind in {"user", "client"} and holder in {None, each.id}:
            for given in grants_of(twin.mirror, each.id):
                path = entities[given.entity].path
                if below is None or f"{path}/".startswith(f"{below}/"):
                    who = each.title.get("") or each.key
                    yield {"who": who, "role": given.held.role, "on": path, "until": _time(given.held.until)}


def _time(at: int | None) -> str | None:
    return None if at is None else rfc3339(at)
