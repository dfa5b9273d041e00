"""Commands for the keys that sign tokens: ``twin keys list``, ``rotate``."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from twin.cli.options import DEFAULT_DATA, Data, Json
from twin.cli.output import Output

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from twin.records import Records

__all__ = ["keys"]

keys = typer.Typer(help="The keys that sign tokens.", no_args_is_help=True)


@keys.command("list")
def list_(data: Data = DEFAULT_DATA, *, json: Json = False) -> None:
    """List the keys: the one that signs, the one that will, and those whose tokens have not expired."""
    from twin.access.keys import Keys
    from twin.times import rfc3339

    with _records(data) as (records, earlier):
        found = Keys(records, earlier=earlier).list()
    rows = [
        {
            "kid": each.kid,
            "state": each.state,
            "created": rfc3339(each.created),
            "until": rfc3339(each.until) if each.until else None,
        }
        for each in found
    ]
    lines = [
        f"{row['kid']}  {row['state']:<8} {row['created']}" + (f" until {row['until']}" if row["until"] else "")
        for row in rows
    ]
    Output(json=json).result(rows, "\n".join(lines))


@keys.command()
def rotate(
    data: Data = DEFAULT_DATA,
    keep: Annotated[
        int, typer.Option("--keep", metavar="SECONDS", min=0, help="How long tokens that were signed before pass.")
    ] = 660,
    *,
    now: Annotated[bool, typer.Option("--now", help="Even if verifiers may not know the next key yet.")] = False,
    revoke: Annotated[
        bool, typer.Option("--revoke", help="End every token that was signed before: the keys may have been seen.")
    ] = False,
    json: Json = False,
) -> None:
    """Sign with the next key from now on, and publish one to follow it; no token fails by that."""
    from twin.access.ending import rotate_keys
    from twin.access.keys import Keys

    output = Output(json=json)
    with _records(data) as (records, earlier):
        if revoke:
            signing = rotate_keys(records, earlier=earlier)
        else:
            signing = Keys(records, earlier=earlier).rotate(keep=keep, at_once=now)
    output.result({"kid": signing, "revoked": revoke}, f"{signing} signs now.")
    output.note(
        "Every token that was signed before has ended."
        if revoke
        else "Tokens that were signed before pass until they expire."
    )


@contextmanager
def _records(data: Path) -> Iterator[tuple[Records, Path]]:
    """The records, and where earlier versions kept their key."""
    from twin.engine.home import Home
    from twin.records import Records

    home = Home(data, create=False)
    records = Records(home.records)
    try:
        yield records, home.keys
    finally:
        records.close()
