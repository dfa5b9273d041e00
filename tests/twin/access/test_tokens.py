"""Tokens: what is issued verifies, and nothing else does."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey

from twin.access.keys import KeyRing, SigningKey
from twin.access.tokens import LIFETIME, Issued, TokenRefused, Tokens

NOW = 1_800_000_000_000_000
SECOND = 1_000_000
ISSUER = "https://twin.example"
KEY = SigningKey.generate()
RING = KeyRing(KEY)
GENERATIONS: dict[str, int] = {"gateway": 1}


@pytest.fixture
def tokens() -> Tokens:
    return Tokens(lambda: RING, issuer=ISSUER, audience=ISSUER, current=GENERATIONS.get)


def issue(tokens: Tokens, client: str = "gateway", generation: int = 1) -> Issued:
    return tokens.issue(
        client, scopes=frozenset({"twin:read"}), sites=frozenset({"s1"}), generation=generation, now=NOW
    )


def claims(**changes: Any) -> dict[str, Any]:
    at = NOW // SECOND
    whole = {
        "iss": ISSUER,
        "sub": "gateway",
        "aud": ISSUER,
        "client_id": "gateway",
        "scope": "twin:read",
        "exp": at + 60,
        "iat": at,
        "jti": "x",
        "sites": None,
        "generation": 1,
    }
    return {name: value for name, value in {**whole, **changes}.items() if value is not ...}


def forge(header: dict[str, Any] | None = None, key: ECKey | None = None, **changes: Any) -> str:
    whole = {"alg": "ES256", "kid": KEY.kid, "typ": "at+jwt", **(header or {})}
    return jwt.encode(whole, claims(**changes), key or KEY.private, algorithms=["ES256"])


def part(data: Any) -> str:
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def refusal(tokens: Tokens, token: str, now: int = NOW) -> str:
    with pytest.raises(TokenRefused) as caught:
        tokens.verify(token, now)
    assert caught.value.message == "the access token is not valid"
    assert caught.value.details == {}
    return caught.value.reason


def test_what_is_issued_verifies(tokens: Tokens) -> None:
    issued = issue(tokens)
    principal = tokens.verify(issued.token, NOW)
    assert (principal.client, principal.subject) == ("gateway", "gateway")
    assert (principal.scopes, principal.sites) == ({"twin:read"}, {"s1"})
    assert principal.expires == NOW + LIFETIME * SECOND
    assert issued.expires_in == LIFETIME


def test_the_token_follows_rfc_9068(tokens: Tokens) -> None:
    decoded = jwt.decode(issue(tokens).token, KEY.private, algorithms=["ES256"])
    assert decoded.header == {"alg": "ES256", "kid": KEY.kid, "typ": "at+jwt"}
    assert decoded.claims.keys() >= {"iss", "exp", "aud", "sub", "client_id", "iat", "jti", "scope"}


def test_all_sites_is_said_and_never_assumed(tokens: Tokens) -> None:
    assert tokens.verify(forge(), NOW).sites is None
    assert refusal(tokens, forge(sites=...)) == "claims"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"iss": "https://other.example"}, "issuer"),
        ({"aud": "https://other.example"}, "audience"),
        ({"aud": []}, "audience"),
        ({"exp": NOW // SECOND}, "expired"),
        ({"exp": NOW // SECOND - 1}, "expired"),
        ({"iat": NOW // SECOND + 61}, "early"),
        ({"nbf": NOW // SECOND + 61}, "early"),
        ({"generation": 2}, "revoked"),
        ({"client_id": "nobody"}, "revoked"),
        ({"exp": ...}, "claims"),
        ({"exp": "soon"}, "claims"),
        ({"client_id": ...}, "claims"),
        ({"sub": ...}, "claims"),
        ({"jti": ...}, "claims"),
        ({"scope": ["twin:read"]}, "claims"),
        ({"generation": ...}, "claims"),
        ({"sites": "s1"}, "claims"),
    ],
)
def test_claims_that_do_not_hold(tokens: Tokens, changes: dict[str, Any], reason: str) -> None:
    assert refusal(tokens, forge(**changes)) == reason


@pytest.mark.parametrize("header", [{"kid": "other"}, {"typ": "JWT"}, {"typ": "id+jwt"}, {"crit": ["exp"], "exp": 1}])
def test_headers_that_are_not_ours(tokens: Tokens, header: dict[str, Any]) -> None:
    whole = {"alg": "ES256", "kid": KEY.kid, "typ": "at+jwt", **header}
    token = f"{part(whole)}.{part(claims())}.{'A' * 86}"
    assert refusal(tokens, token) == "header"


def test_no_algorithm_is_no_signature(tokens: Tokens) -> None:
    unsigned = f"{part({'alg': 'none', 'kid': KEY.kid, 'typ': 'at+jwt'})}.{part(claims())}."
    assert refusal(tokens, unsigned) == "malformed"
    assert refusal(tokens, unsigned + "A" * 86) == "header"


def test_the_public_key_is_not_a_shared_secret(tokens: Tokens) -> None:
    signed = f"{part({'alg': 'HS256', 'kid': KEY.kid, 'typ': 'at+jwt'})}.{part(claims())}"
    mac = hmac.digest(KEY.private.as_pem(private=False), signed.encode(), hashlib.sha256)
    assert refusal(tokens, f"{signed}.{part(mac)}") == "malformed"
    assert refusal(tokens, f"{signed}.{part(mac * 2)}") == "header"


def test_another_key_does_not_sign_for_ours(tokens: Tokens) -> None:
    assert refusal(tokens, forge(key=ECKey.generate_key("P-256"))) == "signature"


def test_a_header_in_another_spelling_is_still_a_header(tokens: Tokens) -> None:
    spelt = forge({"typ": "application/at+jwt"})
    assert tokens.verify(spelt, NOW).client == "gateway"
    assert tokens.verify(forge({"typ": "application/at+jwt"}, sub="x"), NOW).subject == "x"


@pytest.mark.parametrize(
    "token", ["", "a", "a.b", "a.b.c", "..", f"{'!' * 4}.e30.{'A' * 86}", "x" * 9000, f"AAAA.e30.{'A' * 86}\n", "é.é.é"]
)
def test_what_is_no_token(tokens: Tokens, token: str) -> None:
    assert refusal(tokens, token) == "malformed"


def test_a_remembered_token_still_expires(tokens: Tokens) -> None:
    issued = issue(tokens)
    tokens.verify(issued.token, NOW)
    assert refusal(tokens, issued.token, NOW + LIFETIME * SECOND) == "expired"
    assert issued.token not in tokens._known


def test_a_remembered_token_dies_with_its_client(monkeypatch: pytest.MonkeyPatch, tokens: Tokens) -> None:
    token = issue(tokens).token
    principal = tokens.verify(token, NOW)
    assert tokens.holds(principal, NOW)
    monkeypatch.setitem(GENERATIONS, "gateway", 2)
    assert refusal(tokens, token) == "revoked"
    assert not tokens.holds(principal, NOW)
    monkeypatch.delitem(GENERATIONS, "gateway")
    assert refusal(tokens, token) == "revoked"


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch, tokens: Tokens) -> None:
    monkeypatch.setattr("twin.access.tokens._REMEMBERED", 3)
    issued = [issue(tokens).token for _ in range(5)]
    for token in issued:
        tokens.verify(token, NOW)
    assert list(tokens._known) == issued[2:]


def test_what_another_process_of_the_twin_has_signed_is_as_good_once_it_is_known(tokens: Tokens) -> None:
    elsewhere = "https://twin.example:8081"
    other = issue(Tokens(lambda: RING, issuer=elsewhere, audience=elsewhere, current=GENERATIONS.get)).token
    with pytest.raises(TokenRefused) as refused:
        tokens.verify(other, NOW)
    assert refused.value.reason == "issuer"
    tokens.fellows.add(elsewhere)
    assert tokens.verify(other, NOW).client == "gateway"


def test_the_published_keys_verify_what_is_issued(tokens: Tokens) -> None:
    [published] = tokens.jwks()["keys"]
    assert jwt.decode(issue(tokens).token, ECKey.import_key(published), algorithms=["ES256"]).claims["sub"] == "gateway"


GOOD = Tokens(lambda: RING, issuer=ISSUER, audience=ISSUER, current=GENERATIONS.get)
TOKEN = issue(GOOD).token


@given(st.integers(0, len(TOKEN) - 1), st.characters(codec="ascii"))
def test_no_changed_character_passes_for_another_principal(position: int, character: str) -> None:
    """A changed character is refused; in the last one of the signature, unused bits may differ and change nothing."""
    changed = TOKEN[:position] + character + TOKEN[position + 1 :]
    try:
        principal = GOOD.verify(changed, NOW)
    except TokenRefused:
        return
    assert principal == GOOD.verify(TOKEN, NOW)
    assert changed == TOKEN or position == len(TOKEN) - 1


@given(st.text(max_size=300))
def test_any_text_is_refused_and_nothing_else_happens(text: str) -> None:
    with pytest.raises(TokenRefused):
        GOOD.verify(text, NOW)
