"""A Neo4j of one's own: ``twin neo4j start``, ``stop``, ``fetch``; nothing but Python is needed."""

from __future__ import annotations

from typing import Annotated

import typer

from twin.cli.options import DEFAULT_DATA, Data, Json
from twin.cli.output import Output

__all__ = ["neo4j"]

neo4j = typer.Typer(help="A Neo4j of the twin's own, on this machine.", no_args_is_help=True)


@neo4j.command()
def start(
    data: Data = DEFAULT_DATA,
    port: Annotated[
        int | None, typer.Option("--port", help="Port for Bolt.", show_default="that of the last time, or a free one")
    ] = None,
    heap: Annotated[str, typer.Option("--heap", help="Java's heap.")] = "512m",
    cache: Annotated[str, typer.Option("--cache", help="Neo4j's page cache.")] = "128m",
    *,
    json: Json = False,
) -> None:
    """Start a Neo4j in the background, in a directory of the twin's, and wait until it answers."""
    from twin.store.location import local_server

    output = Output(json=json)
    server = local_server(data, heap=heap, cache=cache)
    output.note("Starting Neo4j; the first time it is fetched, which takes a minute or two …")
    started = server.start(port)
    facts = {"url": server.url, "pid": server.pid, "password_file": str(server.password_file), "started": started}
    output.result(
        facts,
        f"Neo4j {'is running' if started else 'was running already'} (process {server.pid})\n"
        f"URL       {server.url}\n"
        f"password  in {server.password_file}\n"
        f"Serve a twin from it: twin serve --data {data} --graph neo4j\n"
        f"Stop it:              twin neo4j stop --data {data}",
    )


@neo4j.command()
def stop(data: Data = DEFAULT_DATA, *, json: Json = False) -> None:
    """Stop the Neo4j of a twin's directory."""
    from twin.store.location import local_server

    stopped = local_server(data).stop()
    Output(json=json).result({"stopped": stopped}, "Neo4j has stopped." if stopped else "No Neo4j was running there.")


@neo4j.command()
def fetch(*, json: Json = False) -> None:
    """Fetch Neo4j, so that the first start needs no network."""
    from twin.store.neo4j.local import VERSION
    from twin.store.neo4j.local import fetch as fetch_jars

    jars = fetch_jars()
    Output(json=json).result({"version": VERSION, "files": len(jars)}, f"Neo4j {VERSION} is there ({len(jars)} files).")
