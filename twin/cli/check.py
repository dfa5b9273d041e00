"""``twin check``: whether a graph is what its log says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import typer

from twin.cli.options import DEFAULT_DATA, Data, Json
from twin.cli.output import Output

if TYPE_CHECKING:
    from twin.engine.verifying import Verified

__all__ = ["check"]


def check(data: Data = DEFAULT_DATA, *, json: Json = False) -> None:
    """Make the graph again from its log, and compare it with the one that is kept; beside a server too."""
    from twin.engine.home import Home
    from twin.engine.verifying import verify

    store = Home(data, create=False).open_graph()
    try:
        found = verify(store)
    finally:
        store.close()
    Output(json=json).result(msgspec.to_builtins(found), _text(found))
    if found.wrong:
        raise typer.Exit(1)


def _text(found: Verified) -> str:
    log = f"the log from #{found.since} on" if found.since else "its whole log"
    at = f"{found.entities:,} entities, {found.relations:,} relations, #{found.sequence}"
    if not found.wrong:
        return f"The graph is what {log} says: {at}."
    lines = [
        f"WRONG  {each.key or 'in no site'}: {each.missing:,} entities missing, {each.unknown:,} too many, "
        f"{each.different:,} different; {each.relations:,} relations"
        for each in found.wrong
    ]
    help_ = "  help: something else than a twin has written the graph; restore a backup, or apply its topologies again"
    return "\n".join([*lines, help_, f"The graph is not what {log} says: {at}."])
