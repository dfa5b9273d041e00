"""After a restore, or a leak: nothing that was let in before counts."""

from __future__ import annotations

import pytest

from tests.twin.access.test_authorizations import BACK, CHALLENGE, GRANTED, VERIFIER
from twin.access.authority import Authority
from twin.access.ending import revoke_all_refresh_tokens, revoke_everything, rotate_keys
from twin.access.passwords import Passwords
from twin.access.tokens import TokenRefused
from twin.errors import Unauthenticated
from twin.records import Records
from twin.times import now

PASSWORD = "correct horse battery"
READ = frozenset({"twin:read"})


@pytest.fixture
def authority(records: Records, passwords: Passwords) -> Authority:
    return Authority(records, "https://a", sites_of=lambda _: frozenset({"s1"}), passwords=passwords)


def machine_token(authority: Authority) -> str:
    client_id, _ = authority.clients.add("machine", READ, None)
    return authority.tokens.issue(client_id, scopes=READ, sites=None, generation=1, now=now()).token


def refresh_token(authority: Authority) -> str:
    code = authority.authorizations.begin(GRANTED, redirect_uri=BACK, challenge=CHALLENGE)
    found = authority.authorizations.redeem(code, "app", redirect_uri=BACK, verifier=VERIFIER, refresh=True)
    assert found is not None
    return found.refresh_token


def test_new_keys_end_tokens_and_open_connections_and_not_what_users_let_in(
    records: Records, authority: Authority
) -> None:
    token, refresh = machine_token(authority), refresh_token(authority)
    principal = authority.tokens.verify(token, now())
    assert authority.tokens.holds(principal, now())
    kid = rotate_keys(records)
    authority.refresh()
    assert authority.keys.ring.current.kid == kid
    assert not authority.tokens.holds(principal, now())
    with pytest.raises(TokenRefused):
        authority.tokens.verify(token, now())
    assert authority.authorizations.refresh(refresh, "app") is not None


def test_all_refresh_tokens_end_and_nothing_else(records: Records, authority: Authority) -> None:
    token, refresh = machine_token(authority), refresh_token(authority)
    revoke_all_refresh_tokens(records)
    authority.refresh()
    assert GRANTED.id in authority.revocations
    assert authority.authorizations.refresh(refresh, "app") is None
    assert authority.tokens.verify(token, now()).scopes == READ


def test_everything_ends_but_secrets_and_passwords(records: Records, authority: Authority) -> None:
    token, refresh = machine_token(authority), refresh_token(authority)
    user, link = authority.users.add("ada@example.com")
    authority.choose_password(link, PASSWORD)
    _, link = authority.users.link(user.id)
    session = authority.sessions.open(user)
    box, shown = authority.device_codes.begin("app", READ)
    initial = authority.initial_tokens.make(READ, uses=1, seconds=60)
    pushed = authority.pushed.push("app", [("a", "b")])
    revoke_everything(records)
    authority.refresh()
    with pytest.raises(TokenRefused):
        authority.tokens.verify(token, now())
    with pytest.raises(Unauthenticated):
        authority.initial_tokens.scopes(initial)
    assert authority.authorizations.refresh(refresh, "app") is None
    assert authority.sessions.find(session) is None
    assert authority.users.linked(link) is None
    assert authority.device_codes.asked(shown) is None
    assert authority.device_codes.redeem(box, "app", refresh=True) == "invalid_grant"
    assert authority.pushed.find(pushed, "app") is None
    assert authority.sign_in("ada@example.com", PASSWORD, "here").id == user.id
    assert [each.name for each in authority.clients.list()] == ["machine"]


def test_records_that_never_let_anybody_in_can_be_ended(records: Records) -> None:
    assert revoke_everything(records)


def test_what_is_over_is_forgotten(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    authority.pushed.push("app", [])
    authority.revocations.add("x")
    monkeypatch.setattr("twin.access.authority.now", lambda: now() + 40 * 86_400_000_000)
    authority.refresh()
    authority.refresh()
    assert "x" not in authority.revocations
