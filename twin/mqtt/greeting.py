"""The answer to CONNECT: what is refused before anybody is asked, and what an accepted client is told."""

from __future__ import annotations

from typing import Any

import msgspec

from twin.mqtt.packets import V5, Connack, Connect, Property, Reason

__all__ = ["Limits", "accept", "objection"]

_EXACTLY_ONCE = 2


class Limits(msgspec.Struct, frozen=True):
    """How much one endpoint takes."""

    connections: int = 10_000
    packet: int = 262_144
    """Bytes of the largest packet."""
    receive_maximum: int = 2_000
    """QoS 1 messages of a connection that may wait for their acknowledgement."""
    held: int = 1_048_576
    """Bytes of a connection's messages that may wait to be durable; more is not read until some are."""
    topic_aliases: int = 10
    connect_within: float = 10.0
    """Seconds from the opening of a connection to its CONNECT."""
    linger: float = 1.0
    """Seconds that a peer has to read the reason why its connection ends."""
    drain: float = 5.0
    """Seconds that messages accepted before a fault have to become durable, so that they are acknowledged."""


def objection(connect: Connect) -> Reason | None:
    """What this endpoint does not do for any client, whoever it is."""
    if not connect.client_id and not connect.clean_start and connect.version != V5:
        return Reason.CLIENT_IDENTIFIER_NOT_VALID
    if Property.AUTHENTICATION_METHOD in connect.properties:
        return Reason.BAD_AUTHENTICATION_METHOD
    if connect.will is None:
        return None
    if connect.will.qos == _EXACTLY_ONCE:
        return Reason.QOS_NOT_SUPPORTED
    if connect.will.retain and connect.version == V5:
        return Reason.RETAIN_NOT_SUPPORTED
    return None


def accept(connect: Connect, client_id: str, limits: Limits) -> Connack:
    """Welcome, and what may be done here. A session ends with its connection, for there is nothing it would hold."""
    if connect.version != V5:
        return Connack()
    properties: dict[Property, Any] = {
        Property.RECEIVE_MAXIMUM: limits.receive_maximum,
        Property.MAXIMUM_QOS: 1,
        Property.RETAIN_AVAILABLE: 0,
        Property.MAXIMUM_PACKET_SIZE: limits.packet,
        Property.TOPIC_ALIAS_MAXIMUM: limits.topic_aliases,
        Property.WILDCARD_SUBSCRIPTION_AVAILABLE: 0,
        Property.SUBSCRIPTION_IDENTIFIER_AVAILABLE: 0,
        Property.SHARED_SUBSCRIPTION_AVAILABLE: 0,
    }
    if connect.properties.get(Property.SESSION_EXPIRY_INTERVAL):
        properties[Property.SESSION_EXPIRY_INTERVAL] = 0
    if not connect.client_id:
        properties[Property.ASSIGNED_CLIENT_IDENTIFIER] = client_id
    return Connack(properties=properties)
