"""What boxes ask: to be let in by serial and claim code, a token for their key, and another key later.

Everything here is refused in the same words, whatever the reason is: a serial that nobody declared, a wrong code, a box
that is blocked, or one that has its key already.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec
import orjson
from authlib.oauth2 import OAuth2Error  # type: ignore[import-untyped]  # it has no types

from api.oauth.forms import Answer, Form
from api.oauth.server import check
from twin.access.applications import DEVICE
from twin.access.audit import Deed, address
from twin.access.boxes import SCOPE
from twin.access.clients import Client
from twin.access.commissioning import BOX_CLIENT, TOKEN_SECONDS, Let
from twin.access.device_codes import INTERVAL, LIFETIME
from twin.access.placing import admitted, in_place
from twin.access.possession import possessed, thumbprint
from twin.errors import InvalidValue, TooMany
from twin.telemetry.own import own_topics
from twin.times import now

if TYPE_CHECKING:
    from api.engine import Engine

__all__ = ["PURPOSE", "Done", "begin", "facts", "is_box", "key", "poll"]

PURPOSE = "commissioning"
"""The scope of a token that buys a key: no other endpoint knows it."""
_EVERYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104 - what a setting may say
_REFUSED = Answer(
    400,
    {"error": "access_denied", "error_description": "no box with that serial and claim code can be let in"},
)
_NOT_PROVED = Answer(
    401,
    {
        "error": "invalid_token",
        "error_description": "what was shown, the key and its proof do not belong together, or it was used or is old",
    },
    {"WWW-Authenticate": 'Bearer realm="twin", error="invalid_token"'},
)


class Done(msgspec.Struct, frozen=True):
    """What goes back, and what the audit keeps of it."""

    answer: Answer
    deed: Deed | None = None
    client: Client | None = None
    """The box as it is registered now."""


class _Key(msgspec.Struct):
    """The body of who brings a key."""

    jwk: Any
    proof: str
    client_assertion: str = ""


def is_box(form: Form) -> bool:
    """Whether a request is one of a box that has no client of its own yet."""
    return ("client_id", BOX_CLIENT) in form.fields


def begin(engine: Engine, form: Form, network: str) -> Done:
    """RFC 8628, section 3.1, for who knows a serial and its claim code: in the body, and never in an address."""
    authority, said = engine.authority, dict(form.fields)
    serial, code = said.get("serial", ""), said.get("claim_code", "")
    if (malformed := _malformed(form)) is not None:
        return Done(malformed)
    if not serial or not code:
        return Done(_error("invalid_request", "serial and claim_code are needed"))
    try:
        authority.guess_claim(serial, network)
    except TooMany as error:
        return Done(_slower(error), _deed("box.begin", result=error.code_))
    proved = authority.assets.proves(serial, code) or ""
    asset, has_key = admitted(engine.mirror, proved), authority.commissioning.commissioned(proved)
    if asset is None or has_key:
        # What was brought is not kept: whoever mistypes may have mistyped a secret.
        return Done(_REFUSED, _deed("box.begin", entity=proved, result="access_denied"))
    authority.proved_claim(serial)
    device_code, user_code = authority.commissioning.begin(asset.id, serial)
    page = f"{authority.pages}/device"
    body = {
        "device_code": device_code,
        "user_code": user_code,
        "verification_uri": page,
        "verification_uri_complete": f"{page}?user_code={user_code}",
        "expires_in": LIFETIME,
        "interval": INTERVAL,
    }
    return Done(Answer(200, body), _deed("box.begin", entity=asset.id, detail=serial))


def poll(engine: Engine, form: Form) -> Done:
    """RFC 8628, section 3.4: what its device code has bought, once somebody has let the box in."""
    said = dict(form.fields)
    if (malformed := _malformed(form)) is not None:
        return Done(malformed)
    if said.get("grant_type") != DEVICE:
        return Done(_error("unauthorized_client", "a box asks with its device code, until it has a key of its own"))
    if not said.get("device_code"):
        return Done(_error("invalid_request", "device_code is missing"))
    found = engine.authority.commissioning.redeem(said["device_code"])
    if not isinstance(found, Let):
        return Done(_error(found, ""))
    body = {
        "access_token": found.token,
        "token_type": "Bearer",
        "expires_in": TOKEN_SECONDS,
        "scope": PURPOSE,
        "commissioning_key_endpoint": engine.authority.key_endpoint,
    }
    where = found.approved
    return Done(
        Answer(200, body),
        _deed("box.token", user=where.user, entity=where.device, site=where.site, detail=f"asset {found.asset}"),
    )


def key(engine: Engine, body: bytes, token: str) -> Done:
    """A key of a box's own: its first for the token that it got, or its next for a statement signed with the last."""
    try:
        said = msgspec.convert(orjson.loads(body), _Key)
    except (ValueError, msgspec.ValidationError):
        return Done(_error("invalid_request", "the body is JSON with jwk and proof"))
    if bool(token) == bool(said.client_assertion):
        return Done(_error("invalid_request", "send the token, or a client_assertion signed with the key of before"))
    try:
        keys = possessed(said.jwk, said.proof, {engine.authority.key_endpoint}, token or said.client_assertion)
    except InvalidValue as error:
        return Done(_error("invalid_request", error.message), _deed("box.key", result=error.code_))
    if keys is None:
        return Done(_NOT_PROVED, _deed("box.key", result="invalid_token"))
    return _first(engine, token, keys) if token else _next(engine, said.client_assertion, keys)


def facts(engine: Engine, client: Client) -> dict[str, Any]:
    """What a box has to know to publish. On the loop."""
    mirror, authority = engine.mirror, engine.authority
    device = None if client.box is None else mirror.get(client.box.device)
    site = None if device is None else mirror.get(device.site)
    return {
        "client_id": client.client_id,
        "issuer": authority.issuer,
        "token_endpoint": f"{authority.issuer}/oauth/token",
        "token_endpoint_auth_method": "private_key_jwt",
        "scope": SCOPE,
        "mqtt": _reachable(engine.mqtt_url, authority.issuer),
        "site": "" if site is None else site.key,
        "device": "" if device is None else device.id,
        "path": "" if device is None else device.path,
        "topics": [] if device is None else list(own_topics(mirror, device.id)),
    }


def _first(engine: Engine, token: str, keys: dict[str, Any]) -> Done:
    client = engine.authority.commissioning.swap(token, keys, lambda box: in_place(engine.mirror, box))
    if client is None or client.box is None:
        return Done(_NOT_PROVED, _deed("box.key", result="invalid_token"))
    return Done(Answer(201, {}), _of(client, "box.key", keys), client)


def _next(engine: Engine, assertion: str, keys: dict[str, Any]) -> Done:
    """The statement names the new key (``jkt``, as in RFC 7800): one for the token endpoint moves nothing."""
    shown = engine.authority.changes_of_key.shown(assertion)
    if shown is None or shown[0].box is None or shown[1].get("jkt") != thumbprint(keys):
        return Done(_NOT_PROVED, _deed("box.rekey", result="invalid_token"))
    engine.authority.commissioning.rekey(shown[0].client_id, keys)
    return Done(Answer(200, {}), _of(shown[0], "box.rekey", keys), shown[0])


def _of(client: Client, action: str, keys: dict[str, Any]) -> Deed:
    device, site = ("", "") if client.box is None else (client.box.device, "".join(client.sites or ()))
    return _deed(action, client=client.client_id, entity=device, site=site, detail=f"key {thumbprint(keys)}")


def _malformed(form: Form) -> Answer | None:
    try:
        check(form)
    except OAuth2Error as error:
        return _error(error.error, error.description)
    return None if not form.authorization else _error("invalid_request", "a box without a key shows no credentials")


def _error(error: str, why: str) -> Answer:
    return Answer(400, {"error": error, **({"error_description": why} if why else {})})


def _slower(error: TooMany) -> Answer:
    seconds = str(error.details.get("seconds", INTERVAL))
    return Answer(429, {"error": "slow_down", "error_description": error.help}, {"Retry-After": seconds})


def _reachable(mqtt: str, issuer: str) -> str:
    """Where devices publish to; where that is every address of the machine, the one by which it is known."""
    parts = urlsplit(mqtt)
    if parts.hostname not in _EVERYWHERE:
        return mqtt
    return f"mqtt://{urlsplit(issuer).hostname}:{parts.port}"


def _deed(action: str, **said: Any) -> Deed:
    return Deed(at=now(), action=action, address=address(), **said)
