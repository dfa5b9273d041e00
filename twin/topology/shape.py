"""The form of a topology document, and of a map of series: every key, what it holds, and what it is for."""

from __future__ import annotations

from twin.ontology.shape import DOCUMENT_NAME, RANGE_LEAF, RANGE_OF_VALUES, TITLE, VERSION_LEAF
from twin.source import Entries, Field, Leaf, Lists, Record, Reference, TextOr

__all__ = ["FUNCTIONS", "PATH", "SERIES", "TOPOLOGY"]

_NAME_KEY = (r"[a-z][a-z0-9_]*", "a name is lowercase, with underscores: flats_per_floor")
_KEY = (r"[a-z0-9][a-z0-9-]*", 'a key is lowercase letters, digits and hyphens: flat-302, or "flat-${n}"')
_COLUMN = (r"[A-Za-z_][A-Za-z0-9_]*", "a column is one word: serial")
_TEXT = Leaf(dynamic=True)
_VALUE = Leaf(("text", "number", "boolean"))
_TYPE = Leaf()
_NAMES = Lists(Leaf(pattern=_NAME_KEY[0], says=_NAME_KEY[1]))
_RULE = Record(
    "a rule",
    {"rule": Field(Leaf(), 'a condition that finds them: type is Radiator and within "/"', required=True)},
)
_PATHS = Lists(_TEXT, map=_RULE)
_MEMBERS = Lists(_TEXT, says="a rule stands beside 'members': { rule: type is Light }")
SETTING: TextOr = TextOr(
    _VALUE,
    Lists(
        Reference("setting", lambda: SETTING),
        alone=False,
        map=Entries(*_NAME_KEY, Reference("setting", lambda: SETTING)),
    ),
)
"""The value of a configuration point: a single one, a list, or an object with its fields."""
_ROLE = Record("a place to fill", {"role": Field(Leaf(), "the role that its holder has: Tenant", required=True)})
FUNCTIONS = {
    "sum": "the quantity that is added up: active_power",
    "avg": "the quantity whose average it is: air_temperature",
    "min": "the quantity whose least value it is",
    "max": "the quantity whose greatest value it is",
    "any": "the quantity of which one at least is true: occupancy",
    "all": "the quantity of which every one is true",
    "count": "the quantity of which those that are true, or there, are counted",
}
"""How a point of a space is worked out from those of several devices, and from what."""

_SOURCE = Record(
    "a point of a space",
    {
        "from": Field(_TEXT, "the device and its point that it follows: thermostat.temperature"),
        **{name: Field(Leaf(), says) for name, says in FUNCTIONS.items()},
        "over": Field(_RULE, "which devices it is worked out from; all that are there, where nothing is said"),
    },
    either=("from", *FUNCTIONS),
)
_TYPED = {"type": Field(_TYPE, "its type, of the ontologies used", required=True)}
_COMMON = {
    "title": Field(TITLE, "its name for people"),
    "properties": Field(Entries(*_NAME_KEY, _VALUE), "facts about it"),
    "has": Field(_NAMES, "optional points and commands that it has"),
    "lacks": Field(_NAMES, "points and commands of its type that it is without"),
    "configuration": Field(
        Entries(*_NAME_KEY, Reference("setting", lambda: SETTING)), "what it shall be set to: { setpoint: 20 }"
    ),
    "relations": Field(Entries(*_NAME_KEY, _PATHS), "what it is related to, by path or by rule"),
    "roles": Field(Entries(*_KEY, _ROLE), "places for people to fill: { tenant: { role: Tenant } }"),
}
_MODEL = {"model": Field(Leaf(), "the product that it is, of the ontologies used; its type follows from that")}
_REPEATED = {
    "each": Field(
        Entries(*_NAME_KEY, Lists(_VALUE)),
        "one for each value of a range, a list or a table: { n: 1..4 }",
    ),
    "when": Field(Leaf(("text", "boolean")), 'only if this holds: heating == "collective"'),
}
_USES = {
    "use": Field(Leaf(), "the fragment that it begins with"),
    "with": Field(Entries(*_NAME_KEY, _VALUE), "values for the fragment's parameters"),
}
_BORROWING = {"type": Field(_TYPE, "its type, of the ontologies used"), **_USES}
_FOLLOWS = {
    "status": Field(Entries(*_NAME_KEY, _SOURCE), "points that follow a device in it, or are worked out from several")
}
_SERIAL = {"asset": Field(_TEXT, "its declared serial number")}

_DEVICES = Entries(*_KEY, Reference("device", lambda: DEVICE), patterned=True)
_SPACES = Entries(*_KEY, Reference("space", lambda: SPACE), patterned=True)
DEVICE: Record = Record(
    "a device",
    {**_BORROWING, **_MODEL, **_COMMON, **_REPEATED, **_SERIAL, "devices": Field(_DEVICES, "its parts")},
    either=("type", "use", "model"),
)
SPACE: Record = Record(
    "a space",
    {
        **_BORROWING,
        **_COMMON,
        **_REPEATED,
        **_FOLLOWS,
        "spaces": Field(_SPACES, "the spaces in it"),
        "devices": Field(_DEVICES, "the devices in it"),
    },
    either=("type", "use"),
)
SITE = Record(
    "the site",
    {
        **_TYPED,
        **_COMMON,
        **_FOLLOWS,
        "timezone": Field(
            Leaf(pattern=r"[A-Za-z_+\-0-9]+(/[A-Za-z_+\-0-9]+)*", says="a zone is written like Europe/Paris"),
            "its time zone: Europe/Paris",
        ),
    },
)
GATEWAY = Record(
    "a gateway",
    {
        "type": _BORROWING["type"],
        **_MODEL,
        **_COMMON,
        **_REPEATED,
        **_SERIAL,
        "connects": Field(_PATHS, "the devices behind it, by path or by rule"),
    },
    either=("type", "model"),
)
VIEW = Record(
    "a view",
    {
        "type": Field(_TYPE, "its type; a plain Group where none is said"),
        **_COMMON,
        **_REPEATED,
        **_FOLLOWS,
        "members": Field(_MEMBERS, "what it groups, by path"),
        "rule": Field(Leaf(), "a condition for what else it groups, whatever comes and goes: type is Radiator"),
    },
)
PARAMETER = Record(
    "a parameter",
    {
        "type": Field(Leaf(), "string, integer, number, boolean, enum or table", required=True),
        "range": Field(RANGE_OF_VALUES, "the least and the greatest value: 1..60"),
        "values": Field(Lists(Leaf(), alone=False), "the words of an enum"),
        "default": Field(_VALUE, "its value when none is given"),
        "optional": Field(Leaf(("boolean",)), "whether it may be left out"),
        "key": Field(Leaf(pattern=_COLUMN[0], says=_COLUMN[1]), "the column that names the rows of a table"),
        "columns": Field(
            Entries(*_COLUMN, Leaf(choices=("string", "integer", "number", "boolean"))),
            "the other columns of a table, and what they hold: { serial: string }",
        ),
        "title": Field(TITLE, "its name for people"),
        "description": Field(TITLE, "what it is for"),
    },
)
FRAGMENT = Record(
    "a fragment",
    {
        "parameters": Field(Entries(*_NAME_KEY, PARAMETER), "what differs from one use to the next"),
        **_BORROWING,
        **_MODEL,
        **_COMMON,
        **_SERIAL,
        **_FOLLOWS,
        "spaces": Field(_SPACES, "the spaces in it"),
        "devices": Field(_DEVICES, "the devices in it"),
    },
)
OVERRIDE = Record(
    "an override",
    {
        "absent": Field(Leaf(("boolean",)), "true: this one is left out"),
        "with": _USES["with"],
        "type": _BORROWING["type"],
        **_MODEL,
        **_COMMON,
        **_SERIAL,
        **_FOLLOWS,
        **{name: VIEW.fields[name] for name in ("members", "rule")},
        "connects": GATEWAY.fields["connects"],
    },
)
PATH = (rf"/?{_KEY[0]}(/{_KEY[0]})*", "a path is written with slashes, from the site on: floor-1/flat-102")
TOPOLOGY = Record(
    "a topology",
    {
        "topology": Field(DOCUMENT_NAME, "its name", required=True),
        "version": Field(VERSION_LEAF, "its version: 1.0.0", required=True),
        "title": Field(TITLE, "its name for people"),
        "description": Field(TITLE, "what it is for"),
        "uses": Field(
            Entries(DOCUMENT_NAME.pattern, DOCUMENT_NAME.says, RANGE_LEAF),
            "the ontologies whose types it uses, with the versions it works with: { connected-home: ^1.0 }",
            required=True,
        ),
        "parameters": Field(Entries(*_NAME_KEY, PARAMETER), "what differs from one building to the next"),
        "site": Field(SITE, "the home or the building itself", required=True),
        "gateways": Field(Entries(*_KEY, GATEWAY, patterned=True), "products that give access to devices"),
        "spaces": Field(_SPACES, "the spaces of the site"),
        "devices": Field(_DEVICES, "devices that belong to the site as a whole"),
        "views": Field(Entries(*_KEY, VIEW, patterned=True), "groupings, wherever their members are"),
        "fragments": Field(Entries(*_KEY, FRAGMENT), "what spaces or devices have in common, to 'use'"),
        "overrides": Field(
            Entries(*PATH, OVERRIDE, patterned=True), "what is different about single entities, by path"
        ),
        "moved": Field(
            Entries(*PATH, Leaf(pattern=PATH[0], says=PATH[1])),
            "old path: new path, of what keeps its identity and its history",
        ),
    },
)
SERIES = Record(
    "a map of series",
    {
        "series": Field(
            Entries(r"[^/\\]+", "a key is the name of a file", Leaf()),
            "which file holds which point: kitchen/climate.temperature",
            required=True,
        ),
        "site": Field(Leaf(pattern=_KEY[0], says=_KEY[1]), "the key of the site they were measured in", required=True),
        "title": Field(TITLE, "its name for people"),
        "description": Field(TITLE, "where the series are from"),
    },
)
