"""Commands for the people who sign in: ``twin user add``, ``link``, ``list``, ``disable``, ``enable``, ``remove``."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twin.cli.options import DEFAULT_DATA, Data, Json
from twin.cli.output import Output
from twin.cli.parties import commit, opened

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from twin.access.authority import Authority
    from twin.access.users import User

__all__ = ["LOCAL", "Url", "user"]

user = typer.Typer(help="Users: people who sign in, and let apps act for them.", no_args_is_help=True)

Who = Annotated[str, typer.Argument(metavar="EMAIL", help="E-mail address (or id) of the user.")]
Url = Annotated[
    str,
    typer.Option("--url", metavar="URL", envvar=["TWIN_ACCOUNT_URL", "TWIN_PUBLIC_URL"], help="Where people sign in."),
]
LOCAL = "http://127.0.0.1:8080"


@user.command()
def add(
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="E-mail address, by which they sign in.")],
    name: Annotated[str, typer.Option("--name", help="Name, for people.", show_default="the address")] = "",
    url: Url = LOCAL,
    data: Data = DEFAULT_DATA,
    *,
    json: Json = False,
) -> None:
    """Add a user, and print the link by which they choose a password. Nobody else ever knows it."""
    with _opened(data) as authority:
        added, link = authority.users.add(email, name)
    output = Output(json=json)
    _print_link(output, added, link, url)
    output.note(f"They may do nothing yet: twin grant add {added.email} ROLE PATH gives them a role.")


@user.command()
def link(email: Who, url: Url = LOCAL, data: Data = DEFAULT_DATA, *, json: Json = False) -> None:
    """Print a new link for a user to choose a password by; earlier links end."""
    with _opened(data) as authority:
        found, secret = authority.users.link(email)
    _print_link(Output(json=json), found, secret, url)


@user.command("list")
def list_(data: Data = DEFAULT_DATA, *, json: Json = False) -> None:
    """List the users."""
    output = Output(json=json)
    with _opened(data) as authority:
        rows = [_row(each) for each in authority.users.list()]
    output.result(rows, "\n".join(f"{row['email']:<32} {row['id']}  {row['state']:<8} {row['name']}" for row in rows))
    if not rows:
        output.note("There is no user yet: twin user add EMAIL makes one.")


@user.command()
def disable(email: Who, data: Data = DEFAULT_DATA, *, json: Json = False) -> None:
    """Keep a user out at once, everywhere, and end all that they let apps do."""
    with _opened(data) as authority:
        found = authority.disable_user(email, disabled=True)
    Output(json=json).result(_row(found), f"{found.email} is out.")


@user.command()
def enable(email: Who, data: Data = DEFAULT_DATA, *, json: Json = False) -> None:
    """Let a user in again who was disabled."""
    with _opened(data) as authority:
        found = authority.disable_user(email, disabled=False)
    Output(json=json).result(_row(found), f"{found.email} may sign in again.")


@user.command()
def remove(email: Who, data: Data = DEFAULT_DATA, *, json: Json = False) -> None:
    """End a user, their roles, their sessions and all that they let apps do."""
    from twin.graph.model import Delete

    with _opened(data) as authority:
        removed = authority.remove_user(email)
    with opened(data) as (twin, _):
        if removed.id in twin.mirror.entities:
            commit(twin, [Delete(id=removed.id)], f"remove user:{removed.id}, with all roles")
    Output(json=json).result(_row(removed), f"Removed {removed.email}.")


@contextmanager
def _opened(data: Path) -> Iterator[Authority]:
    from twin.access.authority import Authority
    from twin.engine.home import Home
    from twin.records import Records

    home = Home(data, create=False)
    records = Records(home.records)
    try:
        yield Authority(records, "", sites_of=lambda _: frozenset(), earlier_keys=home.keys)
    finally:
        records.close()


def _row(each: User) -> dict[str, Any]:
    state = "disabled" if each.disabled else "ready" if each.ready else "invited"
    return {"id": each.id, "email": each.email, "name": each.name, "state": state}


def _print_link(output: Output, found: User, secret: str, url: str) -> None:
    address = f"{url.rstrip('/')}/account/password?link={secret}"
    output.result({**_row(found), "link": address}, address)
    output.note("The link works once, for two days: give it to nobody but them.")
