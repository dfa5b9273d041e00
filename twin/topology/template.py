"""The template of a topology is put together: its parameters, its fragments, its site, the ontology it uses."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from twin.errors import AuthoringError
from twin.ontology.authoring import read_document, title_of
from twin.source import Diagnostics, MapNode, Scalar, conform
from twin.topology.fragments import read_fragments
from twin.topology.parameters import read_parameters, report_unused
from twin.topology.parts import Template, Use
from twin.topology.reading import Reader
from twin.topology.shape import TOPOLOGY
from twin.topology.uses import ontology_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from twin.source import Entry, Source

__all__ = ["read_topology"]


def read_topology(source: Source, find: Callable[[str], Source | None]) -> Template:
    """The template that a document describes. ``find`` gives an ontology document by its name, or None.

    Raises `AuthoringError` when there is no telling what it describes, or when an ontology it uses is wrong; smaller
    mistakes are left in its ``diagnostics``, for `twin.topology.expand.expand` to report together with the rest.
    """
    report = Diagnostics()
    root = read_document(source, "topology", report)
    if root is None:
        raise AuthoringError(report.all)
    node = cast("MapNode", conform(root, TOPOLOGY, report, "the topology", root.entries["topology"].key.place))
    parameters = read_parameters(node, report)
    reader = Reader(parameters, report)
    site = reader.site(node)
    overrides = reader.overrides(node)
    fragments = read_fragments(node, reader, report)
    if node.map("uses") is not None and not node.under("uses") and not report.has_errors:
        help_ = "name the ontology whose types it uses: 'uses: { connected-home: ^1.0 }'"
        report.error("value.invalid", "'uses' names no ontology", node.place_of("uses"), help=help_)
    if site is None or node.text("topology") is None or not node.under("uses"):
        raise AuthoringError(report.all)
    if not any(found.code.startswith("expression.") for found in report.all):  # what is unreadable may well use it
        report_unused(parameters, reader.used, report)
    uses = tuple(_use(entry) for entry in node.under("uses"))
    return Template(
        name=node.text("topology") or "",
        version=node.text("version") or "0",
        title=title_of(node),
        description=title_of(node, "description"),
        uses=uses,
        ontology=ontology_of(uses, find, report),
        parameters=parameters,
        fragments=fragments,
        overrides=overrides,
        moved=tuple(node.under("moved")),
        site=site,
        source=source,
        place=node.place_of("topology"),
        diagnostics=report.all,
        spoken=frozenset(reader.used),
    )


def _use(entry: Entry) -> Use:
    wanted = entry.value.text if isinstance(entry.value, Scalar) else "*"
    return Use(entry.key.text, wanted, entry.key.place, entry.value.place)
