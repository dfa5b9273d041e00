"""Applications: what OAuth2 has to know of a client beyond its secret, its scopes and its sites (RFC 7591)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal, TypeAlias
from urllib.parse import urlsplit

import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from sqlalchemy import JSON, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from twin.errors import InvalidValue
from twin.records import Base

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = [
    "CODE",
    "DEVICE",
    "GRANTS",
    "MACHINE",
    "REFRESH",
    "Application",
    "ApplicationRecord",
    "Proof",
    "checked_keys",
    "checked_redirect",
    "redirects_match",
]

MACHINE, CODE, REFRESH = "client_credentials", "authorization_code", "refresh_token"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
GRANTS = (CODE, REFRESH, MACHINE, DEVICE)
_LOOPBACK = frozenset({"127.0.0.1", "::1"})
_HERE = _LOOPBACK | {"localhost"}
_LONGEST = 2000
_MOST_KEYS = 10
_STRONG = range(2048, 8192 + 1)
"""Bits of an RSA key: what RFC 7518 asks for (section 3.3), and no more than is quick to check."""
_PRIVATE = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+\Z")
_ALGORITHMS = {"EC": "ES256", "RSA": "RS256"}

Proof: TypeAlias = Literal["secret", "key", "none"]
"""How a client shows who it is: by a secret, by a key of its own (private_key_jwt), or not at all (a public one)."""


class Application(msgspec.Struct, frozen=True, kw_only=True):
    """What a client may ask for, how, and where the answers go."""

    title: str
    """What people see."""
    proof: Proof = "secret"
    grants: frozenset[str] = frozenset({MACHINE})
    redirect_uris: tuple[str, ...] = ()
    keys: dict[str, Any] | None = None
    """Its public keys (RFC 7517), where it proves itself by one."""
    registered: bool = False
    """Whether it registered itself (RFC 7591)."""

    def redirects_to(self, uri: str) -> bool:
        """Whether answers may go to an address: exactly as registered, but for the port of a loopback one."""
        return any(redirects_match(known, uri) for known in self.redirect_uris)

    @property
    def acts_for_users(self) -> bool:
        """Whether it acts in the name of users, who pick the sites that it may touch."""
        return bool(self.grants & {CODE, DEVICE})

    @property
    def assured(self) -> bool:
        """Whether somebody who answers in its name is it: it has a secret or a key."""
        return self.proof != "none"


class ApplicationRecord(Base):
    """The table of applications, beside that of clients; a client without one is a machine with a secret."""

    __tablename__ = "applications"

    client_id: Mapped[str] = mapped_column(ForeignKey("clients.client_id", ondelete="CASCADE"), primary_key=True)
    title: Mapped[str]
    proof: Mapped[str]
    grants: Mapped[list[str]] = mapped_column(JSON)
    redirect_uris: Mapped[list[str]] = mapped_column(JSON)
    keys: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    registered: Mapped[bool]

    def seen(self) -> Application:
        """The record as a value."""
        proof: Proof = "key" if self.proof == "key" else "none" if self.proof == "none" else "secret"
        return Application(
            title=self.title,
            proof=proof,
            grants=frozenset(self.grants),
            redirect_uris=tuple(self.redirect_uris),
            keys=self.keys,
            registered=self.registered,
        )


def keep(session: Session, client_id: str, application: Application) -> None:
    """Add an application to the records."""
    session.add(
        ApplicationRecord(
            client_id=client_id,
            title=application.title,
            proof=application.proof,
            grants=sorted(application.grants),
            redirect_uris=list(application.redirect_uris),
            keys=application.keys,
            registered=application.registered,
        )
    )


def redirects_match(known: str, uri: str) -> bool:
    """Whether an address is the registered one, character by character (RFC 9700, section 2.1).

    A program on somebody's machine cannot choose its port, so on a loopback address any will do (RFC 8252, 7.3).
    """
    if known == uri:
        return True
    ours = _loopback(known)
    return ours is not None and ours == _loopback(uri)


def checked_redirect(uri: str, proof: Proof) -> str:
    """An address that may be registered: https; http on this machine; a scheme of the app's own if it has no secret.

    `InvalidValue` for any other.
    """
    try:
        parts = urlsplit(uri)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise _no_redirect(uri) from None
    if _odd(uri) or "#" in uri or "@" in parts.netloc or "*" in uri or len(uri) > _LONGEST:
        raise _no_redirect(uri)
    secure = parts.scheme == "https" and host
    here = parts.scheme == "http" and host in _HERE
    private = proof == "none" and _PRIVATE.match(parts.scheme) is not None
    if not (secure or here or private):
        raise _no_redirect(uri)
    return uri


def checked_keys(keys: object) -> dict[str, Any]:
    """Public keys that a client may prove itself by: a JWK set (RFC 7517) of EC P-256 and RSA keys.

    `InvalidValue` when they are none, or private.
    """
    problem = InvalidValue(
        f"the keys must be a JWK set of 1 to {_MOST_KEYS} public keys, EC (P-256) or RSA (2,048 bits or more)",
        code="client.keys",
        help='write {"keys": [{"kty": "EC", "crv": "P-256", "x": "…", "y": "…", "kid": "…"}]}',
    )
    if not isinstance(keys, dict) or not isinstance(keys.get("keys"), list):
        raise problem
    if not 0 < len(keys["keys"]) <= _MOST_KEYS:
        raise problem
    if not all(isinstance(each, dict) and each.get("kty") in _ALGORITHMS for each in keys["keys"]):
        raise problem
    try:
        found = KeySet.import_key_set(keys)  # type: ignore[arg-type]  # it checks what it is given
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise problem from error
    for key in found.keys:
        curve = key.as_dict().get("crv")
        strong = curve == "P-256" if key.key_type == "EC" else key.key_type == "RSA" and _bits(key) in _STRONG
        if key.is_private or not strong:
            raise problem
    return {"keys": [key.as_dict(private=False) for key in found.keys]}


def algorithm(key_type: str) -> str:
    """The one algorithm that a key of that type signs with: the key says, never the token (RFC 8725, section 3.1)."""
    return _ALGORITHMS[key_type]


def _loopback(uri: str) -> tuple[str, ...] | None:
    """An address on this machine without its port; None for any other."""
    try:
        parts = urlsplit(uri)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme != "http" or host not in _LOOPBACK or "@" in parts.netloc or _odd(uri):
        return None
    return host, parts.path, parts.query, "#" if "#" in uri else ""


def _odd(uri: str) -> bool:
    """Whether an address has characters that programs read differently."""
    return not (uri.isascii() and uri.isprintable()) or " " in uri or "\\" in uri


def _bits(key: Any) -> int:
    size: int = key.public_key.key_size
    return size


def _no_redirect(uri: str) -> InvalidValue:
    return InvalidValue(
        f"answers cannot go to {uri!r}",
        code="client.redirect",
        help="register https://…, http://127.0.0.1/… for a program on somebody's machine, or com.example.app:/… for "
        "one without a secret; without a fragment, a user or a *",
        uri=uri,
    )
