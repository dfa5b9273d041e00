"""CONNECT, CONNACK, DISCONNECT and AUTH: how a connection begins and ends."""

from __future__ import annotations

import msgspec

from twin.mqtt.packets.faults import Malformed, ProtocolError, Reason, is_reason
from twin.mqtt.packets.properties import Kind, Properties, Property, read_properties, write_properties
from twin.mqtt.packets.topics import check_name, check_plain
from twin.mqtt.packets.wire import Reader, binary, text, two

__all__ = ["V3_REFUSALS", "V5", "V311", "Auth", "Connack", "Connect", "Disconnect", "Will"]

V311 = 4
V5 = 5
_NAMES = {b"MQTT": (V311, V5), b"MQIsdp": ()}
"""The protocol's name, and the levels of it that are spoken here; MQIsdp is the name that MQTT 3.1 had."""

_RESERVED, _CLEAN, _WILL, _WILL_RETAIN, _PASSWORD, _USERNAME = 0x01, 0x02, 0x04, 0x20, 0x40, 0x80
_WILL_QOS_SHIFT = 3
_WILL_QOS = 0x18
_EXACTLY_ONCE = 2


class Will(msgspec.Struct, frozen=True, gc=False):
    """What is published when a client's connection ends without its goodbye."""

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
    properties: Properties = {}


class Connect(msgspec.Struct, frozen=True):
    """The first packet of a client. ``keep_alive`` is in seconds, 0: none."""

    client_id: str
    version: int = V5
    clean_start: bool = True
    keep_alive: int = 0
    username: str | None = None
    password: bytes | None = None
    will: Will | None = None
    properties: Properties = {}

    def __repr__(self) -> str:
        return f"Connect(client_id={self.client_id!r}, version={self.version})"  # never the password

    @classmethod
    def read(cls, reader: Reader) -> Connect:
        """From its body. Raises ProtocolError UNSUPPORTED_PROTOCOL_VERSION for a level that is not spoken here."""
        version = _read_version(reader)
        flags = _read_flags(reader, version)
        keep_alive = reader.two()
        properties = read_properties(reader, Kind.CONNECT) if version == V5 else {}
        _check_authentication(properties)
        client_id = check_plain(reader.text(), "a client identifier")
        will = _read_will(reader, flags, version) if flags & _WILL else None
        username = check_plain(reader.text(), "a user name") if flags & _USERNAME else None
        password = reader.binary() if flags & _PASSWORD else None
        reader.end()
        return cls(client_id, version, bool(flags & _CLEAN), keep_alive, username, password, will, properties)

    def write(self, version: int) -> bytes:
        """Its body. The version is its own."""
        del version
        head = text("MQTT") + bytes((self.version, self._flags())) + two(self.keep_alive)
        if self.version == V5:
            head += write_properties(self.properties)
        head += text(self.client_id)
        if self.will is not None:
            head += _write_will(self.will, self.version)
        if self.username is not None:
            head += text(self.username)
        return head if self.password is None else head + binary(self.password)

    def _flags(self) -> int:
        flags = _CLEAN * self.clean_start
        flags |= _USERNAME * (self.username is not None) | _PASSWORD * (self.password is not None)
        if self.will is not None:
            flags |= _WILL | self.will.qos << _WILL_QOS_SHIFT | _WILL_RETAIN * self.will.retain
        return flags


def _read_version(reader: Reader) -> int:
    name = reader.binary()
    if name not in _NAMES:
        raise Malformed("the first packet is not MQTT's CONNECT")
    version = reader.byte()
    if version not in _NAMES[name]:
        raise ProtocolError(f"{name.decode()} level {version} is not spoken here", Reason.UNSUPPORTED_PROTOCOL_VERSION)
    return version


def _read_flags(reader: Reader, version: int) -> int:
    flags = reader.byte()
    if flags & _RESERVED:
        raise Malformed("the reserved connect flag is set")
    if not flags & _WILL and flags & (_WILL_QOS | _WILL_RETAIN):
        raise Malformed("flags of a will without a will")
    if (flags & _WILL_QOS) >> _WILL_QOS_SHIFT > _EXACTLY_ONCE:
        raise Malformed("a will with QoS 3")
    if version != V5 and flags & _PASSWORD and not flags & _USERNAME:
        raise Malformed("a password without a user name")
    return flags


def _check_authentication(properties: Properties) -> None:
    if Property.AUTHENTICATION_DATA in properties and Property.AUTHENTICATION_METHOD not in properties:
        raise ProtocolError("authentication data without a method")


def _read_will(reader: Reader, flags: int, version: int) -> Will:
    properties = read_properties(reader, Kind.WILL) if version == V5 else {}
    topic, payload = check_name(reader.text()), reader.binary()
    return Will(topic, payload, (flags & _WILL_QOS) >> _WILL_QOS_SHIFT, bool(flags & _WILL_RETAIN), properties)


def _write_will(will: Will, version: int) -> bytes:
    properties = write_properties(will.properties) if version == V5 else b""
    return properties + text(will.topic) + binary(will.payload)


V3_REFUSALS: dict[Reason, int] = {
    Reason.UNSUPPORTED_PROTOCOL_VERSION: 1,
    Reason.CLIENT_IDENTIFIER_NOT_VALID: 2,
    Reason.SERVER_UNAVAILABLE: 3,
    Reason.SERVER_BUSY: 3,
    Reason.QUOTA_EXCEEDED: 3,
    Reason.BAD_USER_NAME_OR_PASSWORD: 4,
    Reason.NOT_AUTHORIZED: 5,
    Reason.BANNED: 5,
}
"""CONNACK's return codes in MQTT 3.1.1 (table 3.1); what is not here has none, and the connection is closed without."""

_V3_REASONS = {
    0: Reason.SUCCESS,
    1: Reason.UNSUPPORTED_PROTOCOL_VERSION,
    2: Reason.CLIENT_IDENTIFIER_NOT_VALID,
    3: Reason.SERVER_UNAVAILABLE,
    4: Reason.BAD_USER_NAME_OR_PASSWORD,
    5: Reason.NOT_AUTHORIZED,
}


class Connack(msgspec.Struct, frozen=True, gc=False):
    """The server's answer to CONNECT. In MQTT 3.1.1 ``reason`` must be in `V3_REFUSALS`, or success."""

    reason: Reason = Reason.SUCCESS
    session_present: bool = False
    properties: Properties = {}

    @classmethod
    def read(cls, reader: Reader, version: int) -> Connack:
        """From its body."""
        flags = reader.byte()
        if flags > 1:
            raise Malformed("reserved flags of CONNACK are set")
        code = reader.byte()
        if version != V5 and code not in _V3_REASONS:
            raise Malformed(f"there is no return code {code}")
        reason = reason_of(code) if version == V5 else _V3_REASONS[code]
        properties = read_properties(reader, Kind.CONNACK) if version == V5 else {}
        reader.end()
        return cls(reason, bool(flags), properties)

    def write(self, version: int) -> bytes:
        """Its body."""
        if version == V5:
            return bytes((self.session_present, self.reason)) + write_properties(self.properties)
        return bytes((self.session_present, V3_REFUSALS[self.reason] if self.reason else 0))


class Disconnect(msgspec.Struct, frozen=True, gc=False):
    """A goodbye, with its reason in MQTT 5."""

    reason: int = Reason.SUCCESS
    """An int: a client's own mistake in it is no reason to keep its connection."""
    properties: Properties = {}

    @classmethod
    def read(cls, reader: Reader, version: int) -> Disconnect:
        """From its body."""
        if version != V5:
            reader.end()
            return cls()
        reason = reader.byte() if reader.more() else Reason.SUCCESS
        properties = read_properties(reader, Kind.DISCONNECT) if reader.more() else {}
        reader.end()
        return cls(reason, properties)

    def write(self, version: int) -> bytes:
        """Its body."""
        return _write_reasoned(self.reason, self.properties) if version == V5 else b""


class Auth(msgspec.Struct, frozen=True, gc=False):
    """A step of enhanced authentication (MQTT 5, section 3.15)."""

    reason: Reason = Reason.SUCCESS
    properties: Properties = {}

    @classmethod
    def read(cls, reader: Reader, version: int) -> Auth:
        """From its body."""
        if version != V5:
            raise Malformed("MQTT 3.1.1 has no AUTH")
        reason = reason_of(reader.byte()) if reader.more() else Reason.SUCCESS
        properties = read_properties(reader, Kind.AUTH) if reader.more() else {}
        reader.end()
        return cls(reason, properties)

    def write(self, version: int) -> bytes:
        """Its body."""
        del version
        return _write_reasoned(self.reason, self.properties)


def reason_of(code: int) -> Reason:
    """The reason of a code. Raises ProtocolError for one that MQTT 5 does not name."""
    if not is_reason(code):
        raise ProtocolError(f"there is no reason code 0x{code:02X}")
    return Reason(code)


def _write_reasoned(reason: int, properties: Properties) -> bytes:
    """Nothing for a plain success; without properties, the reason alone (sections 3.14.2 and 3.15.2)."""
    if not properties:
        return bytes((reason,)) if reason else b""
    return bytes((reason,)) + write_properties(properties)
