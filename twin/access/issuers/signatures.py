"""Public keys of other issuers (RFC 7517), and whether one of them has signed something (RFC 7515, RFC 7518).

The algorithm is the key's, and one that the operator allows; what else a header says of keys (jku, x5u, jwk) is not
looked at. Keys that cannot be used are as good as not there: a provider may publish what we do not know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from joserfc.errors import JoseError
from joserfc.jwk import import_key

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

__all__ = ["Keys", "PublicKey", "has_signed", "keys_in"]

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey
Keys = dict[tuple[str, str], PublicKey]
"""By key id and algorithm. A key without an id has the empty one."""

_HASHES = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
_RSA = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
_CURVES = {"P-256": ("ES256", 32), "P-384": ("ES384", 48), "P-521": ("ES512", 66)}
_SIZES = dict(_CURVES.values())
_PUBLIC = {"RSA": ("kty", "n", "e"), "EC": ("kty", "crv", "x", "y"), "OKP": ("kty", "crv", "x")}
_MOST = 100
_STRONG_BITS, _LARGEST_BITS = 2048, 8192


def keys_in(document: bytes, algorithms: Collection[str]) -> Keys:
    """The keys of a JWK set that may sign with one of these algorithms. `ValueError` when it is no JWK set."""
    found = orjson.loads(document)
    listed = found.get("keys") if isinstance(found, dict) else None
    if not isinstance(listed, list):
        message = "it is no JWK set"
        raise ValueError(message)  # noqa: TRY004 - a document, not an argument
    keys: Keys = {}
    for jwk in listed[:_MOST]:
        for name in _algorithms(jwk) if isinstance(jwk, dict) else ():
            if name in algorithms and (key := _imported(jwk)) is not None:
                keys.setdefault((str(jwk.get("kid", "")), name), key)
    return keys


def has_signed(key: PublicKey, algorithm: str, signed: bytes, signature: bytes) -> bool:
    """Whether the private half of a key has made a signature."""
    try:
        match key:
            case rsa.RSAPublicKey():
                hashed = _HASHES[algorithm[2:]]
                pss = padding.PSS(padding.MGF1(hashed), hashed.digest_size)
                key.verify(signature, signed, pss if algorithm.startswith("PS") else padding.PKCS1v15(), hashed)
            case ec.EllipticCurvePublicKey():
                key.verify(_asn1(algorithm, signature), signed, ec.ECDSA(_HASHES[algorithm[2:]]))
            case _:
                key.verify(signature, signed)
    except (InvalidSignature, ValueError):
        return False
    return True


def _asn1(algorithm: str, signature: bytes) -> bytes:
    """A signature as ASN.1, made of r and s, each as long as the curve (RFC 7518, section 3.4)."""
    size = _SIZES[algorithm]
    if len(signature) != 2 * size:
        raise InvalidSignature
    r, s = int.from_bytes(signature[:size], "big"), int.from_bytes(signature[size:], "big")
    return utils.encode_dss_signature(r, s)


def _algorithms(jwk: Mapping[str, Any]) -> tuple[str, ...]:
    """What a key may sign with, as it says itself."""
    operations = jwk.get("key_ops", ["verify"])
    if jwk.get("use", "sig") != "sig" or not isinstance(operations, list) or "verify" not in operations:
        return ()
    kind, curve, said = jwk.get("kty"), jwk.get("crv"), jwk.get("alg")
    known: tuple[str, ...] = ()
    if kind == "RSA":
        known = _RSA
    elif kind == "EC" and isinstance(curve, str) and curve in _CURVES:
        known = (_CURVES[curve][0],)
    elif kind == "OKP" and curve == "Ed25519":
        known = ("EdDSA", "Ed25519")
    return known if said is None else tuple(each for each in known if said == each or (kind == "OKP" and said in known))


def _imported(jwk: Mapping[str, Any]) -> PublicKey | None:
    """A key, of its public members alone, if it is strong enough."""
    if jwk["kty"] == "RSA" and len(str(jwk.get("n", ""))) * 6 < _STRONG_BITS:
        return None
    try:
        public: Any = import_key({name: jwk[name] for name in _PUBLIC[jwk["kty"]]}).public_key
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    if isinstance(public, rsa.RSAPublicKey):
        return public if _STRONG_BITS <= public.key_size <= _LARGEST_BITS else None
    return public if isinstance(public, ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey) else None
