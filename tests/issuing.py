"""External issuers as tests play them: keys of their own, and tokens that say whatever a test wants."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey

from twin.access.issuers.configured import Issuer, read

LOGIN = "https://login.example"
TWIN = "https://twin.example"
AT = 1_800_000_000
"""In seconds."""
NOW = AT * 1_000_000
RSA = RSAKey.generate_key(2048, {"kid": "r1", "use": "sig"})
EC = ECKey.generate_key("P-256", {"kid": "e1"})
PLAIN_JWT = {"typ": "JWT"}


def issuer(more: str = "", name: str = "login", url: str = LOGIN) -> Issuer:
    """One that a file configures; ``more`` are lines of its table, and tables below it."""
    [made] = read(f'[issuers.{name}]\nissuer = "{url}"\naudience = "{TWIN}"\n{more}\n'.encode())
    return made


def jwks(*keys: RSAKey | ECKey | OKPKey, **more: Any) -> bytes:
    """A JWK set of public halves."""
    return json.dumps({"keys": [{**each.as_dict(private=False), **more} for each in keys]}).encode()


def claims(**changes: Any) -> dict[str, Any]:
    """What a good access token says; ``...`` leaves a claim out."""
    whole = {
        "iss": LOGIN,
        "sub": "ada",
        "aud": TWIN,
        "client_id": "app",
        "scope": "openid twin:read",
        "exp": AT + 300,
        "iat": AT,
        "jti": "t1",
    }
    return {name: value for name, value in {**whole, **changes}.items() if value is not ...}


def token(
    said: dict[str, Any] | None = None,
    *,
    header: dict[str, Any] | None = None,
    key: RSAKey | ECKey = RSA,
    algorithm: str = "",
) -> str:
    """A token of these claims, signed as a provider does."""
    algorithm = algorithm or ("RS256" if isinstance(key, RSAKey) else "ES256")
    whole = {"alg": algorithm, "kid": key.kid, "typ": "at+jwt", **(header or {})}
    whole = {name: value for name, value in whole.items() if value is not ...}
    payload = json.dumps(claims() if said is None else said)
    registry = jws.JWSRegistry(algorithms=[algorithm], strict_check_header=False)
    return jws.serialize_compact(whole, payload, key, registry=registry)


def part(data: Any) -> str:
    """A part of a token, of anything at all."""
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    return urlsafe_b64encode(raw).decode().rstrip("=")
