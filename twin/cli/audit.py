"""The command of the audit: ``twin audit``."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import orjson
import typer

from twin.cli.options import DEFAULT_DATA, Data, Json
from twin.cli.output import Output
from twin.times import rfc3339, time_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from twin.access.audit import Audit, Record
    from twin.engine import Twin

__all__ = ["audit"]

Moment = Annotated[str | None, typer.Option(metavar="TIME", help="A time: 2026-11-23, 2026-11-23T14:03:49Z.")]


def audit(
    path: Annotated[str | None, typer.Argument(metavar="[PATH]", help="Only what is about this entity.")] = None,
    since: Moment = None,
    until: Moment = None,
    action: Annotated[str, typer.Option(help="Only this action, or all of a kind: token, request, graph.")] = "",
    user: Annotated[str, typer.Option(help="Only what this user did, or was refused.")] = "",
    client: Annotated[str, typer.Option(help="Only what was done through this client.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest.")] = 50,
    data: Data = DEFAULT_DATA,
    *,
    refused: Annotated[bool, typer.Option("--refused", help="Only what was refused.")] = False,
    export: Annotated[
        bool, typer.Option("--export", help="All of it, the oldest first, one JSON object a line.")
    ] = False,
    verify: Annotated[bool, typer.Option("--verify", help="Check that no record was changed or taken away.")] = False,
    json: Json = False,
) -> None:
    """Print who did what, to which entity, when, from where, with what result; sign-ins and refusals included."""
    from twin.access.audit import Filter
    from twin.engine.authors import names_in
    from twin.engine.home import Home

    output = Output(json=json)
    with _opened(data) as (kept, twin):
        if verify:
            _verify(output, kept)
            return
        wanted = Filter(
            since=None if since is None else time_of(since),
            until=None if until is None else time_of(until),
            action=action,
            user=user,
            client=client,
            entity="" if path is None else twin.find(path).id,
            refused=True if refused else None,
        )
        row = _rows(twin, names_in(Home(data).records))
        if export:
            for record in kept.export(wanted):
                typer.echo(orjson.dumps(row(record)))
            return
        found = [row(record) for record in reversed(kept.list(wanted, limit=limit))]
    output.result(found, "\n".join(map(_line, found)) or "Nothing was done, and nothing refused.")


def _verify(output: Output, kept: Audit) -> None:
    broken = kept.verify()
    first = kept.since()
    if broken is None:
        older = f" The {first - 1} before were forgotten." if first > 1 else ""
        told = f"Every record is as it was written, and none is missing before the last.{older}"
        output.result({"broken": None, "first": first}, told)
        return
    output.result(
        {"broken": broken, "first": first},
        f"Record {broken} is not as it was written, or records before it are missing.",
    )
    raise typer.Exit(1)


def _rows(twin: Twin, names: Callable[[str], str]) -> Callable[[Record], dict[str, Any]]:
    """How a record is told: with the path of what it is about, where that is still there."""

    def row(record: Record) -> dict[str, Any]:
        deed = record.deed
        entity = twin.mirror.get(deed.entity)
        return {
            "id": record.id,
            **msgspec.structs.asdict(deed),
            "at": rfc3339(deed.at),
            "user": names(deed.user),
            "client": names(deed.client),
            "path": None if entity is None else entity.path,
            "digest": record.digest,
        }

    return row


def _line(row: dict[str, Any]) -> str:
    who = "/".join(part for part in (row["user"], row["client"]) if part) or "-"
    times = f"({row['times']} times)" if row["times"] > 1 else ""
    told = (who, row["path"] or row["entity"], row["detail"], times, row["address"])
    return "  ".join((f"{row['at']}  {row['result']:<16} {row['action']:<16}", *filter(None, told)))


@contextmanager
def _opened(data: Path) -> Iterator[tuple[Audit, Twin]]:
    from twin.access.audit import Audit
    from twin.engine import Twin
    from twin.engine.home import Home
    from twin.records import Records

    with Twin(data, create=False) as twin:
        records = Records(Home(data).records)
        try:
            yield Audit(records), twin
        finally:
            records.close()
