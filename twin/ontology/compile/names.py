"""What types, mixins, enums and models are called.

Each has one short name for all that is in force, and a document may write the names that it and its imports declare.
An import that gives a type another name (``as:``) gives it to all that is in force; what does not import that document
writes the name it knows, and so means the same whatever else is installed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from twin.source import MapNode, Scalar, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.errors import Place
    from twin.ontology.authoring import Declared
    from twin.ontology.compile.load import Loaded
    from twin.source import Diagnostics

__all__ = ["Names"]


class _Renaming(NamedTuple):
    """``as: { Meter: UtilityMeter }`` of one import."""

    by: str
    """The document that says so."""
    to: Scalar


class Names:
    """Every name of a type, a mixin, an enum or a model; qualified ones are as declared."""

    def __init__(self, loaded: Loaded, report: Diagnostics) -> None:
        self._loaded = loaded
        self._report = report
        self._keys: dict[str, Scalar] = {}
        self._renamings: dict[str, list[_Renaming]] = {}
        self._views: dict[str, dict[str, str]] = {}
        for document in loaded.documents.values():
            for key in _keys(document):
                self._enter(document.name, key)
        for document in loaded.documents.values():
            self._rename(document)
        self.short: dict[str, str] = {}
        """In force: short name -> qualified."""
        for name in self._keys:
            self._call(name)
        if not report.has_errors:
            self._check_views()

    def short_of(self, name: str, key: Scalar) -> str | None:
        """The short name of what is declared with this key, where it is the first to have it."""
        short = self._called(name)
        return short if self._keys.get(name) is key and self.short.get(short) == name else None

    def seen(self, document: str) -> dict[str, str]:
        """What a document may write -> the qualified name of what it means by it."""
        if document not in self._views:
            visible = self._loaded.visible[document]
            found: dict[str, str] = {}
            for name in self._keys:
                if name.rpartition("/")[0] in visible and self._kept(name):
                    found.setdefault(self._called(name, visible), name)
            self._views[document] = found
        return self._views[document]

    def _kept(self, name: str) -> bool:
        return self.short.get(self._called(name)) == name

    def _called(self, name: str, by: frozenset[str] | None = None) -> str:
        """Its short name, given the documents whose word counts."""
        for renaming in self._renamings.get(name, ()):
            if by is None or renaming.by in by:
                return renaming.to.text
        return name.rpartition("/")[2]

    def _enter(self, document: str, key: Scalar) -> None:
        name = f"{document}/{key.text}"
        earlier = self._keys.setdefault(name, key)
        if earlier is not key:
            self._second(key.text, key.place, earlier.place, "rename one of the two: a name is one thing")

    def _second(self, short: str, place: Place, earlier: Place, help_: str) -> None:
        message, related = f"a second '{short}' is declared", [(earlier, f"the first '{short}'")]
        self._report.error("type.duplicate", message, place, related=related, help=help_)

    def _rename(self, document: Declared) -> None:
        taken: dict[str, Place] = {}
        for imported in document.imports:
            node = imported.value
            if isinstance(node, MapNode) and imported.key.text in self._loaded.documents:
                other = self._loaded.documents[imported.key.text]
                for entry in node.under("as"):
                    if isinstance(entry.value, Scalar) and self._known(entry.key, other):
                        first = taken.setdefault(entry.value.text, entry.value.place)
                        if first is not entry.value.place:
                            self._second(entry.value.text, entry.value.place, first, "give each another name")
                            continue
                        self._take(f"{other.name}/{entry.key.text}", _Renaming(document.name, entry.value))

    def _known(self, key: Scalar, other: Declared) -> bool:
        if f"{other.name}/{key.text}" in self._keys:
            return True
        wrong = not key.text[:1].isupper()  # it cannot be a type's, which was reported with the form
        if not wrong and not other.damaged and key.text not in other.broken:
            help_, suggestions = did_you_mean(key.text, [key.text for key in _keys(other)])
            message = f"'{other.name}' declares no '{key.text}'"
            self._report.error("type.unknown", message, key.place, help=help_, suggestions=suggestions)
        return False

    def _take(self, name: str, renaming: _Renaming) -> None:
        known = self._renamings.setdefault(name, [])
        if known and known[0].to.text != renaming.to.text:
            message = f"'{name}' is named '{renaming.to.text}' here, and '{known[0].to.text}' in '{known[0].by}'"
            related = [(known[0].to.place, f"the name in '{known[0].by}'")]
            help_ = "give it the same name wherever it is imported"
            self._report.error("name.disputed", message, renaming.to.place, related=related, help=help_)
        else:
            known.append(renaming)

    def _call(self, name: str) -> None:
        short = self._called(name)
        first = self.short.setdefault(short, name)
        if first != name:
            one, other = (self._loaded.documents[each.rpartition("/")[0]] for each in (first, name))
            if one.name in self._loaded.visible[other.name]:
                help_ = f"rename it; or give the other another name here: '{_import(one, first)}'"
            else:
                help_ = f"an ontology that imports both can give one another name: '{_import(other, name)}'"
            self._second(short, self._place(name), self._place(first), help_)

    def _place(self, name: str) -> Place:
        """Where its short name is given to it."""
        renamings = self._renamings.get(name)
        return renamings[0].to.place if renamings else self._keys[name].place

    def _check_views(self) -> None:
        """Two names may be apart for all in force, thanks to a document that this one does not import."""
        if not self._renamings:
            return
        for document in self._loaded.documents.values():
            visible = self._loaded.visible[document.name]
            seen = self.seen(document.name)
            for name in self._keys:
                short = self._called(name, visible)
                if name.rpartition("/")[0] in visible and seen[short] != name:
                    first, second = seen[short], name
                    message = f"'{short}' is a name in two of the ontologies that '{document.name}' uses"
                    related = [(self._keys[each].place, each) for each in (first, second)]
                    help_ = f"give one another name: 'as: {{ {second.rpartition('/')[2]}: NAME }}' in its import"
                    self._report.error("type.duplicate", message, document.place, related=related, help=help_)


def _import(document: Declared, name: str) -> str:
    """How it is imported by another name."""
    version, own = document.document.version or "1", name.rpartition("/")[2]
    return f"imports: {{ {document.name}: {{ version: ^{version}, as: {{ {own}: Other{own} }} }} }}"


def _keys(document: Declared) -> Iterator[Scalar]:
    yield from (declaration.key for declaration in document.types)
    yield from (entry.key for entry in (*document.enums, *document.models))
