"""The file that names the external issuers (TOML): whose tokens are taken, what they must say, and what it stands for.

There is nothing secret in it: whoever checks tokens needs the issuer's public keys only. A ``provider`` is a set of
names of claims that need not be written out; everything else is for the operator to say.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

import msgspec

from twin.access.principals import SCOPES
from twin.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["ALGORITHMS", "FILE", "Claims", "Gives", "Issuer", "Users", "When", "configured", "is_safe", "read"]

FILE = "issuers.toml"
"""What the file is called in the data directory, where the settings name no other."""
ALGORITHMS = (*(f"{kind}{bits}" for kind in ("RS", "PS", "ES") for bits in (256, 384, 512)), "EdDSA", "Ed25519")
"""Signatures that need a private key to make: with a shared secret (HS256), whoever can check can forge."""
Users = Literal["linked", "invited", "everyone"]
Provider = Literal["oidc", "keycloak", "auth0", "entra"]
Paths = tuple[str, ...]

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}\Z")
_STALEST_HOURS = 168
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """Where in a token to look, as paths with dots (``realm_access.roles``). Of several that lead to one thing,
    the first counts that is there; of scopes, roles, groups and tenants all do.
    """

    subject: Paths = ("sub",)
    email: Paths = ("email",)
    email_verified: Paths = ("email_verified",)
    name: Paths = ("name", "preferred_username")
    client: Paths = ("client_id", "azp")
    scopes: Paths = ("scope",)
    roles: Paths = ("roles",)
    groups: Paths = ("groups",)
    tenant: Paths = ()


_PROVIDERS: dict[Provider, Claims] = {
    "oidc": Claims(),
    "keycloak": Claims(client=("azp", "client_id"), roles=("realm_access.roles",), tenant=("organization",)),
    "auth0": Claims(client=("azp", "client_id"), tenant=("org_id",)),
    # `sub` differs from application to application, and `email` is whatever a tenant's administrator typed.
    "entra": Claims(
        subject=("oid",), email_verified=("xms_edov",), client=("azp", "appid"), scopes=("scp",), tenant=("tid",)
    ),
}


class When(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a token must carry for something to be given; all that is named here."""

    scope: str = ""
    role: str = ""
    group: str = ""
    tenant: str = ""


class Gives(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a token stands for here, beside scopes that it names as we do."""

    when: When = When()
    scopes: tuple[str, ...] = ()
    organisations: tuple[str, ...] = ()
    """Keys of organisations of the twin: whoever the token is about has their roles for as long as it says so."""


class Issuer(msgspec.Struct, frozen=True, kw_only=True):
    """One issuer, in terms that hold."""

    name: str
    """What the operator calls it: in logs, figures, the audit and commands."""
    issuer: str
    """Its ``iss``, character by character."""
    audiences: frozenset[str]
    provider: Provider
    algorithms: tuple[str, ...]
    claims: Claims
    gives: tuple[Gives, ...]
    allowed_scopes: frozenset[str]
    users: Users
    profiled: bool
    """Whether all of its access tokens are in the profile of RFC 9068, and say so in their headers."""
    discovery: str
    ca: str
    stale_hours: float


class _Written(msgspec.Struct, forbid_unknown_fields=True):
    issuer: str
    audience: str | list[str]
    provider: Provider = "oidc"
    algorithms: tuple[str, ...] = ("RS256", "ES256")
    claims: dict[str, str | list[str]] = {}
    gives: tuple[Gives, ...] = ()
    allowed_scopes: tuple[str, ...] = tuple(SCOPES)
    users: Users = "invited"
    token_type: Literal["auto", "at+jwt"] = "auto"  # noqa: S105 - a media type
    discovery: str = ""
    ca: str = ""
    stale_hours: float = 24


class _File(msgspec.Struct, forbid_unknown_fields=True):
    issuers: dict[str, _Written]


def configured(named: str, directory: Path) -> tuple[Issuer, ...]:
    """The issuers of the file that is named, or of the one in the data directory, if it is there.

    Raises:
        InvalidValue: the file cannot be read, or something in it cannot mean anything (``issuers.invalid``).
    """
    file = Path(named) if named else directory / FILE
    if not named and not file.exists():
        return ()
    try:
        return read(file.read_bytes(), str(file))
    except OSError as error:
        raise _invalid(str(file), error.strerror or "it cannot be read", "check TWIN_ISSUERS") from error


def read(text: bytes, file: str = FILE) -> tuple[Issuer, ...]:
    """The issuers of a file's text.

    Raises:
        InvalidValue: something in it cannot mean anything (``issuers.invalid``).
    """
    try:
        written = msgspec.toml.decode(text, type=_File).issuers
    except (msgspec.MsgspecError, ValueError) as error:
        raise _invalid(
            file, str(error), "each issuer is a table [issuers.NAME], with issuer and audience at least"
        ) from error
    found: dict[str, Issuer] = {}
    for name, each in written.items():
        for why, help_ in _problems(name, each):
            raise _invalid(file, f"{name}: {why}", help_)
        if (same := found.setdefault(each.issuer, _checked(name, each))).name != name:
            help_ = "one issuer may have several audiences: audience = [ … ]"
            raise _invalid(file, f"{same.name} and {name} are the same issuer", help_)
    return tuple(found.values())


def is_safe(url: str) -> bool:
    """Whether keys may be fetched from there: over TLS, or from this very machine."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    plain = url.isascii() and url.isprintable() and not {" ", "\\"} & set(url) and "@" not in parts.netloc
    return plain and bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK))


def _problems(name: str, written: _Written) -> Iterator[tuple[str, str]]:
    """Why it cannot mean anything, and what to do."""
    if _NAME.match(name) is None:
        yield "that is no name", "call it by small letters, digits and hyphens: [issuers.our-login]"
    for key, url in (("issuer", written.issuer), ("discovery", written.discovery)):
        if (url or key == "issuer") and (not is_safe(url) or "?" in url or "#" in url):
            yield f"{key} is {url!r}", "write https://… as the provider does; http:// is for this machine alone"
    if not all(_listed(written.audience)) or not written.audience:
        yield "there is no audience", "name what the provider puts into aud for the twin: another's tokens never pass"
    if not 0 <= written.stale_hours <= _STALEST_HOURS:
        yield f"stale_hours is {written.stale_hours}", "a week is the longest that old keys may be trusted: 0 to 168"
    if written.ca and not Path(written.ca).is_file():
        yield f"ca is {written.ca!r}, and there is no such file", "name a PEM file of the certificates to trust"
    yield from _unknown_words(written)


def _unknown_words(written: _Written) -> Iterator[tuple[str, str]]:
    """What is named and does not exist, or may not be used."""
    for each in sorted({*written.algorithms} - {*ALGORITHMS}):
        yield f"algorithm {each!r}", f"only those with a key pair are taken: {', '.join(ALGORITHMS)}"
    if not written.algorithms:
        yield "there is no algorithm", 'leave algorithms out, or write algorithms = ["RS256"]'
    for key in sorted(written.claims.keys() - {*Claims.__struct_fields__}):
        yield f"claims.{key} is not known", f"claims are {', '.join(Claims.__struct_fields__)}"
    if not any(_listed(written.claims.get("subject", "sub"))):
        yield "claims.subject is empty", "name the claim that stands for a person for good, such as sub or oid"
    named = {*written.allowed_scopes, *(each for gives in written.gives for each in gives.scopes)}
    for scope in sorted(named - SCOPES.keys()):
        yield f"scope {scope!r} is not known", f"the scopes are {', '.join(SCOPES)}"


def _checked(name: str, written: _Written) -> Issuer:
    said = {key: tuple(each for each in _listed(paths) if each) for key, paths in written.claims.items()}
    return Issuer(
        name=name,
        issuer=written.issuer,
        audiences=frozenset(_listed(written.audience)),
        provider=written.provider,
        algorithms=written.algorithms,
        claims=msgspec.structs.replace(_PROVIDERS[written.provider], **said),
        gives=written.gives,
        allowed_scopes=frozenset(written.allowed_scopes),
        users=written.users,
        profiled=written.token_type == "at+jwt",  # noqa: S105 - a media type
        discovery=written.discovery,
        ca=written.ca,
        stale_hours=written.stale_hours,
    )


def _listed(value: str | Iterable[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _invalid(file: str, why: str, help_: str) -> InvalidValue:
    return InvalidValue(f"{file}: {why}", code="issuers.invalid", help=help_, file=file)
