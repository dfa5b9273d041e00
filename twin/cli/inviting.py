"""Inviting people from the command line, as who runs the twin: ``twin user invite``, ``invitations``, ``uninvite``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from twin.cli.options import DEFAULT_DATA, Data, Json
from twin.cli.output import Output
from twin.cli.parties import known_target, opened, organisation
from twin.cli.users import LOCAL, Url
from twin.errors import InvalidValue
from twin.times import now, rfc3339, time_of

if TYPE_CHECKING:
    from twin.access.invitations import Invitation
    from twin.engine import Twin

__all__ = ["invitations", "invite", "uninvite"]


def invite(
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="E-mail address, with an account or without.")],
    role: Annotated[
        str, typer.Argument(metavar="ROLE", help="As the ontology names it, or a place to fill; or member, admin.")
    ],
    path: Annotated[
        str, typer.Argument(metavar="PATH", help="Path of what it is had on, fleet:NAME or organisation:KEY.")
    ],
    until: Annotated[
        str | None, typer.Option(metavar="TIME", help="When the role ends: 2026-11-27, 2026-11-27T18:00:00Z.")
    ] = None,
    days: Annotated[
        float | None, typer.Option("--days", help="How long it waits for an answer; 7 unless said.")
    ] = None,
    url: Url = LOCAL,
    data: Data = DEFAULT_DATA,
    *,
    json: Json = False,
) -> None:
    """Invite somebody into a role, and print the link by which they accept, this once. The twin sends no e-mail."""
    from twin.access.audit import Audit, Deed
    from twin.access.giving import known_role
    from twin.access.invitations import Invitations
    from twin.access.organising import checked_standing

    with opened(data) as (twin, records):
        end = None if until is None else time_of(until)
        if end is not None and end <= now():
            raise InvalidValue(f"{until} is over", code="grant.over", help="name a time that is still to come")
        if path.startswith("organisation:"):
            target = organisation(twin, path.partition(":")[2])
            made, secret = Invitations(records).make(
                email, "member", target.id, role=checked_standing(role), until=end, days=days
            )
        else:
            target = known_target(twin, path)
            named = known_role(twin.ontology.of(target.site), target.roles.get(role, role), target)
            made, secret = Invitations(records).make(email, "role", target.id, role=named.name, until=end, days=days)
        detail = f"a role {role} on {target.path} for {made.email}"
        deed = Deed(at=now(), action="invitation.make", entity=target.id, site=target.site, detail=detail)
        Audit(records).add([deed])
        row = _row(twin, made)
    link = f"{url.rstrip('/')}/account/invitation?link={secret}"
    output = Output(json=json)
    output.result({**row, "link": link}, link)
    output.note(f"Shown this once; it works until {row['expires']}, for {made.email} only. The twin sends no e-mail.")


def invitations(data: Data = DEFAULT_DATA, *, json: Json = False) -> None:
    """List the invitations that wait for an answer."""
    from twin.access.invitations import Invitations

    output = Output(json=json)
    with opened(data) as (twin, records):
        rows = [_row(twin, each) for each in Invitations(records).list()]
    lines = [f"{row['id']}  {row['email']:<32} {row['role'] or 'to take over':<20} {row['on']}" for row in rows]
    output.result(rows, "\n".join(lines))
    if not rows:
        output.note("No invitation waits: twin user invite EMAIL ROLE PATH makes one.")


def uninvite(
    invitation: Annotated[str, typer.Argument(metavar="ID", help="As twin user invitations lists it.")],
    data: Data = DEFAULT_DATA,
    *,
    json: Json = False,
) -> None:
    """Take an invitation back: its link works no more."""
    from twin.access.audit import Audit, Deed
    from twin.access.invitations import Invitations

    with opened(data) as (twin, records):
        ended = Invitations(records).revoke(invitation)
        row = _row(twin, ended)
        detail = f"{row['role'] or 'a site'} on {row['on']} for {ended.email}"
        Audit(records).add([Deed(at=now(), action="invitation.revoke", entity=ended.entity, detail=detail)])
    Output(json=json).result(row, f"{ended.email} is invited no more.")


def _row(twin: Twin, each: Invitation) -> dict[str, Any]:
    target = twin.mirror.get(each.entity)
    return {
        "id": each.id,
        "email": each.email,
        "what": each.what,
        "role": each.role.rpartition("/")[2],
        "on": each.entity if target is None else target.path,
        "until": None if each.until is None else rfc3339(each.until),
        "expires": rfc3339(each.expires),
    }
