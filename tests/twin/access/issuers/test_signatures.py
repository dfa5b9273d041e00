"""Public keys of other issuers: which are taken, and what they have signed."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey, OKPKey

from tests.issuing import EC, RSA, jwks, part, token
from twin.access.issuers.configured import ALGORITHMS
from twin.access.issuers.signatures import has_signed, keys_in

BOTH = ("RS256", "ES256")


def kinds(document: bytes, algorithms: tuple[str, ...] = ALGORITHMS) -> set[tuple[str, str]]:
    return set(keys_in(document, algorithms))


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        *((RSA, each) for each in ALGORITHMS if each[:2] in {"RS", "PS"}),
        (EC, "ES256"),
        (ECKey.generate_key("P-384", {"kid": "e3"}), "ES384"),
        (ECKey.generate_key("P-521", {"kid": "e5"}), "ES512"),
        (OKPKey.generate_key("Ed25519", {"kid": "o1"}), "Ed25519"),
    ],
)
def test_what_a_key_has_signed_is_known_and_nothing_else(key: Any, algorithm: str) -> None:
    [public] = keys_in(jwks(key), (algorithm,)).values()
    signed, _, signature = token(key=key, algorithm=algorithm).rpartition(".")
    raw = urlsafe_b64decode(signature + "==")
    assert has_signed(public, algorithm, signed.encode(), raw)
    assert not has_signed(public, algorithm, signed.encode() + b"x", raw)
    assert not has_signed(public, algorithm, signed.encode(), raw[:-1])
    assert not has_signed(public, algorithm, signed.encode(), bytes(len(raw)))
    assert not has_signed(public, algorithm, signed.encode(), b"")


def test_a_key_signs_with_what_it_says_and_the_operator_allows() -> None:
    assert kinds(jwks(RSA, EC), BOTH) == {("r1", "RS256"), ("e1", "ES256")}
    assert kinds(jwks(RSA, alg="PS256")) == {("r1", "PS256")}
    assert kinds(jwks(RSA, alg="PS256"), BOTH) == set()
    assert kinds(jwks(EC, alg="RS256")) == set()


@pytest.mark.parametrize(
    "jwk",
    [
        OctKey.generate_key(256, {"kid": "s"}).as_dict(),
        {"kty": "RSA", "kid": "short", "n": part(b"\xff" * 128), "e": "AQAB"},
        ECKey.generate_key("secp256k1", {"kid": "k"}).as_dict(private=False),
        OKPKey.generate_key("X25519", {"kid": "x"}).as_dict(private=False),
        {**RSA.as_dict(private=False), "use": "enc"},
        {**RSA.as_dict(private=False), "key_ops": ["encrypt"]},
        {**RSA.as_dict(private=False), "key_ops": 7},
        {**RSA.as_dict(private=False), "alg": "HS256"},
        {**RSA.as_dict(private=False), "alg": ["RS256"]},
        {**RSA.as_dict(private=False), "n": "!"},
        {**EC.as_dict(private=False), "x": "AAAA"},
        {"kty": ["RSA"]},
        {"kty": "RSA", "kid": "bare"},
        {},
        7,
    ],
)
def test_a_key_that_cannot_be_used_is_as_good_as_none(jwk: Any) -> None:
    document = json.dumps({"keys": [jwk, EC.as_dict(private=False)]}).encode()
    assert kinds(document, BOTH) == {("e1", "ES256")}


@pytest.mark.parametrize("document", [b"", b"[]", b"{}", b'{"keys": {}}', b"<html>", b'{"keys": null}'])
def test_what_is_no_jwk_set(document: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whatever a parser says
        keys_in(document, BOTH)


def test_a_private_key_that_was_published_is_read_as_its_public_half() -> None:
    document = json.dumps({"keys": [EC.as_dict(private=True)]}).encode()
    [key] = keys_in(document, BOTH).values()
    assert not hasattr(key, "private_numbers")


def test_of_two_keys_of_one_name_the_first_counts_and_there_are_not_endlessly_many() -> None:
    other = ECKey.generate_key("P-256", {"kid": "e1"})
    assert keys_in(jwks(EC, other), BOTH) == keys_in(jwks(EC), BOTH) != keys_in(jwks(other), BOTH)
    many = [{**EC.as_dict(private=False), "kid": str(number)} for number in range(200)]
    assert len(keys_in(json.dumps({"keys": many}).encode(), BOTH)) == 100
