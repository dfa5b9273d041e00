"""Commands that move a whole twin: ``copy``, ``backup``, ``restore``."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from twin.cli.options import DEFAULT_DATA, Data, Json
from twin.cli.output import Output

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from twin.engine.moving import Manifest

__all__ = ["backup", "copy", "restore"]

_WHERE = "where it is; a file in the directory"
_URLS = "sqlite:///FILE, neo4j://USER@HOST/DATABASE, or neo4j: the twin's own"


def copy(
    source: Annotated[str, typer.Argument(metavar="FROM", help=f"Where the graph is: {_URLS}.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="Where it is to be, in the same words; empty as yet.")],
    data: Data = DEFAULT_DATA,
    *,
    live: Annotated[
        bool, typer.Option("--live", help="Also while a process serves it: what is committed later is not copied.")
    ] = False,
    json: Json = False,
) -> None:
    """Copy a graph to another place, log and readings included, and compare both; it is the same twin afterwards."""
    from twin.engine.moving import copy as copied

    output = Output(json=json)
    with _steps(output) as told:
        found = copied(source, target, data, live=live, progress=told)
    output.result(
        msgspec.to_builtins(found),
        f"Copied {found.entities:,} entities, {found.relations:,} relations, {found.readings:,} readings and "
        f"{found.changes:,} changes, up to sequence {found.sequence}; both are alike.\n"
        f"Serve it from there: twin serve --data {data} --graph {target}",
    )
    if found.later:
        output.note(f"{found.later:,} changes were committed since, where it comes from: they are not in the copy.")


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write; with --check, to read.")],
    data: Data = DEFAULT_DATA,
    *,
    check: Annotated[bool, typer.Option("--check", help="See whether a backup is whole, and what is in it.")] = False,
    json: Json = False,
) -> None:
    """Back a whole twin up into one file, while it is served: graph, log, readings, records, keys. Keep it secret."""
    from twin.engine.moving import backup as backed_up
    from twin.engine.moving import check as checked

    output = Output(json=json)
    with _steps(output) as told:
        if check:
            found = checked(file, None if told is None else lambda done, of: told("checking", done, of))
        else:
            found = backed_up(data, file, told)
    output.result(
        msgspec.to_builtins(found), f"{file} is whole: {_described(found)}" if check else f"{file}: {_described(found)}"
    )
    if not check:
        output.note("It holds the twin's secrets, and is not encrypted: keep it where only you can read it.")


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A backup.")],
    data: Data = DEFAULT_DATA,
    graph: Annotated[
        str,
        typer.Option("--graph", metavar="URL", help=f"Where the graph is to be: {_URLS}.", show_default=_WHERE),
    ] = "",
    *,
    replace: Annotated[
        bool, typer.Option("--replace", help="In the place of the twin that is there, which is kept aside.")
    ] = False,
    json: Json = False,
) -> None:
    """Restore a backup into an empty directory. It begins a new timeline: tokens and plans of before have ended."""
    from twin.engine.moving import restore as restored

    output = Output(json=json)
    with _steps(output) as told:
        found = restored(file, data, graph, replace=replace, progress=told)
    aside = f"What was there before is in {found.aside}\n" if found.aside else ""
    output.result(
        msgspec.to_builtins(found),
        f"Restored into {data}: {_described(found.manifest)}\n{aside}"
        f"Tokens, sessions and plans of before have ended; secrets of clients and passwords are as they were.\n"
        f"Serve it: twin serve --data {data}",
    )


def _described(found: Manifest) -> str:
    counts = found.counts
    return (
        f"{counts['entities']:,} entities, {counts['relations']:,} relations, {counts['readings']:,} readings and "
        f"{counts['changes']:,} changes, up to sequence {found.cut.sequence}, and {counts['messages']:,} messages to "
        f"work in; made {found.made}"
    )


@contextmanager
def _steps(output: Output) -> Iterator[Callable[[str, int, int], None] | None]:
    """A bar for each step, as far as it is; only on a terminal."""
    if output.json or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress, TaskID

    with Progress(console=Console(stderr=True), transient=True) as bar:
        tasks: dict[str, TaskID] = {}

        def told(step: str, done: int, of: int) -> None:
            if step not in tasks:
                tasks[step] = bar.add_task(step)
            bar.update(tasks[step], completed=done, total=of)

        yield told
