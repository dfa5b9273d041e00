"""The form of an ontology document: every key, what it holds, and what it is for."""

from __future__ import annotations

from twin.ontology.model import PERMISSIONS
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
_VALUE_TYPES = "number, integer, boolean, string, timestamp, object, list, or the name of an enum"
_VALUE_TYPE = Leaf(pattern=r"[A-Za-z][A-Za-z0-9]*", says=_VALUE_TYPES)
RANGE_OF_VALUES = Leaf(says="a range is written with two dots: 5..30; one end may be left open: 0..")
_VALUES = Lists(_WORD, alone=False)
_PLAIN = Leaf(("text", "number", "boolean"))
_DEFAULT = Lists(_PLAIN, map=Entries(*_NAME_KEY, Lists(_PLAIN)))
"""One value, a list of values, or for an object its fields with their values."""
_DURATION = Leaf(says="a number and ms, s, min, h or d: 5 min")
VOCABULARIES = ("brick", "rec", "haystack", "saref", "qudt")
"""Other people's words for the same things, which `aligns` may name."""
_ALIGNED_NAME = Leaf(
    pattern=r"([a-z][a-z0-9]*:)?[A-Za-z][A-Za-z0-9_.-]*",
    says="the name of a class elsewhere is one word: Air_Temperature_Sensor, s4bldg:BuildingSpace",
)
_ALIGNS = Record("alignments", {name: Field(_ALIGNED_NAME, f"its name in {name}") for name in VOCABULARIES})
_WORDS = {
    "title": Field(TITLE, "its name for people"),
    "description": Field(TITLE, "what it is for"),
}
_ALIGNED = {"aligns": Field(_ALIGNS, "the same thing in other vocabularies: { brick: Thermostat }")}

_TYPED = {
    "type": Field(_VALUE_TYPE, _VALUE_TYPES),
    "unit": Field(_UNIT, "a UCUM code: Cel, kW.h, %, 1"),
    "values": Field(_VALUES, "the words it may be"),
    "range": Field(RANGE_OF_VALUES, "the least and the greatest value: 5..30"),
    "fields": Field(Reference("fields", lambda: FIELDS), "what an object is made of"),
    "items": Field(Reference("field", lambda: FIELD), "what a list is made of: { type: string }"),
}
FIELD: Record = Record(
    "a field",
    {
        **_TYPED,
        "optional": Field(_FLAG, "whether it may be left out"),
        "default": Field(_DEFAULT, "its value when none is given"),
        **_WORDS,
    },
)
FIELDS: Entries = Entries(*_NAME_KEY, Reference("field", lambda: FIELD))
POINT = Record(
    "a point",
    {
        **_TYPED,
        "measures": Field(Leaf(), "the quantity it measures: air_temperature"),
        "every": Field(_DURATION, "how often it reports: 5 min"),
        "optional": Field(_FLAG, "whether an instance may be without it"),
        "accumulates": Field(_FLAG, "true for an index that only rises: its increase counts, never its average"),
        "deadband": Field(_NUMBER, "changes smaller than this, in its unit, are not announced"),
        "retention": Field(_DURATION, "for how long its history is kept: 400 d"),
        "private": Field(_FLAG, "whether reading it takes the permission read-private"),
        "step": Field(_NUMBER, "of a setting: what its values are multiples of"),
        "default": Field(_DEFAULT, "of a setting: what is wished where nobody has said"),
        **_WORDS,
        **_ALIGNED,
    },
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
        "default": Field(_PLAIN, "what an instance has that says nothing"),
        "private": Field(_FLAG, "whether reading it takes the permission read-private"),
        **_WORDS,
        **_ALIGNED,
    },
)
COMMAND = Record(
    "a command",
    {
        "arguments": Field(
            Reference("fields", lambda: FIELDS), "what it is told: { minutes: { type: integer, unit: min } }"
        ),
        "result": Field(Reference("fields", lambda: FIELDS), "what it answers"),
        "timeout": Field(_DURATION, "how long an answer may take: 30 s"),
        "optional": Field(_FLAG, "whether a product of the type may be without it"),
        **_WORDS,
    },
)
EVENT = Record("an event", {"fields": Field(Reference("fields", lambda: FIELDS), "its particulars"), **_WORDS})
_POINTS = Entries(*_NAME_KEY, Reference("point", lambda: POINT))
_PROPERTIES = Entries(*_NAME_KEY, Reference("property", lambda: PROPERTY))
_SHARED = {
    "is": Field(Lists(_TYPE), "what it is: its parents, the mixins it has"),
    **_WORDS,
    "properties": Field(_PROPERTIES, "facts that do not change by themselves"),
    "status": Field(_POINTS, "what it says of itself"),
    "configuration": Field(_POINTS, "what can be set"),
    "events": Field(Entries(*_NAME_KEY, Reference("event", lambda: EVENT)), "what happens to it, told once"),
    "commands": Field(Entries(*_NAME_KEY, Reference("command", lambda: COMMAND)), "what it can be asked to do"),
    **_ALIGNED,
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

MIXIN = Record("a mixin", _SHARED)
SITE = Record("a type of site", {**_NAMED, **_CONTAINS})
SPACE = Record(
    "a type of space",
    {**_NAMED, **_CONTAINS, "boundary": Field(_FLAG, "whether roles held around it stop at its door")},
)
VIEW = Record("a type of view", {**_NAMED, "of": Field(_TYPES, "what it may include")})
GATEWAY = Record("a type of gateway", {**_NAMED, "connects": Field(_TYPES, "the devices it may connect")})
DEVICE = Record("a type of device", _NAMED)

SECTIONS = {"mixins": MIXIN, "sites": SITE, "spaces": SPACE, "views": VIEW, "gateways": GATEWAY, "devices": DEVICE}
"""The sections that declare types."""

_MEMBER_NAMES = Lists(Leaf(pattern=_NAME_KEY[0], says=_NAME_KEY[1]))
MODEL = Record(
    "a model",
    {
        "of": Field(_TYPE, "the type that it is a product of", required=True),
        "lacks": Field(_MEMBER_NAMES, "points and commands of the type that it does not have"),
        "has": Field(_MEMBER_NAMES, "optional points and commands that it has"),
        "vendor": Field(Leaf(), "who makes it"),
        "properties": Field(Entries(*_NAME_KEY, _PLAIN), "what is true of every one of them"),
        **_WORDS,
    },
)
ROLE = Record(
    "a role",
    {
        "on": Field(_TYPES, "the types on which it can be held", required=True),
        "may": Field(Lists(Leaf(choices=PERMISSIONS, code="permission.unknown")), "what it allows", required=True),
        "crosses": Field(_TYPES, "boundaries that do not stop it"),
        **_WORDS,
    },
)
_VERSION_TEXT = Leaf(("text", "number"), VERSION, "a version has up to three numbers: 1.1")
DEPRECATED = Record(
    "a deprecation",
    {
        "use": Field(Leaf(), "what replaces it: Radiator.temperature"),
        "since": Field(_VERSION_TEXT, "the version that deprecates it"),
        "remove": Field(_VERSION_TEXT, "the version in which it goes"),
    },
)
_SUBJECT = Leaf(
    pattern=r"[A-Z][A-Za-z0-9]*(\.[a-z][a-z0-9_]*)?", says="a type, or a type and its member: Radiator, Radiator.temp"
)
STEP = Record(
    "a step",
    {
        "rename": Field(_SUBJECT, "a type or a member, by its old name: Radiator.temp"),
        "split": Field(_SUBJECT, "a type that becomes several"),
        "merge": Field(Lists(_SUBJECT, alone=False), "types that become one: [Lamp, Bulb]"),
        "convert": Field(_SUBJECT, "a point or a property whose unit changes: HeatMeter.energy"),
        "default": Field(_SUBJECT, "a property or a setting that is new: Room.use"),
        "remove": Field(_SUBJECT, "a type or a member that goes"),
        "to": Field(
            TextOr(
                Leaf(("text", "integer")),
                Entries(
                    r"([a-z][a-z0-9-]*/)?[A-Z][A-Za-z0-9]*",
                    "a key is a type: RadiatorValve",
                    Record("a condition", {"rule": Field(Leaf(), "which of them become it: has battery")}),
                ),
            ),
            "the new name, the new unit, or the types with the rule for each",
        ),
        "from": Field(_UNIT, "the unit it was in"),
        "value": Field(Lists(_PLAIN), "what those get that have none"),
        "reason": Field(Leaf(), "why it goes, for those who lose it"),
    },
    either=("rename", "split", "merge", "convert", "default", "remove"),
)

RELATION = Record(
    "a relation",
    {
        "from": Field(_TYPES, "the types it may begin at", required=True),
        "to": Field(_TYPES, "the types it may end at", required=True),
        "inverse": Field(Leaf(pattern=_NAME_KEY[0], says=_NAME_KEY[1]), "its name seen from the other end"),
        "count": Field(
            Leaf(
                ("text", "integer"),
                r"\d{1,6}(\.\.(\d{1,6})?)?|\.\.\d{1,6}",
                "how many ends one beginning may have: 0..1, 1.., 1",
            ),
            "how many ends one beginning may have: 0..1",
        ),
        **_WORDS,
        **_ALIGNED,
    },
)
QUANTITY = Record(
    "a quantity",
    {"unit": Field(_UNIT, "a unit that fixes its dimension; none for what has no unit"), **_WORDS, **_ALIGNED},
)
IMPORT = TextOr(
    RANGE_LEAF,
    Record(
        "an import",
        {
            "version": Field(RANGE_LEAF, "the versions it works with: ^1.0", required=True),
            "as": Field(
                Entries(*_TYPE_KEY, Leaf(pattern=_TYPE_KEY[0], says=_TYPE_KEY[1])),
                "other names for its types, where two ontologies use one name: { Meter: UtilityMeter }",
            ),
        },
    ),
)

ONTOLOGY = Record(
    "an ontology",
    {
        "ontology": Field(DOCUMENT_NAME, "its name", required=True),
        "version": Field(VERSION_LEAF, "its version: 1.2.0", required=True),
        **_WORDS,
        "imports": Field(
            Entries(DOCUMENT_NAME.pattern, DOCUMENT_NAME.says, IMPORT),
            "the ontologies it builds on, with the versions it works with: { core: ^1.0 }",
        ),
        "enums": Field(Entries(*_TYPE_KEY, _VALUES), "named lists of words"),
        "quantities": Field(Entries(*_NAME_KEY, QUANTITY), "what points may measure"),
        **{name: Field(Entries(*_TYPE_KEY, shape), f"its {name}") for name, shape in SECTIONS.items()},
        "models": Field(Entries(*_TYPE_KEY, MODEL), "products of its types, and what each really has"),
        "relations": Field(Entries(*_NAME_KEY, RELATION), "how entities may be related"),
        "roles": Field(Entries(*_TYPE_KEY, ROLE), "what people may do"),
        "deprecated": Field(
            Entries(
                r"[A-Z][A-Za-z0-9]*(\.[a-z][a-z0-9_]*)?",
                "a key is a type, or a type and its member: Radiator.temp",
                DEPRECATED,
            ),
            "what is on its way out",
        ),
        "migrations": Field(
            Entries(
                rf"{VERSION} *-> *{VERSION}",
                "a key is two versions: 1 -> 2",
                Lists(STEP, alone=False),
            ),
            "how what exists follows from one version to the next",
        ),
    },
)
