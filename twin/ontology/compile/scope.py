"""Every name the documents declare, what each document may see of them, and what to say when a name is not there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from twin.ontology.authoring import aligns_of, title_of
from twin.ontology.compile.names import Names
from twin.ontology.model import EnumType, Quantity
from twin.source import ListNode, MapNode, Scalar, did_you_mean
from twin.units import UNITS, resolve, suggest

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping

    from twin.ontology.authoring import Declaration, Declared
    from twin.ontology.compile.load import Loaded
    from twin.source import Diagnostics, Entry

__all__ = ["Scope", "unit_named", "unit_of"]

T = TypeVar("T")
Owned = tuple[str, T]
"""The document that declares it, and the thing."""

_OTHER_WORDS = {
    "float": "number",
    "double": "number",
    "decimal": "number",
    "real": "number",
    "int": "integer",
    "long": "integer",
    "bool": "boolean",
    "str": "string",
    "text": "string",
    "date": "timestamp",
    "datetime": "timestamp",
    "time": "timestamp",
    "array": "list",
    "dict": "object",
    "struct": "object",
}
"""What other languages call the types of values."""


class Scope:
    """The names in force."""

    def __init__(self, loaded: Loaded, report: Diagnostics) -> None:
        self.loaded = loaded
        self.names = Names(loaded, report)
        self._report = report
        self._rootless: set[str] = set()
        """Documents of which it has been said that they do not import core."""
        self.types: dict[str, Declaration] = {}
        """Types and mixins by qualified name."""
        self.enums: dict[str, EnumType] = {}
        """By qualified name."""
        self.quantities: dict[str, Owned[Quantity]] = {}
        self.models: dict[str, tuple[str, Entry]] = {}
        """By qualified name: the short name, and what is said of it."""
        for document in loaded.documents.values():
            self._enter(document)

    @property
    def documents(self) -> Mapping[str, Declared]:
        """By name, the imported before those that import."""
        return self.loaded.documents

    @property
    def declarations(self) -> Iterator[Declaration]:
        """Every type and mixin, in order."""
        return iter(self.types.values())

    def _enter(self, document: Declared) -> None:
        for declaration in document.types:
            if (short := self.names.short_of(declaration.name, declaration.key)) is not None:
                self.types[declaration.name] = replace(declaration, short=short)
        for entry in document.enums:
            if (short := self._short(document, entry)) is not None:
                self.enums[f"{document.name}/{entry.key.text}"] = self._enum(short, entry)
        for entry in document.models:
            if (short := self._short(document, entry)) is not None:
                self.models[f"{document.name}/{entry.key.text}"] = (short, entry)
        for entry in document.quantities:
            self._enter_quantity(document.name, entry)

    def _enter_quantity(self, document: str, entry: Entry) -> None:
        _, first = self.quantities.setdefault(entry.key.text, (document, self._quantity(entry)))
        if first.place is not entry.key.place:
            help_ = "rename one of the two: names are shared by all ontologies in force"
            related = [(first.place, f"the first '{first.name}'")]
            message = f"a second '{first.name}' is declared"
            self._report.error("quantity.duplicate", message, entry.key.place, related=related, help=help_)

    def _short(self, document: Declared, entry: Entry) -> str | None:
        return self.names.short_of(f"{document.name}/{entry.key.text}", entry.key)

    def _enum(self, short: str, entry: Entry) -> EnumType:
        return EnumType(short, words_of(entry.value, self._report), entry.key.place)

    def _quantity(self, entry: Entry) -> Quantity:
        node = entry.value if isinstance(entry.value, MapNode) else MapNode({}, entry.key.place)
        return Quantity(
            name=entry.key.text,
            unit=unit_of(node, self._report),
            title=title_of(node),
            place=entry.key.place,
            description=title_of(node, "description"),
            aligns=aligns_of(node),
        )

    def type_(self, word: Scalar, document: str) -> Declaration | None:
        """The type or mixin that a document means by a name; reports ``type.unknown``."""
        owner, _, short = word.text.rpartition("/")
        found = self.types.get(word.text if owner else self.names.seen(document).get(short, ""))
        if found is not None and self._sees(document, found.document):
            return found
        if not self._excused(short, document):
            self._unknown_type(word, short, document)
        return None

    def _unknown_type(self, word: Scalar, short: str, document: str) -> None:
        help_, suggestions = did_you_mean(short, self._visible(document, self.types))
        elsewhere = self.types.get(word.text) or self.types.get(self.names.short.get(short, ""))
        if elsewhere is not None and not self._sees(document, elsewhere.document):
            help_ = f"it is declared in '{elsewhere.document}': add that to 'imports'"
        elif not suggestions and len(self.loaded.visible[document]) == 1 and document != "core":
            if document in self._rootless:  # one import is missing, however many types would come from it
                return
            self._rootless.add(document)
            help_ = "the built-in types come from core: write 'imports: { core: ^1.0 }'"
        message = f"no type is named '{word.text}'"
        self._report.error("type.unknown", message, word.place, help=help_, suggestions=suggestions)

    def _visible(self, document: str, among: Container[str]) -> list[str]:
        return [short for short, name in self.names.seen(document).items() if name in among]

    def _sees(self, document: str, other: str) -> bool:
        return other in self.loaded.visible[document]

    def _excused(self, name: str, document: str) -> bool:
        """Whether a missing name may follow from something already reported."""
        seen = [self.documents[other] for other in self.loaded.visible[document] if other in self.documents]
        return document in self.loaded.partial or any(d.damaged or name in d.broken for d in seen)

    def enum(self, name: str, document: str) -> EnumType | None:
        """The enum that a document means by a name."""
        return self.enums.get(self.names.seen(document).get(name, ""))

    def quantity(self, word: Scalar, document: str) -> Quantity | None:
        """The quantity that a document means by a name; reports ``quantity.unknown``."""
        found = self._owned(self.quantities, word.text, document)
        if found is None and not self._excused(word.text, document):
            known = [name for name, (owner, _) in self.quantities.items() if self._sees(document, owner)]
            help_, suggestions = did_you_mean(word.text, known)
            message = f"no quantity is named '{word.text}'"
            self._report.error("quantity.unknown", message, word.place, help=help_, suggestions=suggestions)
        return found

    def _owned(self, table: Mapping[str, Owned[T]], name: str, document: str) -> T | None:
        owner, found = table.get(name, (None, None))
        return found if owner is not None and self._sees(document, owner) else None

    def unknown_value_type(self, word: Scalar, document: str, known: tuple[str, ...]) -> None:
        """Report a value type that is neither built in nor an enum."""
        if self._excused(word.text, document):
            return
        visible = self._visible(document, self.enums)
        help_, suggestions = did_you_mean(word.text, [*known, *visible], "one of")
        other = _OTHER_WORDS.get(word.text.casefold())
        if other in known:
            help_, suggestions = f"did you mean '{other}'?", (other,)
        message = f"no type of values is named '{word.text}'"
        self._report.error("type.unknown", message, word.place, help=help_, suggestions=suggestions)


def unit_of(node: MapNode, report: Diagnostics) -> str | None:
    """The UCUM code under ``unit``; reports ``unit.unknown``."""
    found = node.scalar("unit")
    return None if found is None else unit_named(found, report)


def unit_named(word: Scalar, report: Diagnostics) -> str | None:
    """The UCUM code that a word is; reports ``unit.unknown``."""
    if word.text in UNITS:
        return word.text
    suggestions = suggest(word.text)
    help_ = "units are UCUM codes: Cel, %, kW.h, m2, 1"
    if resolve(word.text) is not None:
        help_ = f"the UCUM code is '{suggestions[0]}'"
    elif suggestions:
        help_ = f"did you mean '{suggestions[0]}'?"
    message = f"no unit is written '{word.text}'"
    report.error("unit.unknown", message, word.place, help=help_, suggestions=suggestions)
    return None


def words_of(node: object, report: Diagnostics) -> tuple[str, ...]:
    """The words of a list of values, each once; reports ``value.duplicate``."""
    items = [item for item in node.items if isinstance(item, Scalar)] if isinstance(node, ListNode) else []
    first: dict[str, Scalar] = {}
    for item in items:
        if first.setdefault(item.text, item) is not item:
            related = [(first[item.text].place, "the first")]
            report.error("value.duplicate", f"'{item.text}' is listed twice", item.place, related=related)
    if isinstance(node, ListNode) and not node.items:
        report.error("value.invalid", "the list of values is empty", node.place, help="name at least one value")
    return tuple(first)
