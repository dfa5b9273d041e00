"""What a record of the audit says, and the digest that chains it to the one before."""

from __future__ import annotations

import hashlib

import msgspec

__all__ = ["GRAPH_CHANGED", "OK", "TRIMMED", "Deed", "Record", "digest"]

OK = "ok"
GRAPH_CHANGED = "graph.change"
TRIMMED = "audit.trim"

_encode = msgspec.json.Encoder(order="sorted").encode


class Deed(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was done, or refused. No secret is ever in one: tokens go by their ids."""

    at: int
    """Microseconds since 1970 UTC."""
    action: str
    """``token.issue``, ``request``, ``mqtt.connect``, ``graph.change``, ``grant.give`` …"""
    result: str = OK
    """``ok``, or the code of the refusal."""
    user: str = ""
    client: str = ""
    token: str = ""
    """The id (``jti``) of the access token that was used, or issued."""
    entity: str = ""
    """The id of the one entity that it is about; of its site, where it is about several."""
    site: str = ""
    """The id of the site."""
    address: str = ""
    """Where it came from: an IP address; empty: from this machine, past the API."""
    detail: str = ""
    operation: str = ""
    """The op_id of a change of the graph: what it consists of is in the log."""
    times: int = 1
    """How often within a moment, where the same was refused again and again."""


class Record(msgspec.Struct, frozen=True):
    """A deed as it is kept."""

    id: int
    """From 1 on, without a gap; the oldest may be forgotten (`Audit.trim`)."""
    deed: Deed
    digest: str
    """SHA-256, in hexadecimal, of the digest before and of this deed. That the newest records are gone only somebody
    can tell who has noted a later digest elsewhere."""


def digest(before: str, deed: Deed) -> str:
    """What chains a deed to the one before; ``before`` is empty for the first. What a deed does not say is left out, so
    a field that is new one day changes no digest of before.
    """
    said = {name: value for name, value in msgspec.structs.asdict(deed).items() if value != ""}
    return hashlib.sha256(before.encode() + _encode(said)).hexdigest()
