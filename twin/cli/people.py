"""Commands for people and apps: OAuth2 clients."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer

from twin.access.principals import IDENTITY_SCOPES, SCOPES
from twin.cli.options import DEFAULT_DATA, Data, Json, known_site
from twin.cli.output import Output
from twin.cli.parties import commit
from twin.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.access.applications import Application, Proof
    from twin.access.clients import Client, Clients
    from twin.engine import Twin

__all__ = ["client"]

client = typer.Typer(help="OAuth2 clients: programs that read or feed the twin.", no_args_is_help=True)

_DAY = 86_400

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name (or id) of the client.")]


@client.command()
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name for people, not used yet.")],
    scope: Annotated[
        list[str], typer.Option("--scope", help=f"What it may do: {', '.join([*SCOPES, *IDENTITY_SCOPES])}.")
    ],
    site: Annotated[list[str], typer.Option("--site", metavar="KEY", help="A site it may touch; repeatable.")] = [],
    redirect_uri: Annotated[
        list[str],
        typer.Option("--redirect-uri", metavar="URI", help="Users sign in with it, and answers go there; repeatable."),
    ] = [],
    keys: Annotated[
        Path | None, typer.Option("--keys", metavar="FILE", help="JWK set of its public keys, instead of a secret.")
    ] = None,
    data: Data = DEFAULT_DATA,
    *,
    public: Annotated[
        bool, typer.Option("--public", help="It can keep no secret: an app on somebody's device.")
    ] = False,
    device: Annotated[bool, typer.Option("--device", help="It has no browser: users let it in with theirs.")] = False,
    all_sites: Annotated[bool, typer.Option("--all-sites", help="Every site there is and will be.")] = False,
    json: Json = False,
) -> None:
    """Register a client and print its secret, this once. Users pick the sites of an app that acts for them."""
    output = Output(json=json)
    application = _application(name, redirect_uri, keys, public=public, device=device)
    if (all_sites and site) or not (all_sites or site or application.acts_for_users):
        raise InvalidValue(
            "say which sites the client may touch", code="client.sites", help="--site KEY (repeatable), or --all-sites"
        )
    with _opened(data) as (twin, clients):
        sites = [known_site(twin, key).id for key in site] or None
        client_id, secret = clients.add(name, _words(scope), sites, application)
    _print_secret(output, name, client_id, secret)


@client.command()
def invite(
    scope: Annotated[list[str], typer.Option("--scope", help="What programs may ask for; repeatable.")],
    uses: Annotated[int, typer.Option("--uses", min=1, help="How many programs may register with it.")] = 1,
    days: Annotated[int, typer.Option("--days", min=1, help="How long it works.")] = 7,
    data: Data = DEFAULT_DATA,
    *,
    json: Json = False,
) -> None:
    """Print an initial access token: with it, a program registers itself as a client at /oauth/register."""
    from twin.access.registering import InitialTokens
    from twin.engine.home import Home
    from twin.records import Records

    records = Records(Home(data, create=False).records)
    try:
        token = InitialTokens(records).make(_words(scope), uses=uses, seconds=days * _DAY)
    finally:
        records.close()
    output = Output(json=json)
    output.result({"initial_access_token": token, "uses": uses, "days": days}, token)
    output.note("Send it as: Authorization: Bearer TOKEN. It is shown this once.")


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
    """End a client, its roles, its tokens and its connections."""
    from twin.graph.model import Delete

    output = Output(json=json)
    with _opened(data) as (twin, clients):
        removed = clients.remove(name)
        if removed.client_id in twin.mirror.entities:
            commit(twin, [Delete(id=removed.client_id)], f"remove client:{removed.client_id}, with all roles")
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
    if not secret:
        output.result({"name": name, "client_id": client_id}, f"client_id     {client_id}")
        return
    text = f"client_id     {client_id}\nclient_secret {secret}"
    output.result({"name": name, "client_id": client_id, "client_secret": secret}, text)
    output.note("The secret is shown this once; twin client rotate makes a new one.")


def _words(given: list[str]) -> list[str]:
    return [word for each in given for word in each.replace(",", " ").split()]


def _application(name: str, uris: list[str], keys: Path | None, *, public: bool, device: bool) -> Application:
    """What the options make of a client: without any, a machine with a secret.

    Raises:
        InvalidValue: they contradict each other, or an address or a key cannot be used.
    """
    from twin.access.applications import CODE, DEVICE, MACHINE, REFRESH, Application, checked_keys, checked_redirect

    if public and (keys is not None or not (uris or device)):
        raise InvalidValue(
            "a client that can keep no secret acts for users only, and has no keys",
            code="client.public",
            help="--public goes with --redirect-uri URI or --device, and without --keys",
        )
    proof: Proof = "none" if public else "secret" if keys is None else "key"
    found = checked_keys(_read(keys)) if keys is not None else None
    grants = ({CODE} if uris else set()) | ({DEVICE} if device else set())
    return Application(
        title=name,
        proof=proof,
        grants=frozenset(grants | {REFRESH} if grants else {MACHINE}),
        redirect_uris=tuple(checked_redirect(uri, proof) for uri in uris),
        keys=found,
    )


def _read(file: Path) -> Any:
    try:
        return orjson.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise InvalidValue(
            f"{file} is no JSON that can be read",
            code="client.keys",
            help='write {"keys": [ … ]} with the public halves only',
        ) from error
