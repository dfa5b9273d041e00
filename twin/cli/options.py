"""Options that several commands share, described once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from twin.errors import InvalidValue

if TYPE_CHECKING:
    from twin.engine import Twin
    from twin.graph.model import Entity

__all__ = ["DEFAULT_DATA", "Data", "Json", "OntologyPath", "Parameters", "Site", "Tables", "known_site", "parameters"]

DEFAULT_DATA = Path("twin-data")

Data = Annotated[Path, typer.Option("--data", envvar="TWIN_DATA", help="Directory of the twin.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Site = Annotated[str | None, typer.Option("--site", help="Key of the site; by default the topology's name.")]
Parameters = Annotated[
    list[str], typer.Option("--set", metavar="NAME=VALUE", help="Value of a parameter of the topology; repeatable.")
]
Tables = Annotated[
    list[str], typer.Option("--table", metavar="NAME=FILE", help="CSV file of a parameter that is a table; repeatable.")
]
OntologyPath = Annotated[
    list[Path],
    typer.Option(
        "--ontology-path", envvar="TWIN_ONTOLOGY_PATH", help="Directory to look for ontologies in; repeatable."
    ),
]


def parameters(pairs: list[str], option: str = "--set") -> dict[str, str]:
    """``NAME=VALUE`` pairs as a map. ``option`` is how they were given.

    Raises:
        InvalidValue: one has no ``=``, or a name comes twice.
    """
    found: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or name in found:
            raise InvalidValue(
                f"{option} {pair}: " + ("the name comes twice" if equals else "there is no '='"),
                code="parameter.invalid",
                help=f"write {option} name={'value' if option == '--set' else 'file'}, once for each parameter",
            )
        found[name] = value
    return found


def known_site(twin: Twin, key: str) -> Entity:
    """The site of a key.

    Raises:
        InvalidValue: there is none.
    """
    for site in twin.sites():
        if site.key == key:
            return site
    raise InvalidValue(
        f"there is no site {key!r}",
        code="site.unknown",
        help=f"sites: {', '.join(site.key for site in twin.sites()) or 'none yet; twin apply makes one'}",
    )
