"""Whether who brings a key has it: a JWT that the key has signed for us, about the secret that is brought with it."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.util import to_bytes

from twin.access.applications import checked_keys
from twin.access.assertions import verified

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["TYPE", "hashed", "possessed", "thumbprint"]

TYPE = "commissioning+jwt"
"""What it says it is (RFC 8725, section 3.11): what was signed for another purpose proves nothing here."""
_LONGEST = 8192


def possessed(jwk: object, proof: str, audiences: Collection[str], about: str) -> dict[str, Any] | None:
    """The one public key, as a JWK set to keep, if the proof is signed with its private half, for one of the audiences,
    and names what is brought with it (``ath``, as in RFC 9449, section 4.2). `InvalidValue` for a key that must not be.
    """
    keys = checked_keys({"keys": [jwk]})
    if len(proof) > _LONGEST or _type(proof) != TYPE:
        return None
    claims = verified(proof, keys)
    if claims is None or claims.get("ath") != hashed(about):
        return None
    return keys if str(claims.get("aud")) in audiences else None


def hashed(secret: str) -> str:
    """The left-out secret, as a proof names it: base64url of its SHA-256."""
    return urlsafe_b64encode(sha256(secret.encode()).digest()).rstrip(b"=").decode()


def thumbprint(keys: dict[str, Any]) -> str:
    """Of the one key of a set (RFC 7638)."""
    found = KeySet.import_key_set(keys).keys  # type: ignore[arg-type]  # it was checked before
    return str(found[0].thumbprint())


def _type(proof: str) -> object:
    try:
        return jws.extract_compact(to_bytes(proof)).headers().get("typ")
    except (JoseError, ValueError):
        return None
