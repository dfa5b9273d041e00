"""Where answers may go, and by which keys a client may prove itself."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, OctKey, RSAKey

from twin.access.applications import Application, Proof, checked_keys, checked_redirect, redirects_match
from twin.errors import InvalidValue

APP = "https://app.example/back"
LOOP = "http://127.0.0.1/back"


@pytest.mark.parametrize(
    ("known", "asked"),
    [
        (APP, APP),
        (LOOP, LOOP),
        (LOOP, "http://127.0.0.1:51004/back"),
        ("http://127.0.0.1:80/back?x=1", "http://127.0.0.1:9/back?x=1"),
        ("http://[::1]/back", "http://[::1]:51004/back"),
        ("com.example.app:/back", "com.example.app:/back"),
    ],
)
def test_the_registered_address_matches(known: str, asked: str) -> None:
    assert redirects_match(known, asked)


@pytest.mark.parametrize(
    ("known", "asked"),
    [
        (APP, f"{APP}/"),
        (APP, f"{APP}/../evil"),
        (APP, f"{APP}?x=1"),
        (APP, f"{APP}#x"),
        (APP, "https://APP.example/back"),
        (APP, "https://app.example:443/back"),
        (APP, "http://app.example/back"),
        (APP, "https://app.example.evil.example/back"),
        (APP, "https://app.example@evil.example/back"),
        (APP, "https://app.example%2eevil.example/back"),
        (APP, f"{APP}%2f"),
        (APP, f"{APP}\n"),
        (APP, ""),
        (LOOP, "https://127.0.0.1/back"),
        (LOOP, "http://localhost/back"),
        (LOOP, "http://127.0.0.1:1/other"),
        (LOOP, "http://127.0.0.1:1/back?x=1"),
        (LOOP, "http://127.0.0.1:1/back#x"),
        (LOOP, "http://127.0.0.1:99999/back"),
        (LOOP, "http://x@127.0.0.1/back"),
        (LOOP, "http://127.0.0.1.evil.example/back"),
        (LOOP, "http://127.0.0.1:1\\@evil.example/back"),
        (LOOP, "http://127.0.0.1:1/ba\tck"),
        ("http://localhost:1/back", "http://localhost:2/back"),
        ("http://[::1]/back", "http://127.0.0.1/back"),
    ],
)
def test_no_other_address_does(known: str, asked: str) -> None:
    assert not redirects_match(known, asked)


@given(st.text(max_size=60))
def test_no_text_matches_but_what_was_registered(asked: str) -> None:
    app = Application(title="app", redirect_uris=(APP, "https://app.example/other"))
    assert app.redirects_to(asked) == (asked in app.redirect_uris)


@pytest.mark.parametrize(
    ("uri", "proof"),
    [
        (APP, "secret"),
        ("https://app.example:8443/back?x=1", "none"),
        ("http://localhost:3000/back", "secret"),
        (LOOP, "none"),
        ("http://[::1]:1/back", "none"),
        ("com.example.app:/back", "none"),
    ],
)
def test_addresses_that_may_be_registered(uri: str, proof: Proof) -> None:
    assert checked_redirect(uri, proof) == uri


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "app.example/back",
        "//app.example/back",
        "http://app.example/back",
        "https:///back",
        "https://*.example/back",
        "https://app.example/back#x",
        "https://app.example/#",
        "https://user@app.example/back",
        "https://app.example\\@evil.example/",
        "https://app.example/b ack",
        "https://app.example/b\nack",
        "https://äpp.example/back",
        "https://app.example:99999/",
        "https://[::1/back",
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "myapp:/back",
        "com.example.app:/back",
        "https://app.example/" + "x" * 2000,
    ],
)
def test_addresses_that_may_not(uri: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        checked_redirect(uri, "secret")
    assert caught.value.code_ == "client.redirect"


def public(key: Any) -> dict[str, Any]:
    return dict(key.as_dict(private=False))


def test_public_keys_are_kept_as_they_are() -> None:
    keys = {"keys": [public(ECKey.generate_key("P-256")), public(RSAKey.generate_key(2048))]}
    assert {each["kty"] for each in checked_keys(keys)["keys"]} == {"EC", "RSA"}


@pytest.mark.parametrize(
    "keys",
    [
        None,
        {},
        {"keys": []},
        {"keys": ["x"]},
        {"keys": [{"kty": "EC"}]},
        {"keys": [ECKey.generate_key("P-256").as_dict(private=True)]},
        {"keys": [public(ECKey.generate_key("P-384"))]},
        {"keys": [{"kty": "RSA", "e": "AQAB", "n": "v" * 171}]},
        {"keys": [OctKey.generate_key(256).as_dict(private=True)]},
    ],
    ids=range(9),
)
def test_keys_that_prove_nothing(keys: Any) -> None:
    with pytest.raises(InvalidValue) as caught:
        checked_keys(keys)
    assert caught.value.code_ == "client.keys"
