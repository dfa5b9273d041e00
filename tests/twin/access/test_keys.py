"""The keys that sign: known before they sign, good until what they signed has expired."""

from __future__ import annotations

from pathlib import Path

import pytest
from joserfc.jwk import ECKey

from tests.twin.access.conftest import Clock
from twin.access.keys import KNOWN_SECONDS, Keys
from twin.access.tokens import Issued, TokenRefused, Tokens
from twin.errors import BackendError, Conflict
from twin.records import Records


@pytest.fixture
def keys(records: Records, clock: Clock) -> Keys:
    return Keys(records, clock=clock)


@pytest.fixture
def tokens(keys: Keys) -> Tokens:
    return Tokens(lambda: keys.ring, issuer="https://a", audience="https://a", current={"app": 1}.get)


def issue(tokens: Tokens, clock: Clock) -> Issued:
    return tokens.issue("app", scopes=frozenset({"twin:read"}), sites=None, generation=1, now=clock.now)


def test_made_once_and_found_again(records: Records, keys: Keys, clock: Clock) -> None:
    assert [each.state for each in keys.list()] == ["current", "next"]
    assert Keys(records, clock=clock).ring.published() == keys.ring.published()


def test_the_key_of_an_earlier_version_is_taken_over(records: Records, tmp_path: Path) -> None:
    earlier = ECKey.generate_key("P-256")
    (tmp_path / "signing.pem").write_bytes(earlier.as_pem(private=True))
    assert Keys(records, earlier=tmp_path).ring.current.kid == earlier.thumbprint()
    assert not (tmp_path / "signing.pem").exists()
    assert Keys(records, earlier=tmp_path).ring.current.kid == earlier.thumbprint()


def test_a_key_that_cannot_be_read_is_said_so(records: Records, tmp_path: Path) -> None:
    (tmp_path / "signing.pem").write_text("not a key")
    with pytest.raises(BackendError) as caught:
        Keys(records, earlier=tmp_path)
    assert caught.value.code_ == "keys.unusable"
    assert (tmp_path / "signing.pem").exists()


def test_what_is_published_holds_no_secret(keys: Keys) -> None:
    for published in keys.ring.published():
        assert published.keys() == {"kty", "crv", "x", "y", "kid", "use", "alg"}
        assert (published["alg"], published["use"]) == ("ES256", "sig")
    assert "PRIVATE" not in repr(keys.ring)


def test_a_key_is_published_before_it_signs(keys: Keys, clock: Clock) -> None:
    clock.wait(KNOWN_SECONDS)
    before = [each["kid"] for each in keys.ring.published()]
    assert keys.rotate() == before[1]
    assert keys.ring.current.kid == before[1]
    assert sorted(each.state for each in keys.list()) == ["current", "next", "retired"]
    assert {each["kid"] for each in keys.ring.published()} > set(before)


def test_a_key_nobody_knows_yet_does_not_sign_unless_it_must(keys: Keys, clock: Clock) -> None:
    clock.wait(KNOWN_SECONDS - 1)
    with pytest.raises(Conflict) as caught:
        keys.rotate()
    assert caught.value.code_ == "keys.early"
    assert "in 1 seconds" in caught.value.help
    following = keys.ring.next
    assert following is not None
    assert keys.rotate(at_once=True) == following.kid


def test_a_token_outlives_its_key_until_it_expires(keys: Keys, tokens: Tokens, clock: Clock) -> None:
    before = issue(tokens, clock).token
    keys.rotate(at_once=True)
    after = issue(tokens, clock).token
    clock.wait(599)
    keys.refresh()
    assert tokens.verify(before, clock.now).client == tokens.verify(after, clock.now).client == "app"
    clock.wait(61)
    keys.refresh()
    assert len(tokens.jwks()["keys"]) == 2
    for token in (before, after):
        with pytest.raises(TokenRefused):
            tokens.verify(token, clock.now)


def test_what_a_forgotten_key_signs_is_refused_however_long_it_says_it_lives(
    records: Records, keys: Keys, tokens: Tokens, clock: Clock
) -> None:
    other = Tokens(lambda: keys.ring, issuer="https://a", audience="https://a", current={"app": 1}.get, lifetime=9999)
    forever = issue(other, clock).token
    tokens.verify(forever, clock.now)
    keys.rotate(at_once=True)
    tokens.verify(forever, clock.now)
    clock.wait(700)
    keys.refresh()
    with pytest.raises(TokenRefused) as caught:
        tokens.verify(forever, clock.now)
    assert caught.value.reason == "header"


def test_revoked_keys_end_every_token_at_once(keys: Keys, tokens: Tokens, clock: Clock) -> None:
    token = issue(tokens, clock).token
    tokens.verify(token, clock.now)
    old = {each["kid"] for each in keys.ring.published()}
    keys.rotate(revoke=True)
    assert old.isdisjoint(each["kid"] for each in keys.ring.published())
    with pytest.raises(TokenRefused):
        tokens.verify(token, clock.now)
    tokens.verify(issue(tokens, clock).token, clock.now)


def test_other_processes_see_it_at_their_next_refresh(
    records: Records, keys: Keys, tokens: Tokens, clock: Clock
) -> None:
    beside = Keys(records, clock=clock)
    beside.rotate(at_once=True)
    theirs = Tokens(lambda: beside.ring, issuer="https://a", audience="https://a", current={"app": 1}.get)
    assert tokens.verify(issue(theirs, clock).token, clock.now).client == "app"
    same = keys.ring
    keys.refresh()
    assert keys.ring is not same
    assert keys.ring.current.kid == beside.ring.current.kid
    same = keys.ring
    keys.refresh()
    assert keys.ring is same
