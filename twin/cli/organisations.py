"""Commands for organisations: ``twin organisation add``, ``list``, ``join``, ``leave``, ``remove``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from twin.cli.options import DEFAULT_DATA, Data, Json
from twin.cli.output import Output
from twin.cli.parties import commit, known_party, opened
from twin.cli.parties import organisation as known
from twin.errors import Conflict, InvalidValue
from twin.times import rfc3339, time_of

if TYPE_CHECKING:
    from twin.engine import Twin
    from twin.graph.model import Entity

__all__ = ["organisation"]

organisation = typer.Typer(help="Organisations: people who have roles together.", no_args_is_help=True)

Key = Annotated[str, typer.Argument(metavar="KEY", help="Key of the organisation: lowercase, digits, hyphens.")]
Who = Annotated[str, typer.Argument(metavar="EMAIL", help="E-mail address (or id) of a user.")]


@organisation.command()
def add(
    key: Key,
    name: Annotated[str, typer.Option("--name", help="Name, for people.", show_default="the key")] = "",
    data: Data = DEFAULT_DATA,
    *,
    json: Json = False,
) -> None:
    """Make an organisation. twin grant add organisation:KEY ROLE PATH gives it a role."""
    from twin.access.organising import organisation_of
    from twin.graph.model import Create
    from twin.ids import mint

    with opened(data) as (twin, _):
        made = organisation_of(mint(), key, name or key)
        if twin.mirror.by_path(made.path) is not None:
            raise Conflict(
                f"there is an organisation {key} already", code="organisation.exists", help="choose another key"
            )
        commit(twin, [Create(made)], f"make the organisation {made.path}")
        row = _row(twin, twin.mirror.entities[made.id])
    output = Output(json=json)
    output.result(row, f"Made {key}.")
    output.note(f"Nobody is in it yet: twin organisation join {key} EMAIL --admin puts somebody in charge.")


@organisation.command()
def join(
    key: Key,
    email: Who,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="When it ends: 2026-11-27.")] = None,
    data: Data = DEFAULT_DATA,
    *,
    admin: Annotated[bool, typer.Option("--admin", help="They say who is in it.")] = False,
    json: Json = False,
) -> None:
    """Put a user into an organisation: they have its roles at once."""
    from twin.access.organising import join as joining

    with opened(data) as (twin, records):
        found, party = known(twin, key), known_party(twin, records, email)
        if party.kind != "user":
            raise InvalidValue(
                "only users are in organisations", code="member.kind", help="name the user by e-mail address"
            )
        standing = "admin" if admin else "member"
        end = None if until is None else time_of(until)
        entries = joining(twin.mirror, party, found, standing, end)
        commit(twin, entries, f"make user:{party.id} {standing} of {found.path}")
        row = _row(twin, found)
    Output(json=json).result(row, f"{party.name} is {standing} of {found.key}.")


@organisation.command()
def leave(key: Key, email: Who, data: Data = DEFAULT_DATA, *, json: Json = False) -> None:
    """Take a user out of an organisation: what they had through it is closed at once."""
    from twin.access.organising import part

    with opened(data) as (twin, records):
        found, party = known(twin, key), known_party(twin, records, email)
        commit(twin, part(twin.mirror, party.id, found), f"end the membership of user:{party.id} in {found.path}")
        row = _row(twin, found)
    Output(json=json).result(row, f"{party.name} is in {found.key} no more.")


@organisation.command()
def remove(key: Key, data: Data = DEFAULT_DATA, *, json: Json = False) -> None:
    """End an organisation, with all its roles."""
    from twin.graph.model import Delete

    with opened(data) as (twin, _):
        found = known(twin, key)
        row = _row(twin, found)
        commit(twin, [Delete(id=found.id)], f"end the organisation {found.path}")
    Output(json=json).result(row, f"Removed {found.key}.")


@organisation.command("list")
def list_(data: Data = DEFAULT_DATA, *, json: Json = False) -> None:
    """List the organisations, and who is in them."""
    output = Output(json=json)
    with opened(data) as (twin, _):
        entities = twin.mirror.entities
        found = [entities[each] for each in twin.mirror.parties if entities[each].kind == "organisation"]
        rows = [_row(twin, each) for each in sorted(found, key=lambda each: each.key)]
    lines = []
    for row in rows:
        people = ", ".join(f"{each['name']} ({each['standing']})" for each in row["members"])
        lines.append(f"{row['key']:<28} {row['name']:<24} {people}".rstrip())
    output.result(rows, "\n".join(lines))
    if not rows:
        output.note("There is no organisation yet: twin organisation add KEY makes one.")


def _row(twin: Twin, found: Entity) -> dict[str, Any]:
    from twin.graph.model import MEMBER_OF

    coming = twin.mirror.edges(found, "IN")
    members = [
        {
            "id": source,
            "name": twin.mirror.entities[source].title.get("", source),
            "standing": held.role,
            "until": None if held.until is None else rfc3339(held.until),
        }
        for source, edges in coming.items()
        for held in edges.get(MEMBER_OF, {}).get("roles", ())
    ]
    return {
        "key": found.key,
        "id": found.id,
        "name": found.title.get("", found.key),
        "members": sorted(members, key=lambda each: each["name"]),
    }
