"""Hypothesis strategies, shared by all tests."""

from __future__ import annotations

from functools import cache
from typing import Any

from hypothesis import strategies as st

from twin.mqtt.packets import (
    V5,
    Ack,
    Auth,
    Connack,
    Connect,
    Disconnect,
    Kind,
    Packet,
    Pingreq,
    Pingresp,
    Properties,
    Property,
    Publish,
    Reason,
    Suback,
    Subscribe,
    Unsuback,
    Unsubscribe,
    Will,
)
from twin.mqtt.packets.properties import TABLE

# MQTT

_mqtt_text = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)
_mqtt_topic = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="+#"), min_size=1, max_size=12)
_mqtt_ids = st.integers(1, 0xFFFF)
_mqtt_filters = st.lists(
    st.one_of(_mqtt_topic.filter(lambda topic: not topic.startswith("$share/")), st.just("#"), st.just("a/+/b")),
    min_size=1,
    max_size=3,
)
_MQTT_FLAGS = {Property.PAYLOAD_FORMAT_INDICATOR, Property.MAXIMUM_QOS, Property.RETAIN_AVAILABLE} | {
    name for name in Property if name.name.startswith("REQUEST_") or name.name.endswith("SUBSCRIPTION_AVAILABLE")
}
_MQTT_FLAGS |= {Property.SUBSCRIPTION_IDENTIFIER_AVAILABLE}
_MQTT_TEXTS = {Property.CONTENT_TYPE, Property.ASSIGNED_CLIENT_IDENTIFIER, Property.REASON_STRING}
_MQTT_TEXTS |= {Property.RESPONSE_INFORMATION, Property.SERVER_REFERENCE, Property.AUTHENTICATION_METHOD}
_MQTT_BYTES = {Property.CORRELATION_DATA, Property.AUTHENTICATION_DATA}


def _mqtt_value(name: Property) -> st.SearchStrategy[Any]:
    if name in _MQTT_FLAGS:
        return st.integers(0, 1)
    if name in _MQTT_TEXTS:
        return _mqtt_text
    if name in _MQTT_BYTES:
        return st.binary(max_size=8)
    if name is Property.RESPONSE_TOPIC:
        return _mqtt_topic
    if name is Property.USER_PROPERTY:
        return st.lists(st.tuples(_mqtt_text, _mqtt_text), min_size=1, max_size=3)
    return st.integers(1, 0xFFFF)


def mqtt_properties(kind: Kind, version: int) -> st.SearchStrategy[Properties]:
    """Properties that may stand in packets of the kind; none before MQTT 5."""
    if version != V5:
        return st.just({})
    values = {name: _mqtt_value(name) for name, rule in TABLE.items() if kind in rule.kinds}
    properties = st.fixed_dictionaries({}, optional=values)
    if Property.AUTHENTICATION_METHOD in values:
        return properties.map(_with_method)
    return properties


def _with_method(properties: dict[Property, Any]) -> dict[Property, Any]:
    if Property.AUTHENTICATION_DATA in properties:
        properties.setdefault(Property.AUTHENTICATION_METHOD, "method")
    return properties


@cache
def mqtt_packets(version: int) -> st.SearchStrategy[Packet]:
    """Any packet that may be sent in the version, in either direction."""
    reasons = st.sampled_from(Reason) if version == V5 else st.just(Reason.SUCCESS)
    acks = [
        st.builds(Ack, st.just(kind), _mqtt_ids, reasons, mqtt_properties(kind, version))
        for kind in (Kind.PUBACK, Kind.PUBREC, Kind.PUBREL, Kind.PUBCOMP)
    ]
    connacks = reasons if version == V5 else st.sampled_from([Reason.SUCCESS, Reason.NOT_AUTHORIZED])
    granted = reasons if version == V5 else st.sampled_from([Reason.SUCCESS, Reason.UNSPECIFIED_ERROR])
    unsubscribed = st.lists(reasons, min_size=1, max_size=3).map(tuple) if version == V5 else st.just(())
    packets: list[st.SearchStrategy[Packet]] = [
        *acks,
        mqtt_connects(version),
        mqtt_publishes(version),
        st.builds(Connack, connacks, st.booleans(), mqtt_properties(Kind.CONNACK, version)),
        _mqtt_subscribes(version),
        st.builds(
            Suback,
            _mqtt_ids,
            st.lists(granted, min_size=1, max_size=3).map(tuple),
            mqtt_properties(Kind.SUBACK, version),
        ),
        st.builds(Unsubscribe, _mqtt_ids, _mqtt_filters.map(tuple), mqtt_properties(Kind.UNSUBSCRIBE, version)),
        st.builds(Unsuback, _mqtt_ids, unsubscribed, mqtt_properties(Kind.UNSUBACK, version)),
        st.builds(Pingreq),
        st.builds(Pingresp),
        st.builds(Disconnect, reasons, mqtt_properties(Kind.DISCONNECT, version)),
    ]
    if version == V5:
        packets.append(st.builds(Auth, reasons, mqtt_properties(Kind.AUTH, version)))
    return st.one_of(packets)


def mqtt_publishes(version: int) -> st.SearchStrategy[Publish]:
    """A message of QoS 0, 1 or 2."""
    rest = {"payload": st.binary(max_size=40), "properties": mqtt_properties(Kind.PUBLISH, version)}
    return st.one_of(
        st.builds(Publish, _mqtt_topic, retain=st.booleans(), **rest),
        st.builds(
            Publish,
            _mqtt_topic,
            qos=st.integers(1, 2),
            packet_id=_mqtt_ids,
            retain=st.booleans(),
            dup=st.booleans(),
            **rest,
        ),
    )


def mqtt_connects(version: int) -> st.SearchStrategy[Connect]:
    """A CONNECT, with and without will, user name and password."""
    wills = st.builds(
        Will,
        _mqtt_topic,
        st.binary(max_size=8),
        st.integers(0, 2),
        st.booleans(),
        mqtt_properties(Kind.WILL, version),
    )
    names = st.tuples(_mqtt_text, st.none() | st.binary(max_size=8))
    credentials = names | st.tuples(st.none(), st.binary(max_size=8) if version == V5 else st.none())
    return st.builds(
        lambda client_id, clean, keep_alive, pair, will, properties: Connect(
            client_id, version, clean, keep_alive, *pair, will, properties
        ),
        _mqtt_text,
        st.booleans(),
        st.integers(0, 0xFFFF),
        credentials,
        st.none() | wills,
        mqtt_properties(Kind.CONNECT, version),
    )


def _mqtt_subscribes(version: int) -> st.SearchStrategy[Subscribe]:
    options = st.sampled_from([0, 1, 2, 4, 8, 0x10, 0x2E] if version == V5 else [0, 1, 2])
    filters = _mqtt_filters.flatmap(lambda found: st.tuples(*(st.tuples(st.just(one), options) for one in found)))
    return st.builds(Subscribe, _mqtt_ids, filters, mqtt_properties(Kind.SUBSCRIBE, version))


# Authoring

_WORDS = st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=6)
prose = st.lists(
    st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=8),
    min_size=1,
    max_size=12,
).map(" ".join)
"""Words with single spaces between them, in any script."""

TOKENS = (
    *(
        "${",
        "}",
        "{",
        "[",
        "]",
        ": ",
        "\n",
        "\t",
        "  ",
        "- ",
        "*x",
        "&x ",
        "!!str ",
        "null",
        "~",
        "1e999",
        "-1",
        "..",
        "true",
    ),
    *("'", '"', "|\n", ">", "#", "%", "@", "é", "\u2028", "\x85", "\ufeff", "\x00", "${1 / 0}", "/", "site: ", "is: "),
)
"""What a slip of the hand puts into YAML."""


@st.composite
def mistyped(draw: st.DrawFn, text: str) -> str:
    """A document after a few accidents: characters lost, doubled or put in, lines and words exchanged."""
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(1, 30)))
        match draw(st.integers(0, 4)):
            case 0:
                text = text[:start] + text[end:]
            case 1:
                text = text[:end] + text[start:end] + text[end:]
            case 2:
                text = text[:start] + draw(st.sampled_from(TOKENS)) + text[start:]
            case 3:
                text = text[:start] + draw(st.sampled_from(TOKENS)) + text[end:]
            case _:
                lines = text.split("\n")
                one, other = (draw(st.integers(0, len(lines) - 1)) for _ in range(2))
                lines[one], lines[other] = lines[other], lines[one]
                text = "\n".join(lines)
    return text


arithmetic = st.recursive(
    st.integers(0, 20).map(str) | st.sampled_from(["a", "b"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from([" + ", " - ", " * ", " // ", " % "]), inner).map("".join),
        inner.map("({})".format),
        inner.map("-{}".format),
    ),
    max_leaves=8,
)
"""Expressions over whole numbers that Python spells the same."""

_words = st.sampled_from(["a", "b1", "c_d", "notable", "1", "2.5", "1e3", "true", "'x'", '"it\'s"', "'say \"so\"'"])
_words |= st.sampled_from(["'$${a}'", '"n-${a + 1:02}"', "[]", "rows[a].serial", "rows['k-1'].area"])
_questions = ["type is Light", 'within "/"', "within 'f-${a}'", "has dimming", "measures occupancy", "in view:n-1"]
_operators = [
    " + ",
    " - ",
    "*",
    " // ",
    "/",
    " % ",
    " == ",
    " != ",
    "<",
    " <= ",
    " and ",
    " or ",
    " in ",
    " not in ",
    "..",
]


def expressions(*, rules: bool = False) -> st.SearchStrategy[str]:
    """Texts that are mostly expressions, or rules: not all of them parse."""
    return st.recursive(
        _words | st.sampled_from(_questions) if rules else _words,
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from(_operators), inner).map("".join),
            inner.map("({})".format),
            inner.map("-{}".format),
            inner.map("not {}".format),
            st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        ),
        max_leaves=10,
    )


# Ontologies

_POINTS = ("on", "level", "mode", "power")
_ENUM_WORDS = ("off", "eco", "comfort", "frost")


@st.composite
def ontologies(draw: st.DrawFn, less: dict[str, Any] | None = None) -> dict[str, Any]:
    """A small ontology as plain data; with ``less``, one that says all that it does, and perhaps more."""
    less = less or {"enums": {}, "devices": {}, "relations": {}, "models": {}, "roles": {}}
    words = less["enums"].get("Mode", ["day"])
    more = [word for word in draw(st.permutations(_ENUM_WORDS)) if word not in words][: draw(st.integers(0, 2))]
    devices = {name: {**device} for name, device in less["devices"].items()}
    for name in draw(st.sets(st.sampled_from("ABCD"), max_size=3)):
        parents = [other for other in devices if other < name]
        parent = draw(st.sampled_from([*parents, "Device"]))
        devices.setdefault(name, {"is": [parent], "status": {}})
    for name, device in devices.items():
        points = {point: {"type": "boolean", "optional": True} for point in draw(st.sets(st.sampled_from(_POINTS)))}
        used = {point: {"type": "Mode", "optional": True} for point in ("setting",) if draw(st.booleans())}
        fresh = {**points, **used} if name not in less["devices"] else points
        device["status"] = {**fresh, **less["devices"].get(name, {}).get("status", {})}
    ends = draw(st.sets(st.sampled_from([*devices, "Device"]), min_size=1))
    relations = {"warms": {"from": ["Device"], "to": sorted(ends)}} if draw(st.booleans()) else {}
    return {
        "ontology": "made",
        "version": "1.0.0",
        "imports": {"core": "^1.0"},
        "enums": {"Mode": [*words, *more]},
        "devices": devices,
        "relations": {**relations, **less["relations"]},
        "models": draw(_models(devices, less["models"])),
        "roles": draw(_roles(less["roles"])),
    }


@st.composite
def _models(draw: st.DrawFn, devices: dict[str, Any], less: dict[str, Any]) -> dict[str, Any]:
    found = {name: {**model} for name, model in less.items()}
    for device in draw(st.sets(st.sampled_from(sorted(devices)), max_size=2)) if devices else ():
        found.setdefault(f"{device}1", {"of": device, "has": []})
    for model in found.values():
        more = draw(st.sets(st.sampled_from(sorted(devices[model["of"]]["status"]) or ["on"])))
        model["has"] = sorted({*model["has"], *(more & devices[model["of"]]["status"].keys())})
    return found


@st.composite
def _roles(draw: st.DrawFn, less: dict[str, Any]) -> dict[str, Any]:
    more = {"Guest": {"on": ["Site"], "may": ["read"]}} if draw(st.booleans()) else {}
    may = draw(st.sets(st.sampled_from(["command", "configure", "share"])))
    found = {**more, **less}
    return {name: {"on": ["Site"], "may": sorted({*role["may"], *may})} for name, role in found.items()}


# Topologies, and what authors do to them

_ROOMS = ("attic", "hall", "kitchen", "room-2", "room-10")
_TITLES = ({}, {"title": "One"}, {"title": {"en": "Two", "fr": "Deux"}})


def _lamps() -> st.SearchStrategy[dict[str, Any]]:
    lamp = st.sampled_from([{"type": "Lamp"}, {"type": "Spot"}, {"type": "Spot", "properties": {"beam": 10}}])
    more = st.sampled_from(
        [{}, {"has": ["dim"]}, {"has": ["level"]}, {"has": ["level"], "configuration": {"level": 3}}]
    )
    lit = st.sampled_from([{}, {"relations": {"lights": ["."]}}, {"relations": {"lights": {"rule": "type is Hall"}}}])
    return st.builds(lambda *parts: {name: said for part in parts for name, said in part.items()}, lamp, more, lit)


def _valves() -> st.SearchStrategy[dict[str, Any]]:
    settings = st.sampled_from([{}, {"configuration": {"setpoint": 17}}, {"configuration": {"setpoint": 21}}])
    return st.builds(lambda title, wished: {"type": "Valve", **title, **wished}, st.sampled_from(_TITLES), settings)


@st.composite
def _rooms(draw: st.DrawFn) -> dict[str, Any]:
    devices: dict[str, Any] = {}
    if draw(st.booleans()):
        devices["lamp"] = draw(_lamps())
    if draw(st.booleans()):
        devices["valve"] = draw(_valves())
    for key in draw(st.sets(st.sampled_from(["probe", "sensor"]))):
        devices[key] = {"type": "Probe"}
    room: dict[str, Any] = {"type": draw(st.sampled_from(["Room", "Hall"])), **draw(st.sampled_from(_TITLES))}
    if draw(st.booleans()):
        room["properties"] = {"area": draw(st.sampled_from([9, 12]))}
    if draw(st.booleans()):
        room["roles"] = {"tenant": {"role": "Tenant"}}
    status: dict[str, Any] = {"power": {draw(st.sampled_from(["sum", "max"])): "active_power"}}
    status = status if draw(st.booleans()) else {}
    followed = [key for key in ("probe", "sensor") if key in devices]
    if followed and draw(st.booleans()):
        status["temperature"] = {"from": f"{draw(st.sampled_from(followed))}.temperature"}
    return {**room, **({"status": status} if status else {}), "devices": devices}


@st.composite
def homes(draw: st.DrawFn, before: dict[str, Any] | None = None) -> dict[str, Any]:
    """A topology of the ontology ``tests/twin/topology/plan/tiny.yaml`` as plain data: any at all, or ``before`` with
    one of its rooms moved to another key, and perhaps changed.
    """
    rooms: dict[str, Any]
    moved: dict[str, str] = {}
    if before is not None and before["rooms"] and draw(st.booleans()):
        rooms = dict(before["rooms"])
        old = draw(st.sampled_from(sorted(rooms)))
        new = draw(st.sampled_from([key for key in (*_ROOMS, "loft") if key not in rooms]))
        room = rooms.pop(old)
        rooms[new] = room if draw(st.booleans()) else draw(_rooms())
        moved = {old: new}
    else:
        rooms = draw(st.dictionaries(st.sampled_from(_ROOMS), _rooms(), max_size=4))
    valves = [key for key, room in rooms.items() if "valve" in room["devices"]]
    return {
        "rooms": rooms,
        "moved": moved,
        "cells": draw(st.integers(0, 4)),
        "serials": dict(zip(valves, draw(st.permutations(["S-1", "S-2", "S-3", None, None])), strict=False)),
        "view": draw(st.sampled_from(["none", "rule", "members", "both"])),
    }


def topology_of(home: dict[str, Any]) -> dict[str, Any]:
    """What a home of `homes` is as a topology, to be written as JSON, which is YAML."""
    spaces: dict[str, Any] = {"cell-${n}": {"each": {"n": "1..cells"}, "type": "Room", "title": "Cell ${n}"}}
    for key, room in home["rooms"].items():
        serial = home["serials"].get(key)
        devices = {name: {**device} for name, device in room["devices"].items()}
        if serial is not None:
            devices["valve"]["asset"] = serial
        spaces[key] = {**room, "devices": devices}
    lamps = [f"{key}/lamp" for key, room in home["rooms"].items() if "lamp" in room["devices"]]
    view: dict[str, Any] = {"type": "Lamps"}
    if home["view"] in {"members", "both"}:
        view["members"] = lamps
    if home["view"] in {"rule", "both"}:
        view["rule"] = "type is Spot"
    return {
        "topology": "home",
        "version": "1.0.0",
        "uses": {"tiny": "^1.0"},
        "parameters": {"cells": {"type": "integer", "range": "0..9"}},
        "site": {"type": "Home", "title": "Home"},
        "spaces": spaces,
        "views": {} if home["view"] == "none" or (home["view"] == "members" and not lamps) else {"lamps": view},
        **({"moved": home["moved"]} if home["moved"] else {}),
    }
