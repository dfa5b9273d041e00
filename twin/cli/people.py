"""Commands for people and apps: OAuth2 clients."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twin.access.principals import SCOPES
from twin.cli.options import DEFAULT_DATA, Data, Json, known_site
from twin.cli.output import Output
from twin.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from twin.access.clients import Client, Clients
    from twin.engine import Twin

__all__ = ["client"]

client = typer.Typer(help="OAuth2 clients: programs that read or feed the twin.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name (or id) of the client.")]


@client.command()
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name for people, not used yet.")],
    scope: Annotated[list[str], typer.Option("--scope", help=f"What it may do: {', '.join(SCOPES)}; repeatable.")],
    site: Annotated[list[str], typer.Option("--site", metavar="KEY", help="A site it may touch; repeatable.")] = [],
    data: Data = DEFAULT_DATA,
    *,
    all_sites: Annotated[bool, typer.Option("--all-sites", help="Every site there is and will be.")] = False,
    json: Json = False,
) -> None:
    """Register a client and print its secret, this once."""
    output = Output(json=json)
    if all_sites == bool(site):
        raise InvalidValue(
            "say which sites the client may touch", code="client.sites", help="--site KEY (repeatable), or --all-sites"
        )
    scopes = [word for given in scope for word in given.replace(",", " ").split()]
    with _opened(data) as (twin, clients):
        sites = None if all_sites else [known_site(twin, key).id for key in site]
        client_id, secret = clients.add(name, scopes, sites)
    _print_secret(output, name, client_id, secret)


@client.command()
def rotate(name: Name, data: Data = DEFAULT_DATA, *, json: Json = False) -> None:
    """Give a client a new secret; the old one and its tokens end at once."""
    output = Output(json=json)
    with _opened(data) as (_, clients):
        client_id, secret = clients.rotate(name)
    _print_secret(output, name, client_id, secret)


@client.command("list")
def list_(data: Data = DEFAULT_DATA, *, json: Json = False) -> None:
    """List the clients, what they may do and where."""
    output = Output(json=json)
    with _opened(data) as (twin, clients):
        rows = [_row(twin, each) for each in clients.list()]
    lines = [
        f"{row['name']:<24} {row['client_id']}  {row['scope']:<40} {' '.join(row['sites'] or ['*'])}" for row in rows
    ]
    output.result(rows, "\n".join(lines))
    if not rows:
        output.note("There is no client yet: twin client add NAME --scope twin:read --site KEY makes one.")


@client.command()
def remove(name: Name, data: Data = DEFAULT_DATA, *, json: Json = False) -> None:
    """End a client, its tokens and its connections."""
    output = Output(json=json)
    with _opened(data) as (_, clients):
        removed = clients.remove(name)
    output.result({"client_id": removed.client_id, "name": removed.name}, f"Removed {removed.name}.")


@contextmanager
def _opened(data: Path) -> Iterator[tuple[Twin, Clients]]:
    from twin.access.clients import Clients
    from twin.engine import Twin
    from twin.engine.home import Home
    from twin.records import Records

    with Twin(data, create=False) as twin:
        records = Records(Home(data).records)
        try:
            yield twin, Clients(records)
        finally:
            records.close()


def _row(twin: Twin, each: Client) -> dict[str, Any]:
    sites = None
    if each.sites is not None:
        known = [twin.mirror.get(site) for site in sorted(each.sites)]
        sites = sorted(site.key for site in known if site is not None)
    return {"name": each.name, "client_id": each.client_id, "scope": " ".join(sorted(each.scopes)), "sites": sites}


def _print_secret(output: Output, name: str, client_id: str, secret: str) -> None:
    text = f"client_id     {client_id}\nclient_secret {secret}"
    output.result({"name": name, "client_id": client_id, "client_secret": secret}, text)
    output.note("The secret is shown this once; twin client rotate makes a new one.")
