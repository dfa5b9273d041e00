"""What was: who changed what, and what is different between two times."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import orjson
import typer

from twin.cli.options import DEFAULT_DATA, Data, Json
from twin.cli.output import Output
from twin.times import now, rfc3339, time_of

if TYPE_CHECKING:
    from pathlib import Path

    from twin.engine import Twin
    from twin.engine.chronicle import Line, Logged
    from twin.graph.between import Between, Tie
    from twin.graph.model import Entity

__all__ = ["between_text", "compare", "log"]

_SHOWN = 20
"""Lines of one record that are printed; ``--json`` has them all."""
_SIGNS = {"create": "+", "delete": "-", "update": "~", "move": ">", "link": "+", "unlink": "-", "recast": "~"}
_SEQUENCE = re.compile(r"#?([0-9]{1,18})\Z")

Moment = Annotated[str | None, typer.Option(metavar="TIME", help="A time: 2026-11-23, 2026-11-23T14:03:49Z.")]


def log(
    path: Annotated[
        str | None, typer.Argument(metavar="[PATH]", help="Of what is there, or was, and below it.")
    ] = None,
    since: Moment = None,
    until: Moment = None,
    by: Annotated[str | None, typer.Option(metavar="NAME", help="Only what this person or client changed.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many changes at most: the newest.")] = 20,
    trim: Annotated[
        str | None, typer.Option("--trim", metavar="TIME", help="Forget for good what was changed before it.")
    ] = None,
    data: Data = DEFAULT_DATA,
    *,
    json: Json = False,
) -> None:
    """Print who changed what, when, and through which client; the newest last."""
    from twin.engine import Twin

    output = Output(json=json)
    if trim is not None:
        _trim(output, data, time_of(trim))
        return
    with Twin(data, create=False) as twin:
        first, last = (None if text is None else time_of(text) for text in (since, until))
        found = twin.past.log(path, since=first, until=last, by=by, limit=limit)
        output.result([as_data(each) for each in found], "\n".join(as_text(each) for each in found))
        kept = twin.past.since()
        if kept.sequence and len(found) < limit:
            output.note(f"What was changed up to #{kept.sequence}, {rfc3339(kept.at)}, is not kept.")
        if not found:
            output.note("Nothing was changed." if path is None else f"Nothing was changed at {path}.")


def _trim(output: Output, data: Path, before: int) -> None:
    """Forget what was changed before a time; beside a server too."""
    from twin.access.audit import Audit
    from twin.engine.auditing import take_up
    from twin.engine.home import Home
    from twin.engine.retention import trimming
    from twin.records import Records

    home = Home(data, create=False)
    store, records = home.open_graph(), Records(home.records)
    try:
        first = mark = store.trimmed()
        head = store.head()
        until = take_up(Audit(records), store, store.load_site("").timeline)
        with output.progress("Trimming") as progress:
            for step in trimming(store, before, now(), until):
                mark = step()
                if progress is not None:
                    progress(mark.sequence, head)
    finally:
        records.close()
        store.close()
    kept = f"the log is kept since #{mark.sequence}, {rfc3339(mark.at)}" if mark.sequence else "the log is whole"
    output.result(
        {"forgotten": mark.sequence - first.sequence, "sequence": mark.sequence, "at": rfc3339(mark.at)},
        f"Forgot {mark.sequence - first.sequence:,} changes; {kept}.",
    )


def compare(output: Output, twin: Twin, moments: tuple[str, str], path: str | None) -> None:
    """Print what is different between two moments: sequences or times."""
    first, second = (_sequence(twin, text) for text in moments)
    found = twin.past.between(first, second, path)
    output.result({"from": first, "to": second, **msgspec.to_builtins(found)}, between_text(found))


def _sequence(twin: Twin, text: str) -> int:
    if text == "now":
        return twin.store.head()
    number = _SEQUENCE.match(text)
    return int(number[1]) if number is not None else twin.past.sequence(time_of(text))


def as_data(each: Logged) -> dict[str, Any]:
    """A record of the log, for ``--json``."""
    return {
        "sequence": each.sequence,
        "at": rfc3339(each.at),
        "by": each.by,
        "via": each.via,
        "summary": each.summary,
        "lines": [
            {name: value for name in line.__struct_fields__ if (value := getattr(line, name))} for line in each.lines
        ],
    }


def as_text(each: Logged) -> str:
    """A record of the log, for people."""
    head = f"#{each.sequence}  {rfc3339(each.at)}  {each.by} via {each.via}"
    lines = [head + (f"  {each.summary}" if each.summary else "")]
    lines += [f"  {_SIGNS[line.what]} {_told(line)}" for line in each.lines[:_SHOWN]]
    more = len(each.lines) - _SHOWN
    return "\n".join([*lines, *([f"  … and {more:,} more"] if more > 0 else [])])


def _told(line: Line) -> str:
    match line.what:
        case "create" | "delete":
            return f"{line.path}  {line.type.rpartition('/')[2]}".rstrip()
        case "update":
            return f"{line.path}: {', '.join(sorted(line.fields))}"
        case "move":
            return f"{line.before} -> {line.path}"
        case "recast":
            return f"{line.path}: readings of {line.fields['point']} as {line.fields['to']}"
        case _:
            return f"{line.path} {line.relation} {line.target}"


def between_text(found: Between) -> str:
    """What is different, for people."""
    if found.empty:
        return "Nothing is different."
    lines = [f"- {_named(each)}" for each in found.removed]
    lines += [f"- {_tied(each)}" for each in found.unlinked]
    lines += [f"+ {_named(each)}" for each in found.added]
    lines += [f"+ {_tied(each)}" for each in found.linked]
    for each in found.altered:
        lines.append(f"~ {each.after.path}")
        lines += [f"    {name}: {_value(one)} -> {_value(other)}" for name, (one, other) in each.fields.items()]
    counts = (len(found.added), len(found.removed), len(found.altered), len(found.linked) + len(found.unlinked))
    return "\n".join([*lines, "{} added, {} removed, {} changed; {} relations".format(*counts)])


def _named(entity: Entity) -> str:
    return f"{entity.path}  {entity.type.rpartition('/')[2]}"


def _tied(tie: Tie) -> str:
    return f"{tie.source} {tie.relation} {tie.target}"


def _value(value: Any) -> str:
    return "nothing" if value is None else orjson.dumps(msgspec.to_builtins(value)).decode()
