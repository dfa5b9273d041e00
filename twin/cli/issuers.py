"""Commands about external issuers: ``twin issuer list``, ``link``, ``unlink``."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from twin.cli.options import DEFAULT_DATA, Data, Json
from twin.cli.output import Output
from twin.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from twin.access.authority import Authority
    from twin.access.issuers.configured import Issuer
    from twin.access.issuers.identities import Kind

__all__ = ["issuer"]

issuer = typer.Typer(help="External issuers: whom their tokens are about here.", no_args_is_help=True)

File = Annotated[
    str,
    typer.Option(
        "--issuers",
        envvar="TWIN_ISSUERS",
        metavar="FILE",
        help="The file that names the issuers.",
        show_default="issuers.toml in the directory",
    ),
]
Name = Annotated[str, typer.Argument(metavar="ISSUER", help="What the file calls it.")]
Subject = Annotated[str, typer.Argument(metavar="SUBJECT", help="Number of the subject there: sub, or oid of Entra.")]
_CLIENT = "client:"


@issuer.command("list")
def list_(file: File = "", data: Data = DEFAULT_DATA, *, json: Json = False) -> None:
    """List the issuers, and who is known by their tokens."""
    with _opened(data, file) as (authority, issuers):
        users = {each.id: each.email for each in authority.users.list()}
        clients = {each.client_id: f"{_CLIENT}{each.name}" for each in authority.clients.list()}
        names = {each.issuer: each.name for each in issuers}
        links = [
            {
                "issuer": names.get(each.issuer, each.issuer),
                "subject": each.subject,
                "who": {**users, **clients}.get(each.holder, each.holder),
            }
            for each in authority.identities.list()
        ]
    listed = [{"name": each.name, "issuer": each.issuer, "audience": sorted(each.audiences)} for each in issuers]
    lines = [f"{each.name:<16} {each.issuer}  for {', '.join(sorted(each.audiences))}" for each in issuers]
    lines += [f"{row['issuer']:<16} {row['subject']:<40} {row['who']}" for row in links]
    output = Output(json=json)
    output.result({"issuers": listed, "links": links}, "\n".join(lines))
    if not issuers:
        output.note("There is no external issuer: name some in issuers.toml in the directory, or in TWIN_ISSUERS.")


@issuer.command()
def link(
    name: Name,
    subject: Subject,
    who: Annotated[str, typer.Argument(metavar="WHO", help="E-mail address of a user, or client:NAME.")],
    file: File = "",
    data: Data = DEFAULT_DATA,
    *,
    json: Json = False,
) -> None:
    """Have a subject of an issuer be a user, or a client that acts in its own name."""
    with _opened(data, file) as (authority, issuers):
        found = _named(issuers, name)
        kind: Kind = "client" if who.startswith(_CLIENT) else "user"
        made = authority.identities.link(found.issuer, subject, kind, who.removeprefix(_CLIENT))
        _note(authority, "identity.link", made.holder, f"{subject} of {found.issuer}")
    said = {"issuer": found.name, "subject": subject, "who": who}
    Output(json=json).result(said, f"{subject} of {found.name} is {who} from now on.")


@issuer.command()
def unlink(name: Name, subject: Subject, file: File = "", data: Data = DEFAULT_DATA, *, json: Json = False) -> None:
    """End that at once: tokens and connections with it."""
    with _opened(data, file) as (authority, issuers):
        url = next((each.issuer for each in issuers if each.name == name), name)
        holder = authority.identities.unlink(url, subject)
        _note(authority, "identity.unlink", holder, f"{subject} of {url}")
    Output(json=json).result({"issuer": name, "subject": subject}, f"{subject} of {name} is nobody here any more.")


@contextmanager
def _opened(data: Path, file: str) -> Iterator[tuple[Authority, tuple[Issuer, ...]]]:
    from twin.access.authority import Authority
    from twin.access.issuers.configured import configured
    from twin.engine.home import Home
    from twin.records import Records

    records = Records(Home(data, create=False).records)
    try:
        yield Authority(records, "", sites_of=lambda _: frozenset()), configured(file, data)
    finally:
        records.close()


def _named(issuers: tuple[Issuer, ...], name: str) -> Issuer:
    for each in issuers:
        if each.name == name:
            return each
    known = ", ".join(each.name for each in issuers) or "none: name some in issuers.toml"
    raise NotFound(f"there is no issuer {name!r}", code="issuer.unknown", help=f"issuers: {known}")


def _note(authority: Authority, action: str, user: str, detail: str) -> None:
    from twin.access.audit import Deed, address
    from twin.times import now

    authority.audit.add(
        [Deed(at=now(), action=action, result="ok", user=user, client="", address=address(), detail=detail)]
    )
