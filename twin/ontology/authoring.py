"""From an ontology's YAML to declarations: the right form, names as written, nothing resolved yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from twin.ontology.model import Document, Kind
from twin.ontology.shape import ONTOLOGY, SECTIONS
from twin.source import Diagnostics, Entry, MapNode, Node, Scalar, Source, WrongNode, closest, conform, read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.errors import Place

__all__ = ["Declaration", "Declared", "aligns_of", "read_document", "read_ontology", "title_of"]

_FORMS = {"ontology": "an ontology", "topology": "a topology", "series": "a map of series"}
"""The kinds of documents, by the key that begins them."""
_KINDS: dict[str, Kind | None] = {
    "mixins": None,
    "sites": "site",
    "spaces": "space",
    "views": "view",
    "gateways": "gateway",
    "devices": "device",
}


@dataclass(frozen=True, slots=True, eq=False)
class Declaration:
    """One type or mixin as written."""

    document: str
    short: str
    """Its name in force: the key, unless an import gives it another."""
    kind: Kind | None
    """None for a mixin."""
    key: Scalar
    node: MapNode

    @property
    def name(self) -> str:
        """Qualified: ``connected-home/Thermostat``."""
        return f"{self.document}/{self.key.text}"

    @property
    def mixin(self) -> bool:
        """Whether it is a part of types and no type itself."""
        return self.kind is None

    @property
    def abstract(self) -> bool:
        """Whether nothing can be of this very type."""
        return self.mixin or self.node.flag("abstract")


@dataclass(frozen=True, slots=True, eq=False)
class Declared:
    """One ontology document as written."""

    document: Document
    place: Place
    """Of its name."""
    imports: tuple[Entry, ...]
    types: tuple[Declaration, ...]
    enums: tuple[Entry, ...]
    quantities: tuple[Entry, ...]
    relations: tuple[Entry, ...]
    models: tuple[Entry, ...]
    roles: tuple[Entry, ...]
    deprecated: tuple[Entry, ...]
    migrations: tuple[Entry, ...]
    broken: frozenset[str]
    """Names it declares in a form that is wrong, and has been reported."""
    damaged: bool
    """Whether a whole section is wrong: names that it lacks may be in there."""

    @property
    def name(self) -> str:
        """The document's name."""
        return self.document.name


def read_document(source: Source, wanted: str, report: Diagnostics) -> MapNode | None:
    """The root of a document that begins with the key ``wanted``; None (and why, in ``report``) for anything else."""
    root = read(source, report)
    if root is None:
        return None
    if isinstance(root, MapNode) and wanted in root:
        return root
    found = next((key for key in _FORMS if isinstance(root, MapNode) and key in root), None)
    is_ = f", but {_FORMS[found]}" if found else ""
    near = closest(_first_key(root), _FORMS)
    help_ = f"did you mean '{near[0]}'?" if near and not found else f"{_FORMS[wanted]} says its name: '{wanted}: NAME'"
    report.error("document.kind", f"this is not {_FORMS[wanted]}{is_}", _start(root), help=help_)
    return None


def _first_key(root: Node) -> str:
    return next((entry.key.text for entry in root), "") if isinstance(root, MapNode) else ""


def _start(root: Node) -> Place:
    first = next(iter(root), None) if isinstance(root, MapNode) else None
    return root.place if first is None else first.key.place


def read_ontology(source: Source, report: Diagnostics) -> Declared | None:
    """The declarations of one document, or None when it is nothing that could be gone on with."""
    root = read_document(source, "ontology", report)
    if root is None:
        return None
    node = cast("MapNode", conform(root, ONTOLOGY, report, "the ontology", root.entries["ontology"].key.place))
    name = node.text("ontology")
    if name is None:
        return None
    document = Document(name, node.text("version") or "", source.file, source.text)
    return Declared(
        document=document,
        place=node.place_of("ontology"),
        imports=node.under("imports"),
        types=tuple(_declarations(node, name)),
        enums=node.under("enums"),
        quantities=node.under("quantities"),
        relations=node.under("relations"),
        models=node.under("models"),
        roles=node.under("roles"),
        deprecated=node.under("deprecated"),
        migrations=node.under("migrations"),
        broken=frozenset(_broken(node)),
        damaged=node.damaged or any(isinstance(entry.value, WrongNode) for entry in node),
    )


def _broken(root: MapNode) -> Iterator[str]:
    for section in ("enums", "quantities", "relations", "models", "roles", *SECTIONS):
        for entry in root.map(section) or ():
            if isinstance(entry.value, WrongNode):
                yield entry.key.text


def _declarations(root: MapNode, document: str) -> list[Declaration]:
    found = [
        Declaration(document, entry.key.text, _KINDS[section], entry.key, cast("MapNode", entry.value))
        for section in SECTIONS
        for entry in root.under(section)
    ]
    return sorted(found, key=lambda declaration: declaration.key.span)


def title_of(node: MapNode, key: str = "title") -> dict[str, str]:
    """A title by language; ``""`` is the language of a text that names none."""
    found = node.get(key)
    if isinstance(found, Scalar):
        return {"": found.text}
    return {entry.key.text: entry.value.text for entry in node.under(key) if isinstance(entry.value, Scalar)}


def aligns_of(node: MapNode) -> dict[str, str]:
    """What other vocabularies call it: ``{"brick": "Thermostat"}``."""
    return {entry.key.text: entry.value.text for entry in node.under("aligns") if isinstance(entry.value, Scalar)}
