"""Commands about devices: replay measured series, simulate a building, look at dead letters."""

from __future__ import annotations

import asyncio
import base64
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twin.cli.credentials import ClientId, Mqtt, Server, access
from twin.cli.options import DEFAULT_DATA, Data, Json, known_site
from twin.cli.output import Output
from twin.errors import AuthoringError, InvalidValue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.telemetry.deadletters import DeadLetters, Letter

__all__ = ["deadletter", "replay", "simulate"]

deadletter = typer.Typer(help="Messages and readings that could not be used, and why.", no_args_is_help=True)


def replay(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of series: 'seconds <tab> value' lines.")],
    map_: Annotated[Path, typer.Option("--map", metavar="FILE", help="Which file is which point.")],
    speed: Annotated[str, typer.Option("--speed", help="Times as fast as it was measured, or 'max'.")] = "max",
    site: Annotated[str | None, typer.Option("--site", help="Key of the site; by default the map's.")] = None,
    data: Data = DEFAULT_DATA,
    server: Server = None,
    mqtt: Mqtt = None,
    client_id: ClientId = None,
    disorder: Annotated[
        int | None, typer.Option(metavar="SEED", help="Shuffle the messages and send a tenth of them twice.")
    ] = None,
    *,
    json: Json = False,
) -> None:
    """Publish measured series over MQTT with their own timestamps."""
    from twin.cli.replaying import Replay

    output = Output(json=json)
    try:
        work = Replay(access(data, server, mqtt, client_id), directory, map_, site, output)
    except AuthoringError as error:
        output.fail(error)
    done = asyncio.run(work.run(_pace(speed), disorder))
    output.result(
        done,
        f"Sent {done['messages']} messages with {done['readings']} readings in {done['seconds']:.1f} s: "
        f"{done['acknowledged']} acknowledged, {done['refused']} refused, {done['resent']} sent again.",
    )
    if done["refused"]:
        raise typer.Exit(1)


def simulate(
    site: Annotated[str, typer.Argument(metavar="SITE", help="Key of the site whose devices report.")],
    every: Annotated[float, typer.Option(help="Seconds between two reports.", min=0.05)] = 5.0,
    data: Data = DEFAULT_DATA,
    server: Server = None,
    mqtt: Mqtt = None,
    client_id: ClientId = None,
) -> None:
    """Pretend to be every device of a site, until stopped. Reads the building from --data, publishes over MQTT."""
    from twin.cli.simulator import simulate as run
    from twin.engine import Twin

    with Twin(data, create=False) as twin:
        key = known_site(twin, site).key
        asyncio.run(run(twin, key, access(data, server, mqtt, client_id), every))


@deadletter.command("list")
def list_(
    limit: Annotated[int, typer.Option(help="At most so many, the newest first.", min=1, max=1000)] = 20,
    code: Annotated[str | None, typer.Option(help="Only those with this code.")] = None,
    site: Annotated[str | None, typer.Option("--site", help="Only those of this site (its key).")] = None,
    data: Data = DEFAULT_DATA,
    *,
    json: Json = False,
) -> None:
    """List what could not be used, the newest first."""
    output = Output(json=json)
    with _opened(data) as (letters, keys):
        wanted = None if site is None else [keys.get(site, "")]
        found = [_row(each, keys) for each in letters.list(limit=limit, code=code, sites=wanted)]
        counts, dropped = letters.count(), letters.dropped()
    lines = [
        f"{row['id']:<6} {row['received']}  {row['code']:<22} {row['topic']}  {row['point'] or ''}" for row in found
    ]
    total = ", ".join(f"{number} {name}" for name, number in counts.items())
    lines.append(f"In all: {total or 'none'}." + (f" {dropped} older ones were given up." if dropped else ""))
    output.result({"deadletters": found, "counts": counts, "dropped": dropped}, "\n".join(lines))


@deadletter.command()
def show(
    number: Annotated[int, typer.Argument(metavar="ID", help="As twin deadletter list prints it.")],
    data: Data = DEFAULT_DATA,
    *,
    json: Json = False,
) -> None:
    """Show one: its reason, its sender, its bytes."""
    output = Output(json=json)
    with _opened(data) as (letters, keys):
        letter = letters.show(number)
        found = {**_row(letter, keys), **_payload(letter.payload or b"")}
    output.result(found, "\n".join(f"{name:<10} {'' if value is None else value}" for name, value in found.items()))


@contextmanager
def _opened(data: Path) -> Iterator[tuple[DeadLetters, dict[str, str]]]:
    """The dead letters of a twin, and the ids of its sites by their keys."""
    from twin.engine import Twin
    from twin.engine.home import Home
    from twin.records import Records
    from twin.telemetry.deadletters import DeadLetters

    with Twin(data, create=False) as twin:
        records = Records(Home(data).records)
        try:
            yield DeadLetters(records), {site.key: site.id for site in twin.sites()}
        finally:
            records.close()


def _row(letter: Letter, keys: dict[str, str]) -> dict[str, Any]:
    from twin.times import rfc3339

    key = next((key for key, site in keys.items() if site == letter.site), None)
    return {
        "id": letter.id,
        "code": letter.code,
        "reason": letter.why,
        "point": letter.point,
        "topic": letter.topic,
        "sender": letter.sender,
        "site": key,
        "received": rfc3339(letter.received),
        "journal": f"{letter.journal}/{letter.number}",
        "bytes": letter.size,
    }


def _payload(payload: bytes) -> dict[str, str]:
    """The bytes as text where they are text, else in base64."""
    try:
        return {"payload": payload.decode()}
    except UnicodeDecodeError:
        return {"payload_base64": base64.b64encode(payload).decode()}


def _pace(speed: str) -> float | None:
    """How many seconds of series go by in one of ours; None: as fast as it goes."""
    if speed == "max":
        return None
    try:
        pace = float(speed)
    except ValueError:
        pace = 0.0
    if not 0 < pace < float("inf"):
        raise InvalidValue(f"--speed {speed}", code="speed.invalid", help="a number above 0, such as 3600, or max")
    return pace
