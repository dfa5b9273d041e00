"""Whom subjects of external issuers are here: never by an address, but for who was invited by a verified one."""

from __future__ import annotations

import re

import pytest

from tests.issuing import LOGIN, NOW, claims, issuer
from tests.twin.access.conftest import Clock
from twin.access.authority import Authority
from twin.access.issuers.claims import Said, said_by
from twin.access.issuers.configured import Issuer
from twin.access.passwords import Passwords
from twin.errors import Conflict, NotFound
from twin.records import Records

ADA = "ada@example.com"


@pytest.fixture
def authority(records: Records, passwords: Passwords) -> Authority:
    return Authority(records, "https://twin.example", sites_of=lambda _: frozenset(), passwords=passwords)


def said(subject: str = "s1", email: str = ADA, *, verified: bool = True) -> Said:
    return said_by(issuer(), "at+jwt", claims(sub=subject, email=email, email_verified=verified, name="Ada L."), NOW)


def policy(users: str, name: str = "login", url: str = LOGIN) -> Issuer:
    return issuer(f'users = "{users}"', name, url)


def test_who_was_invited_is_known_by_a_verified_address_once(authority: Authority) -> None:
    user, link = authority.users.add(ADA)
    assert authority.identities.meet(policy("invited"), said(verified=False)) == (None, False)
    assert authority.identities.meet(policy("linked"), said()) == (None, False)
    found, new = authority.identities.meet(policy("invited"), said(email="ADA@example.com"))
    assert found is not None
    assert (found.holder, new) == (user.id, True)
    assert authority.identities.meet(policy("invited"), said(verified=False)) == (found, False)
    assert authority.identities.meet(policy("invited"), said("s2")) == (None, False)
    assert authority.identities.meet(policy("invited", "b", "https://b.example"), said()) == (None, False)
    authority.choose_password(link, "correct horse battery")


def test_who_was_offered_something_by_mail_has_an_account_from_then_on(authority: Authority) -> None:
    authority.invitations.make(ADA, "role", "site", role="home/Guest")
    assert authority.identities.meet(policy("linked"), said()) == (None, False)
    assert authority.identities.meet(policy("invited"), said(verified=False)) == (None, False)
    found, new = authority.identities.meet(policy("invited"), said())
    assert found is not None
    assert new
    assert [each.email for each in authority.users.list()] == [ADA]
    assert authority.identities.meet(policy("invited"), said("s2")) == (None, False)


def test_who_has_a_password_is_not_known_by_an_address(authority: Authority) -> None:
    user, link = authority.users.add(ADA)
    authority.choose_password(link, "correct horse battery")
    assert authority.identities.meet(policy("invited"), said()) == (None, False)
    found, new = authority.identities.meet(policy("everyone"), said())
    assert found is not None
    assert new
    assert found.holder != user.id
    other = authority.users.find(found.holder)
    assert other is not None
    assert other.name == "Ada L."
    assert other.email.endswith("@login.invalid")


def test_somebody_new_is_provisioned_where_everyone_may_come(authority: Authority) -> None:
    found, new = authority.identities.meet(policy("everyone"), said("auth0|x@y z"))
    assert found is not None
    assert new
    user = authority.users.find(found.holder)
    assert user is not None
    assert (user.email, user.ready) == (ADA, False)
    second, _ = authority.identities.meet(policy("everyone"), said("auth0|other", verified=False))
    assert second is not None
    other = authority.users.find(second.holder)
    assert other is not None
    assert re.fullmatch(r"auth0%7cother\.[0-9a-f]{8}@login\.invalid", other.email)


def test_who_is_disabled_is_nobody_and_whoever_is_removed_is_forgotten(authority: Authority) -> None:
    user, _ = authority.users.add(ADA)
    found, _ = authority.identities.meet(policy("invited"), said())
    assert found is not None
    authority.disable_user(ADA, disabled=True)
    assert found.id in authority.revocations
    assert authority.identities.meet(policy("invited"), said()) == (None, False)
    authority.disable_user(ADA, disabled=False)
    again, _ = authority.identities.meet(policy("invited"), said())
    assert again is not None
    assert (again.holder, again.id == found.id) == (user.id, False)
    authority.remove_user(ADA)
    assert again.id in authority.revocations
    assert authority.identities.list() == []


def test_what_has_ended_is_forgotten_before_the_note_of_it_is(authority: Authority) -> None:
    authority.users.add(ADA)
    authority.identities.meet(policy("invited"), said())
    assert authority.identities.known(LOGIN, "s1") is not None
    authority.disable_user(ADA, disabled=True)
    authority.refresh()
    assert authority.identities.known(LOGIN, "s1") is None


def test_a_subject_is_one_at_a_time(authority: Authority) -> None:
    for email in (ADA, "ben@example.com"):
        authority.users.add(email)
    first = authority.identities.link(LOGIN, "s1", "user", ADA)
    assert authority.identities.link(LOGIN, "s1", "user", ADA).holder == first.holder
    with pytest.raises(Conflict, match="somebody else"):
        authority.identities.link(LOGIN, "s1", "user", "ben@example.com")
    assert authority.identities.unlink(LOGIN, "s1") == first.holder
    authority.identities.link(LOGIN, "s1", "user", "ben@example.com")
    for kind in ("user", "client"):
        with pytest.raises(NotFound):
            authority.identities.link(LOGIN, "s2", kind, "nobody")  # type: ignore[arg-type]  # both are kinds
    with pytest.raises(NotFound):
        authority.identities.unlink(LOGIN, "s2")


def test_a_stranger_is_looked_up_again_after_a_moment(records: Records, clock: Clock, authority: Authority) -> None:
    identities = type(authority.identities)(records, authority.revocations, clock=clock)
    identities.meet(policy("invited"), said())
    assert identities.is_stranger(LOGIN, "s1")
    clock.wait(3)
    assert not identities.is_stranger(LOGIN, "s1")
