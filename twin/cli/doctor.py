"""``twin doctor``: what a twin stands on, looked at and said in plain words."""

from __future__ import annotations

from typing import Annotated

import typer

from twin.cli.options import DEFAULT_DATA, Data, Json
from twin.cli.output import Output

__all__ = ["doctor"]

_SIGNS = {"ok": "ok   ", "unsure": "?    ", "wrong": "WRONG"}


def doctor(
    data: Data = DEFAULT_DATA,
    graph: Annotated[
        str | None,
        typer.Option(
            "--graph", envvar="TWIN_GRAPH", help="Where the graph is.", show_default="where it was the last time"
        ),
    ] = None,
    issuers: Annotated[
        str,
        typer.Option(
            "--issuers", envvar="TWIN_ISSUERS", help="File of external issuers.", show_default="in the directory"
        ),
    ] = "",
    *,
    json: Json = False,
) -> None:
    """Look at the directory, journal, graph and external issuers of a twin; say what is wrong and what to do."""
    import msgspec

    from twin.engine.examining import examine
    from twin.engine.issuers import examine as ask_issuers

    found = [*examine(data, graph or ""), *ask_issuers(data, issuers)]
    wrong, unsure = ([each for each in found if each.verdict == verdict] for verdict in ("wrong", "unsure"))
    lines = []
    for each in found:
        lines.append(f"{_SIGNS[each.verdict]}  {each.about}: {each.said}")
        if each.help:
            lines.append(f"         help: {each.help}")
    lines.append(f"{len(found)} looked at: {len(wrong)} wrong, {len(unsure)} to look at")
    facts = {"healthy": not wrong, "findings": msgspec.to_builtins(found)}
    Output(json=json).result(facts, "\n".join(lines))
    if wrong:
        raise typer.Exit(1)
