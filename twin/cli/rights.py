"""Commands about who may do what: ``twin grant``, ``twin fleet``, ``twin explain-access``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from twin.cli.options import DEFAULT_DATA, Data, Json
from twin.cli.output import Output
from twin.cli.parties import commit, known_party, known_target, opened
from twin.errors import InvalidValue
from twin.times import now, rfc3339, time_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.access.explaining import Chain
    from twin.access.giving import Party
    from twin.engine import Twin
    from twin.graph.model import Entity, Entry
    from twin.records import Records

__all__ = ["explain_access", "fleet", "grant"]

grant = typer.Typer(help="Roles: who may do what, on what, until when.", no_args_is_help=True)
fleet = typer.Typer(help="Fleets: sites and devices that are managed together.", no_args_is_help=True)

Who = Annotated[str, typer.Argument(metavar="WHO", help="E-mail address of a user, client:NAME or organisation:KEY.")]
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

    with opened(data) as (twin, records):
        party, target = known_party(twin, records, who), known_target(twin, path)
        end = None if until is None else time_of(until)
        if end is not None and end <= now():
            raise InvalidValue(f"{until} is over", code="grant.over", help="name a time that is still to come")
        entries = give(twin.mirror, twin.ontology, party, role, target, end)
        commit(twin, entries, f"give {party.kind}:{party.id} the role {role} on {target.path}", target)
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

    with opened(data) as (twin, records):
        party, target = known_party(twin, records, who), known_target(twin, path)
        summary = f"take from {party.kind}:{party.id} the role {role} on {target.path}"
        commit(twin, take(twin.mirror, party.id, role, target), summary, target)
    said = {"who": party.name, "role": role, "on": target.path}
    Output(json=json).result(said, f"{party.name} is {role} of {target.path} no more.")


@grant.command("list")
def list_(
    path: Annotated[str | None, typer.Argument(metavar="[PATH]", help="Only on this, and on what is below.")] = None,
    who: Annotated[
        str | None, typer.Option("--who", help="Only those of a user, client:NAME or organisation:KEY.")
    ] = None,
    data: Data = DEFAULT_DATA,
    *,
    json: Json = False,
) -> None:
    """List the roles that were given."""
    output = Output(json=json)
    with opened(data) as (twin, records):
        holder = None if who is None else known_party(twin, records, who).id
        below = None if path is None else known_target(twin, path).path
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

    with opened(data) as (twin, _):
        known = twin.mirror.by_path(f"fleet:{name}")
        made = entity_of(Party("fleet", name, name)) if known is None else known
        entries: list[Entry] = [Create(made)] if known is None else []
        for target in [known_target(twin, path) for path in paths or ()]:
            entries += manage(twin.mirror, made, target)
        commit(twin, entries, f"have {made.path} manage more")
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

    with opened(data) as (twin, _):
        found = known_target(twin, f"fleet:{name}")
        entries: list[Entry] = [
            Unlink(type=MANAGES, source=found.id, target=known_target(twin, path).id) for path in paths or ()
        ]
        commit(twin, entries or [Delete(id=found.id)], f"have {found.path} manage less")
        managed = _managed(twin, found) if paths else []
    text = "\n".join(managed) if paths else f"Removed {name}."
    Output(json=json).result({"fleet": name, "manages": managed}, text)


@fleet.command("list")
def list_fleets(data: Data = DEFAULT_DATA, *, json: Json = False) -> None:
    """List the fleets, and what they manage."""
    output = Output(json=json)
    with opened(data) as (twin, _):
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
    with opened(data) as (twin, records):
        party, target = known_party(twin, records, who), twin.find(path)
        chains = explain(twin.mirror, twin.ontology, party.id, target, now())
        chains = [*_registered(records, party, target), *chains]
        lacking = gifts(twin.mirror, twin.ontology, target, chains)
    taken = takings(chains)
    output.result(document(chains, taken, lacking), "\n".join(line(party.name, each) for each in chains))
    for each in lines(party.name, target.path, taken, lacking):
        output.note(each)


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


def _managed(twin: Twin, found: Entity) -> list[str]:
    from twin.graph.model import MANAGES

    targets = twin.mirror.leaving(found.id).items()
    managed = (twin.mirror.entities[target] for target, keys in targets if MANAGES in keys)
    return sorted(each.path for each in managed if each.kind != "asset")


def _rows(twin: Twin, holder: str | None, below: str | None) -> Iterator[dict[str, Any]]:
    from twin.access.grants import grants_of

    entities = twin.mirror.entities
    for each in list(entities.values()):
        if each.kind in {"user", "client", "organisation"} and holder in {None, each.id}:
            for given in grants_of(twin.mirror, each.id):
                if given.party != each.id:
                    continue
                path = entities[given.entity].path
                if below is None or f"{path}/".startswith(f"{below}/"):
                    who = each.title.get("") or each.key
                    yield {"who": who, "role": given.held.role, "on": path, "until": _time(given.held.until)}


def _time(at: int | None) -> str | None:
    return None if at is None else rfc3339(at)
