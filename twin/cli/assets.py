"""Commands for declared gateways and devices: ``twin asset import``, ``list``, ``show``, ``claim``, ``replace`` …

Whoever may run them runs the twin: they need no claim code.
"""

from __future__ import annotations

import csv
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twin.cli.options import DEFAULT_DATA, Data, Json
from twin.cli.output import Output
from twin.errors import Conflict, InvalidValue, NotFound

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from twin.access.assets import ClaimCode
    from twin.engine import Twin
    from twin.graph.model import Entity, Entry
    from twin.records import Records

__all__ = ["asset"]

asset = typer.Typer(help="Assets: gateways and devices that were declared, by serial number.", no_args_is_help=True)

Serial = Annotated[str, typer.Argument(metavar="SERIAL", help="Serial of the asset, FLEET/SERIAL, or its id.")]


@asset.command("import")
def import_(
    table: Annotated[Path, typer.Argument(metavar="FILE", help="CSV: serial, type, model, vendor, fleet, claim_code.")],
    codes: Annotated[
        Path | None, typer.Option("--codes", metavar="FILE", help="Write the claim codes that are drawn into this CSV.")
    ] = None,
    data: Data = DEFAULT_DATA,
    *,
    new_codes: Annotated[
        bool, typer.Option("--new-codes", help="Draw a code for every row without one, in place of what it had.")
    ] = False,
    json: Json = False,
) -> None:
    """Declare all assets of a table, or none. Claim codes are drawn where there are none, and shown this once."""
    from twin.access.assets import Assets, ClaimCode
    from twin.access.declaring import asset_in
    from twin.engine.stock import COLUMNS, batches, read_assets
    from twin.source import Diagnostics, Source

    output, report = Output(json=json), Diagnostics()
    with _opened(data) as (twin, records):
        source = output.sources[str(table)] = Source.decode(str(table), _bytes(table))
        rows, ignored = read_assets(source, report, twin.mirror, twin.ontology)
        report.raise_if_errors()
        if ignored:
            output.note(f"Left alone: {', '.join(ignored)}. The columns are {', '.join(COLUMNS)}.")
        with _labels(codes) as write:
            known = {row.said.serial for row in rows if asset_in(twin.mirror, row.said.serial, row.said.fleet)}
            for entries in batches(rows):
                _commit(twin, entries, f"declare assets of {table.name}")
            found = [asset_in(twin.mirror, row.said.serial, row.said.fleet) for row in rows]
            given = [
                ClaimCode(each.id, each.key, row.code)
                for row, each in zip(rows, found, strict=True)
                if each is not None
            ]
            drawn = Assets(records).complete(given, renew=new_codes)
            write(drawn)
    new, changed = (
        sum(1 for row in rows if row.entries and (row.said.serial in known) is old) for old in (False, True)
    )
    said = {"assets": len(rows), "new": new, "changed": changed}
    shown = [] if codes is not None else drawn
    text = f"{len(rows)} assets: {new} new, {changed} changed, {len(rows) - new - changed} as before."
    output.result(
        {**said, "codes": [{"serial": each.serial, "claim_code": each.code} for each in shown]},
        "\n".join([*(f"{each.serial:<32} {each.code}" for each in shown), text]),
    )
    if drawn:
        where = f"are in {codes}" if codes is not None else "are shown this once"
        output.note(f"{len(drawn)} claim codes were drawn, and {where}: only digests of them are kept.")


@asset.command("list")
def list_(
    fleet: Annotated[str | None, typer.Option("--fleet", metavar="NAME", help="Only those it owns.")] = None,
    state: Annotated[str | None, typer.Option("--state", help="Only these: declared, claimed or blocked.")] = None,
    data: Data = DEFAULT_DATA,
    *,
    json: Json = False,
) -> None:
    """List the assets."""
    output = Output(json=json)
    with _opened(data) as (twin, _):
        found = sorted((twin.mirror.entities[each] for each in twin.mirror.declared), key=lambda each: each.path)
        rows = [_row(twin, each) for each in found]
    rows = [row for row in rows if fleet in {None, row["fleet"]} and state in {None, row["state"]}]
    output.result(rows, "\n".join(map(_line, rows)))
    if not rows:
        output.note("There is no such asset: twin asset import FILE declares some.")


@asset.command()
def show(serial: Serial, data: Data = DEFAULT_DATA, *, json: Json = False) -> None:
    """Show an asset: what it is, whose, and where."""
    with _opened(data) as (twin, _):
        row = _row(twin, _named(twin, serial))
    Output(json=json).result(row, "\n".join(f"{name:<8} {value}" for name, value in row.items() if value))


@asset.command()
def claim(
    serial: Serial,
    path: Annotated[
        str | None,
        typer.Argument(
            metavar="[PATH]", help="The gateway or device that it is; none: what was built with its serial."
        ),
    ] = None,
    data: Data = DEFAULT_DATA,
    *,
    json: Json = False,
) -> None:
    """Have an asset be a gateway or device of a site."""
    from twin.access import declaring

    with _opened(data) as (twin, _):
        found = _named(twin, serial)
        place = declaring.named_place(twin.mirror, found) if path is None else twin.find(path)
        if place is None:
            raise InvalidValue(
                f"it is not said what {found.key} is, and not one place waits for that serial",
                code="place.unclear",
                help="name the gateway or device: twin asset claim SERIAL PATH",
            )
        entries = declaring.claim(twin.mirror, twin.ontology, found, place)
        _commit(twin, entries, f"claim {found.key} as {place.path}", place)
        row = _row(twin, found)
    Output(json=json).result(row, f"{row['serial']} is {row['place']}.")


@asset.command()
def release(serial: Serial, data: Data = DEFAULT_DATA, *, json: Json = False) -> None:
    """Have an asset be nothing: its client ends at once, and its claim code claims it again."""
    from twin.access import declaring

    with _opened(data) as (twin, records):
        found = _named(twin, serial)
        place = declaring.place_of(twin.mirror, found)
        _commit(twin, declaring.release(twin.mirror, found), f"release {found.key}", place)
        _end(records, found)
        row = _row(twin, found)
    Output(json=json).result(row, f"{row['serial']} has no place.")


@asset.command()
def replace(
    old: Annotated[str, typer.Argument(metavar="OLD", help="Serial of the asset that goes.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="Serial of the asset that takes its place.")],
    data: Data = DEFAULT_DATA,
    *,
    json: Json = False,
) -> None:
    """Have a new box take the place of an old one, with all history and rights; the old one's client ends at once."""
    from twin.access import declaring

    with _opened(data) as (twin, records):
        before, after = _named(twin, old), _named(twin, new)
        place = declaring.place_of(twin.mirror, before)
        entries = declaring.replace(twin.mirror, twin.ontology, before, after)
        _commit(twin, entries, f"replace {before.key} by {after.key}", place)
        if before.id != after.id:
            _end(records, before)
        row = _row(twin, after)
    Output(json=json).result(row, f"{row['serial']} is {row['place']}.")


@asset.command()
def block(serial: Serial, data: Data = DEFAULT_DATA, *, json: Json = False) -> None:
    """Keep an asset out: its connections are cut, and it gets no token."""
    _block(serial, data, Output(json=json), blocked=True)


@asset.command()
def unblock(serial: Serial, data: Data = DEFAULT_DATA, *, json: Json = False) -> None:
    """Let an asset in again."""
    _block(serial, data, Output(json=json), blocked=False)


@asset.command()
def remove(serial: Serial, data: Data = DEFAULT_DATA, *, json: Json = False) -> None:
    """Declare an asset no more; one that has a place is released first."""
    from twin.access import declaring
    from twin.access.assets import Assets

    with _opened(data) as (twin, records):
        found = _named(twin, serial)
        _commit(twin, declaring.remove(twin.mirror, found), f"remove {found.key}")
        Assets(records).forget([found.id])
        _end(records, found)
    Output(json=json).result({"serial": found.key}, f"Removed {found.key}.")


def _block(serial: str, data: Path, output: Output, *, blocked: bool) -> None:
    from twin.access import declaring

    with _opened(data) as (twin, _):
        found = _named(twin, serial)
        said = f"{'block' if blocked else 'unblock'} {found.key}"
        _commit(twin, declaring.block(found, blocked=blocked), said, declaring.place_of(twin.mirror, found))
        row = _row(twin, twin.mirror.entities[found.id])
    output.result(row, f"{row['serial']} is {row['state']}.")


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


def _bytes(table: Path) -> bytes:
    try:
        return table.read_bytes()
    except OSError as error:
        raise InvalidValue(
            f"{table} cannot be read: {error.strerror}", code="file.unreadable", help="name a CSV file"
        ) from error


@contextmanager
def _labels(codes: Path | None) -> Iterator[Any]:
    """Where claim codes are written: a file for its owner alone, made before anything is declared."""
    if codes is None:
        yield lambda _drawn: None
        return
    try:
        descriptor = os.open(codes, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise InvalidValue(
            f"{codes} cannot be written: {error.strerror}",
            code="file.unwritable",
            help="name a file that is not there yet, in a directory that is",
        ) from error
    with os.fdopen(descriptor, "w", newline="", encoding="utf-8") as opened:
        writer = csv.writer(opened, lineterminator="\n")

        def write(drawn: Sequence[ClaimCode]) -> None:
            writer.writerow(["serial", "claim_code"])
            writer.writerows([each.serial, each.code] for each in drawn)

        yield write


def _named(twin: Twin, ref: str) -> Entity:
    """The asset that is meant: by its serial, by its fleet and serial, or by its id."""
    fleet, _, serial = ref.rpartition("/")
    mirror = twin.mirror
    found = [mirror.entities[each] for each in mirror.declared.of_serial(serial)]
    if fleet:
        found = [each for each in found if each.path == f"asset:{fleet}/{serial}"]
    by_id = mirror.get(ref)
    if by_id is not None and by_id.kind == "asset":
        found = [by_id]
    if not found:
        raise NotFound(f"there is no asset {ref!r}", code="asset.unknown", help="twin asset list shows them")
    if len(found) > 1:
        named = ", ".join(each.path.removeprefix("asset:") for each in found)
        raise Conflict(
            f"several owners have declared the serial {ref}", code="asset.ambiguous", help=f"name one of: {named}"
        )
    return found[0]


def _commit(twin: Twin, entries: Sequence[Entry], summary: str, place: Entity | None = None) -> None:
    from twin.graph.model import Actor, ChangeSet
    from twin.ids import mint
    from twin.times import now

    if entries:
        twin.commit(
            ChangeSet(
                op_id=mint(),
                actor=Actor(twin.actor.name, "cli"),
                at=now(),
                entries=tuple(entries),
                summary=summary,
                site=None if place is None else place.site,
            )
        )


def _end(records: Records, found: Entity) -> None:
    from twin.access.clients import Clients
    from twin.access.commissioning import Commissioning
    from twin.access.device_codes import DeviceCodes

    Commissioning(records, Clients(records), DeviceCodes(records)).end(found.id)


def _row(twin: Twin, found: Entity) -> dict[str, Any]:
    from twin.access import declaring

    owner, place = declaring.owner_of(twin.mirror, found), declaring.place_of(twin.mirror, found)
    return {
        "serial": found.key,
        "state": declaring.state_of(twin.mirror, found),
        "type": str(found.properties.get(declaring.FITS, "")).rpartition("/")[2],
        "model": found.properties.get("model"),
        "vendor": found.properties.get("vendor"),
        "fleet": None if owner is None else owner.key,
        "place": None if place is None else place.path,
        "id": found.id,
    }


def _line(row: dict[str, Any]) -> str:
    shown = (f"{row['serial']:<24}", f"{row['state']:<9}", f"{row['type']:<24}", f"{row['fleet'] or '':<16}")
    return " ".join((*shown, row["place"] or "")).rstrip()
