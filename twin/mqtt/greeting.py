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
    in_flight: int = 200
    """QoS 1 messages on their way to a client at once."""
    queue: int = 10_000
    """Messages that wait for one client; the oldest are dropped when there are more."""
    queue_bytes: int = 4_194_304
    """Bytes of what waits for one client."""
    queues_bytes: int = 67_108_864
    """Bytes of what waits for all of them."""
    subscriptions: int = 1_000
    """Of one session."""
    subscriptions_of_one: int = 10_000
    """Of all sessions of one owner."""
    subscriptions_of_all: int = 100_000
    filter_length: int = 1_024
    filter_levels: int = 32
    session_seconds: int = 86_400
    """The longest that a session outlives its connection."""
    sessions: int = 10_000
    """Sessions whose client is away."""
    sessions_of_one: int = 1_000
    """Those of one owner."""
    client_id: int = 1_024
    """The longest client identifier."""
    connect_within: float = 10.0
    """Seconds from the opening of a connection to its CONNECT."""
    linger: float = 1.0
    """Seconds that a peer has to read the reason why its connection ends."""
    drain: float = 5.0
    """Seconds that messages accepted before a fault have to become durable, so that they are acknowledged."""


def objection(connect: Connect, limits: Limits) -> Reason | None:
    """What this endpoint does not do for any client, whoever it is."""
    unnamed = not connect.client_id and not connect.clean_start and connect.version != V5
    if unnamed or len(connect.client_id) > limits.client_id:
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
    """Welcome, and what may be done here; a session that was to last longer than it may lasts as long as it may."""
    if connect.version != V5:
        return Connack()
    properties: dict[Property, Any] = {
        Property.RECEIVE_MAXIMUM: limits.receive_maximum,
        Property.MAXIMUM_QOS: 1,
        Property.RETAIN_AVAILABLE: 0,
        Property.MAXIMUM_PACKET_SIZE: limits.packet,
        Property.TOPIC_ALIAS_MAXIMUM: limits.topic_aliases,
        Property.SHARED_SUBSCRIPTION_AVAILABLE: 0,
    }
    if connect.properties.get(Property.SESSION_EXPIRY_INTERVAL, 0) > limits.session_seconds:
        properties[Property.SESSION_EXPIRY_INTERVAL] = limits.session_seconds
    if not connect.client_id:
        properties[Property.ASSIGNED_CLIENT_IDENTIFIER] = client_id
    return Connack(properties=properties)
