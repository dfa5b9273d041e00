from __future__ import annotations

from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from twin.access.possession import TYPE, hashed, possessed, thumbprint
from twin.errors import InvalidValue

KEY, OTHER = ECKey.generate_key("P-256"), ECKey.generate_key("P-256")
US = {"https://twin/key"}


def proof(key: Any = KEY, header: dict[str, Any] | None = None, **changes: Any) -> str:
    claims = {"aud": "https://twin/key", "ath": hashed("token"), **changes}
    alg = "ES256" if isinstance(key, ECKey) else "RS256"
    return jwt.encode({"alg": alg, "typ": TYPE, **(header or {})}, claims, key, algorithms=[alg])


def shown(key: Any = KEY) -> Any:
    return key.as_dict(private=False)


def test_who_has_a_key_can_show_it() -> None:
    kept = possessed(shown(), proof(), US, "token")
    assert kept is not None
    assert "d" not in kept["keys"][0]
    assert thumbprint(kept) == KEY.thumbprint()


@pytest.mark.filterwarnings("ignore:Key size should be")
def test_rsa_will_do_where_it_is_long_enough() -> None:
    long, short = RSAKey.generate_key(2048), RSAKey.generate_key(1024)
    assert possessed(shown(long), proof(long), US, "token") is not None
    with pytest.raises(InvalidValue):
        possessed(shown(short), "x", US, "token")


@pytest.mark.parametrize(
    "said",
    [
        proof(OTHER),
        proof(aud="https://other/key"),
        proof(aud=["https://twin/key"]),
        proof(ath=hashed("another")),
        proof(header={"typ": "JWT"}),
        proof(OTHER, header={"jwk": OTHER.as_dict(private=False)}),
        "x",
        "a.b.c",
        "",
        "e" * 9000,
    ],
)
def test_what_proves_nothing(said: str) -> None:
    assert possessed(shown(), said, US, "token") is None


def test_none_is_no_algorithm() -> None:
    _, body, _ = proof().split(".")
    assert possessed(shown(), f"eyJhbGciOiJub25lIiwidHlwIjoiY29tbWlzc2lvbmluZytqd3QifQ.{body}.", US, "token") is None


@pytest.mark.parametrize(
    "jwk",
    [
        KEY.as_dict(private=True),
        ECKey.generate_key("P-384").as_dict(private=False),
        {"kty": "oct", "k": "A" * 43},
        {"kty": "EC"},
        None,
        [],
        "x",
    ],
)
def test_keys_that_must_not_be(jwk: Any) -> None:
    with pytest.raises(InvalidValue) as caught:
        possessed(jwk, proof(), US, "token")
    assert "d" not in str(caught.value).split()
