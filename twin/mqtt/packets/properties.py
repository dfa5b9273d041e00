"""MQTT 5's properties: one table of what each is, where it may stand and which values it may have (section 2.2.2).

A property that is unknown or cut short is malformed. One that stands in the wrong packet, or twice, or with a value
that is not allowed is a protocol error, but in SUBSCRIBE and UNSUBSCRIBE, where a wrong one is malformed: so
mosquitto's suite reads section 2.2.2.2, and our tests hold us to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from twin.mqtt.packets.faults import Malformed, ProtocolError, Reason
from twin.mqtt.packets.topics import check_name
from twin.mqtt.packets.wire import Reader, binary, text, two, varint

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["TABLE", "Kind", "Properties", "Property", "read_properties", "write_properties"]


class Kind(IntEnum):
    """The types of control packets, by the number in their first byte; WILL stands for the will inside CONNECT."""

    WILL = 0
    CONNECT = 1
    CONNACK = 2
    PUBLISH = 3
    PUBACK = 4
    PUBREC = 5
    PUBREL = 6
    PUBCOMP = 7
    SUBSCRIBE = 8
    SUBACK = 9
    UNSUBSCRIBE = 10
    UNSUBACK = 11
    PINGREQ = 12
    PINGRESP = 13
    DISCONNECT = 14
    AUTH = 15


class Property(IntEnum):
    """The identifiers of properties."""

    PAYLOAD_FORMAT_INDICATOR = 0x01
    MESSAGE_EXPIRY_INTERVAL = 0x02
    CONTENT_TYPE = 0x03
    RESPONSE_TOPIC = 0x08
    CORRELATION_DATA = 0x09
    SUBSCRIPTION_IDENTIFIER = 0x0B
    SESSION_EXPIRY_INTERVAL = 0x11
    ASSIGNED_CLIENT_IDENTIFIER = 0x12
    SERVER_KEEP_ALIVE = 0x13
    AUTHENTICATION_METHOD = 0x15
    AUTHENTICATION_DATA = 0x16
    REQUEST_PROBLEM_INFORMATION = 0x17
    WILL_DELAY_INTERVAL = 0x18
    REQUEST_RESPONSE_INFORMATION = 0x19
    RESPONSE_INFORMATION = 0x1A
    SERVER_REFERENCE = 0x1C
    REASON_STRING = 0x1F
    RECEIVE_MAXIMUM = 0x21
    TOPIC_ALIAS_MAXIMUM = 0x22
    TOPIC_ALIAS = 0x23
    MAXIMUM_QOS = 0x24
    RETAIN_AVAILABLE = 0x25
    USER_PROPERTY = 0x26
    MAXIMUM_PACKET_SIZE = 0x27
    WILDCARD_SUBSCRIPTION_AVAILABLE = 0x28
    SUBSCRIPTION_IDENTIFIER_AVAILABLE = 0x29
    SHARED_SUBSCRIPTION_AVAILABLE = 0x2A


Properties: TypeAlias = Mapping[Property, Any]
"""int, str or bytes by property. Two may stand more than once: USER_PROPERTY is a list of (name, value), and
SUBSCRIPTION_IDENTIFIER of a message that comes by several subscriptions is a list of int."""


class Encoding(NamedTuple):
    """How a type of value is read and written."""

    read: Callable[[Reader], Any]
    write: Callable[[Any], bytes]


class Rule(NamedTuple):
    """One line of the table."""

    encoding: Encoding
    kinds: frozenset[Kind]
    check: Callable[[Any], None]


_BYTE = Encoding(Reader.byte, lambda value: bytes((value,)))
_TWO = Encoding(Reader.two, two)
_FOUR = Encoding(Reader.four, lambda value: value.to_bytes(4, "big"))
_VARINT = Encoding(Reader.varint, varint)
_TEXT = Encoding(Reader.text, text)
_BINARY = Encoding(Reader.binary, binary)
_PAIR = Encoding(lambda reader: (reader.text(), reader.text()), lambda pair: text(pair[0]) + text(pair[1]))


def _anything(value: Any) -> None:
    """Whatever its type allows."""


def _flag(value: int) -> None:
    if value > 1:
        raise ProtocolError(f"a property that is 0 or 1 has the value {value}")


def _positive(value: int) -> None:
    if not value:
        raise ProtocolError("a property that may not be 0 is 0")


def _identifier(value: int) -> None:
    if not value:
        raise Malformed("a subscription identifier of 0")


def _alias(value: int) -> None:
    if not value:
        raise ProtocolError("a topic alias of 0", Reason.TOPIC_ALIAS_INVALID)


def _answerable(value: str) -> None:
    try:
        check_name(value)
    except Malformed as error:
        raise ProtocolError(f"a response topic that nobody can publish to: {error.message}") from None


_K = Kind
_ALL_ANSWERS = (_K.CONNACK, _K.PUBACK, _K.PUBREC, _K.PUBREL, _K.PUBCOMP, _K.SUBACK, _K.UNSUBACK, _K.DISCONNECT, _K.AUTH)
_EVERYWHERE = frozenset(_K) - {_K.PINGREQ, _K.PINGRESP}


def _rule(encoding: Encoding, *kinds: Kind, check: Callable[[Any], None] = _anything) -> Rule:
    return Rule(encoding, frozenset(kinds), check)


TABLE: dict[Property, Rule] = {
    Property.PAYLOAD_FORMAT_INDICATOR: _rule(_BYTE, _K.PUBLISH, _K.WILL, check=_flag),
    Property.MESSAGE_EXPIRY_INTERVAL: _rule(_FOUR, _K.PUBLISH, _K.WILL),
    Property.CONTENT_TYPE: _rule(_TEXT, _K.PUBLISH, _K.WILL),
    Property.RESPONSE_TOPIC: _rule(_TEXT, _K.PUBLISH, _K.WILL, check=_answerable),
    Property.CORRELATION_DATA: _rule(_BINARY, _K.PUBLISH, _K.WILL),
    Property.SUBSCRIPTION_IDENTIFIER: _rule(_VARINT, _K.PUBLISH, _K.SUBSCRIBE, check=_identifier),
    Property.SESSION_EXPIRY_INTERVAL: _rule(_FOUR, _K.CONNECT, _K.CONNACK, _K.DISCONNECT),
    Property.ASSIGNED_CLIENT_IDENTIFIER: _rule(_TEXT, _K.CONNACK),
    Property.SERVER_KEEP_ALIVE: _rule(_TWO, _K.CONNACK),
    Property.AUTHENTICATION_METHOD: _rule(_TEXT, _K.CONNECT, _K.CONNACK, _K.AUTH),
    Property.AUTHENTICATION_DATA: _rule(_BINARY, _K.CONNECT, _K.CONNACK, _K.AUTH),
    Property.REQUEST_PROBLEM_INFORMATION: _rule(_BYTE, _K.CONNECT, check=_flag),
    Property.WILL_DELAY_INTERVAL: _rule(_FOUR, _K.WILL),
    Property.REQUEST_RESPONSE_INFORMATION: _rule(_BYTE, _K.CONNECT, check=_flag),
    Property.RESPONSE_INFORMATION: _rule(_TEXT, _K.CONNACK),
    Property.SERVER_REFERENCE: _rule(_TEXT, _K.CONNACK, _K.DISCONNECT),
    Property.REASON_STRING: _rule(_TEXT, *_ALL_ANSWERS),
    Property.RECEIVE_MAXIMUM: _rule(_TWO, _K.CONNECT, _K.CONNACK, check=_positive),
    Property.TOPIC_ALIAS_MAXIMUM: _rule(_TWO, _K.CONNECT, _K.CONNACK),
    Property.TOPIC_ALIAS: _rule(_TWO, _K.PUBLISH, check=_alias),
    Property.MAXIMUM_QOS: _rule(_BYTE, _K.CONNACK, check=_flag),
    Property.RETAIN_AVAILABLE: _rule(_BYTE, _K.CONNACK, check=_flag),
    Property.USER_PROPERTY: _rule(_PAIR, *_EVERYWHERE),
    Property.MAXIMUM_PACKET_SIZE: _rule(_FOUR, _K.CONNECT, _K.CONNACK, check=_positive),
    Property.WILDCARD_SUBSCRIPTION_AVAILABLE: _rule(_BYTE, _K.CONNACK, check=_flag),
    Property.SUBSCRIPTION_IDENTIFIER_AVAILABLE: _rule(_BYTE, _K.CONNACK, check=_flag),
    Property.SHARED_SUBSCRIPTION_AVAILABLE: _rule(_BYTE, _K.CONNACK, check=_flag),
}

_MOST = 16_384
"""Bytes of properties: reading more would keep others waiting."""
_STRICT = frozenset({Kind.SUBSCRIBE, Kind.UNSUBSCRIBE})
_BY_NUMBER = {int(name): (name, rule) for name, rule in TABLE.items()}


def read_properties(reader: Reader, kind: Kind) -> Properties:
    """The properties of a packet of this kind, every rule checked."""
    if not (length := reader.varint()):
        return {}
    if length > _MOST:
        raise ProtocolError(f"{length} bytes of properties", Reason.QUOTA_EXCEEDED)
    inside = reader.within(length)
    found: list[tuple[Property, Rule, Any]] = []
    while inside.more():
        number = inside.varint()
        if number not in _BY_NUMBER:
            raise Malformed(f"there is no property 0x{number:02X}")
        name, rule = _BY_NUMBER[number]
        found.append((name, rule, rule.encoding.read(inside)))
    return _checked(found, kind)


def _checked(found: list[tuple[Property, Rule, Any]], kind: Kind) -> Properties:
    properties: dict[Property, Any] = {}
    for name, rule, value in found:
        if kind not in rule.kinds:
            raise (Malformed if kind in _STRICT else ProtocolError)(f"{name.name} may not stand in {kind.name}")
        rule.check(value)
        if name is Property.USER_PROPERTY:
            properties.setdefault(name, []).append(value)
        elif name in properties and (name, kind) == (Property.SUBSCRIPTION_IDENTIFIER, Kind.PUBLISH):
            properties[name] = [*_listed(properties[name]), value]
        elif name in properties:
            raise ProtocolError(f"{name.name} stands twice")
        else:
            properties[name] = value
    return properties


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def write_properties(properties: Properties) -> bytes:
    """The properties after their length."""
    if not properties:
        return b"\0"
    out = bytearray()
    for name, value in properties.items():
        write = TABLE[name].encoding.write
        for one in value if isinstance(value, list) else (value,):
            out += bytes((name,)) + write(one)
    return varint(len(out)) + bytes(out)
