"""The form of an ontology document: every key, what it holds, and what it is for."""

from __future__ import annotations

from twin.ontology.versions import RANGE, VERSION
from twin.source import Entries, Field, Leaf, Lists, Record, Reference, TextOr

__all__ = ["DOCUMENT_NAME", "ONTOLOGY", "SECTIONS", "TITLE", "VERSION_LEAF"]

DOCUMENT_NAME = Leaf(pattern=r"[a-z][a-z0-9-]*", says="a name is lowercase words with hyphens: connected-home")
VERSION_LEAF = Leaf(("text", "number"), VERSION, "a version has up to three numbers: 1.2.0")
RANGE_LEAF = Leaf(
    ("text", "number"), RANGE, "a range of versions: ^1.0, ~1.2, '>=1.0 <2', 1.2.0 or *", code="version.invalid"
)
_LANGUAGE = r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*"
TITLE = TextOr(Leaf(), Entries(_LANGUAGE, "a key is a language: en, fr, pt-BR", Leaf()))
"""Words for people: one text, or one for each language."""
_TYPE = Leaf()
_TYPE_KEY = (r"[A-Z][A-Za-z0-9]*", "a type is capitalised, without spaces: RollerShutter")
_NAME_KEY = (r"[a-z][a-z0-9_]*", "a name is lowercase, with underscores: air_temperature")
_FLAG = Leaf(("boolean",))
_NUMBER = Leaf(("number",))
_WORD = Leaf(pattern=r"[A-Za-z0-9][A-Za-z0-9_-]*", says="a value is one word: eco, window_open")
_UNIT = Leaf(("text", "integer"))
_VALUE_TYPE = Leaf(
    pattern=r"[A-Za-z][A-Za-z0-9]*",
    says="number, integer, boolean, string, timestamp, or the name of an enum",
)
RANGE_OF_VALUES = Leaf(says="a range is written with two dots: 5..30; one end may be left open: 0..")
_VALUES = Lists(_WORD, alone=False)
_COMMON_LATER = frozenset({"aligns", "deprecated", "private", "vendor"})

POINT = Record(
    "a point",
    {
        "type": Field(_VALUE_TYPE, "number, integer, boolean, string, timestamp, or the name of an enum"),
        "unit": Field(_UNIT, "a UCUM code: Cel, kW.h, %, 1"),
        "measures": Field(Leaf(), "the quantity it measures: air_temperature"),
        "range": Field(RANGE_OF_VALUES, "the least and the greatest value: 5..30"),
        "values": Field(_VALUES, "the words it may be"),
        "every": Field(Leaf(), "how often it reports: 5 min"),
        "optional": Field(_FLAG, "whether an instance may be without it"),
        "title": Field(TITLE, "its name for people"),
    },
    _COMMON_LATER | {"deadband", "step", "default", "accumulates", "retention", "description"},
)
PROPERTY = Record(
    "a property",
    {
        "type": Field(_VALUE_TYPE, "number, integer, boolean, string, timestamp, or the name of an enum"),
        "unit": Field(_UNIT, "a UCUM code: m2"),
        "min": Field(_NUMBER, "the least value"),
        "max": Field(_NUMBER, "the greatest value"),
        "values": Field(_VALUES, "the words it may be"),
        "required": Field(_FLAG, "whether every instance must have it"),
        "title": Field(TITLE, "its name for people"),
    },
    _COMMON_LATER | {"default", "description"},
)
_POINTS = Entries(*_NAME_KEY, Reference("point", lambda: POINT))
_PROPERTIES = Entries(*_NAME_KEY, Reference("property", lambda: PROPERTY))
_TYPE_LATER = _COMMON_LATER | {"commands", "events", "boundary", "models", "roles"}
_SHARED = {
    "is": Field(Lists(_TYPE), "what it is: its parents, the mixins it has"),
    "title": Field(TITLE, "its name for people"),
    "description": Field(TITLE, "what it is for"),
    "properties": Field(_PROPERTIES, "facts that do not change by themselves"),
    "status": Field(_POINTS, "what it says of itself"),
    "configuration": Field(_POINTS, "what can be set"),
}
_NAMED = {
    **_SHARED,
    "abstract": Field(_FLAG, "whether only its subtypes can exist"),
    "plural": Field(
        Leaf(pattern=r"[A-Z][A-Za-z0-9]*", says="a plural is written like a type: RollerShutters"), "many of it"
    ),
}
_TYPES = Lists(_TYPE)
_CONTAINS = {"contains": Field(_TYPES, "the types of spaces it may contain")}

MIXIN = Record("a mixin", _SHARED, _TYPE_LATER | {"plural"})
SITE = Record("a type of site", {**_NAMED, **_CONTAINS}, _TYPE_LATER)
SPACE = Record("a type of space", {**_NAMED, **_CONTAINS}, _TYPE_LATER)
VIEW = Record("a type of view", {**_NAMED, "of": Field(_TYPES, "what it may include")}, _TYPE_LATER)
GATEWAY = Record("a type of gateway", {**_NAMED, "connects": Field(_TYPES, "the devices it may connect")}, _TYPE_LATER)
DEVICE = Record("a type of device", _NAMED, _TYPE_LATER)

SECTIONS = {"mixins": MIXIN, "sites": SITE, "spaces": SPACE, "views": VIEW, "gateways": GATEWAY, "devices": DEVICE}
"""The sections that declare types."""

RELATION = Record(
    "a relation",
    {
        "from": Field(_TYPES, "the types it may begin at", required=True),
        "to": Field(_TYPES, "the types it may end at", required=True),
        "inverse": Field(Leaf(pattern=_NAME_KEY[0], says=_NAME_KEY[1]), "its name seen from the other end"),
        "title": Field(TITLE, "its name for people"),
    },
    _COMMON_LATER | {"count", "description"},
)
QUANTITY = Record(
    "a quantity",
    {
        "unit": Field(_UNIT, "a unit that fixes its dimension; none for what has no unit"),
        "title": Field(TITLE, "its name for people"),
    },
    _COMMON_LATER | {"description"},
)

ONTOLOGY = Record(
    "an ontology",
    {
        "ontology": Field(DOCUMENT_NAME, "its name", required=True),
        "version": Field(VERSION_LEAF, "its version: 1.2.0", required=True),
        "title": Field(TITLE, "its name for people"),
        "description": Field(TITLE, "what it is for"),
        "imports": Field(
            Entries(DOCUMENT_NAME.pattern, DOCUMENT_NAME.says, RANGE_LEAF),
            "the ontologies it builds on, with the versions it works with",
        ),
        "enums": Field(Entries(*_TYPE_KEY, _VALUES), "named lists of words"),
        "quantities": Field(Entries(*_NAME_KEY, QUANTITY), "what points may measure"),
        **{name: Field(Entries(*_TYPE_KEY, shape), f"its {name}") for name, shape in SECTIONS.items()},
        "relations": Field(Entries(*_NAME_KEY, RELATION), "how entities may be related"),
    },
    frozenset({"models", "roles", "deprecated", "migrations", "aligns", "commands", "events"}),
)
