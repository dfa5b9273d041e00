from __future__ import annotations

import pytest

from tests.twin.access.conftest import Clock
from twin.access.passwords import Passwords
from twin.access.users import LINK_SECONDS, Users, names_of_users
from twin.errors import Conflict, InvalidValue, NotFound, Unauthenticated
from twin.records import Records

GOOD = "correct horse battery"


@pytest.fixture
def users(records: Records, passwords: Passwords, clock: Clock) -> Users:
    return Users(records, passwords, clock=clock)


def test_a_new_user_has_no_password_but_a_link(users: Users) -> None:
    user, link = users.add(" Ada@Example.com ", "Ada")
    assert (user.email, user.name, user.ready) == ("ada@example.com", "Ada", False)
    for guess in ("", link, "Ada"):
        with pytest.raises(Unauthenticated):
            users.authenticate("ada@example.com", guess)
    found = users.linked(link)
    assert found is not None
    assert found.id == user.id
    assert users.choose(link, GOOD).ready
    assert users.authenticate("ADA@example.com", GOOD).id == user.id


def test_a_link_works_once_and_not_for_ever(users: Users, clock: Clock) -> None:
    _, link = users.add("ada@example.com")
    users.choose(link, GOOD)
    for dead in (link, "", "x"):
        assert users.linked(dead) is None
        with pytest.raises(NotFound):
            users.choose(dead, GOOD)
    _, link = users.link("ada@example.com")
    clock.wait(LINK_SECONDS)
    assert users.linked(link) is None


def test_a_new_link_ends_the_one_before(users: Users) -> None:
    user, first = users.add("ada@example.com")
    _, second = users.link(user.id)
    assert users.linked(first) is None
    assert users.linked(second) is not None


@pytest.mark.parametrize("password", ["", "elevenchars", "x" * 257])
def test_passwords_that_will_not_do_leave_the_link_as_it_was(users: Users, password: str) -> None:
    _, link = users.add("ada@example.com")
    with pytest.raises(InvalidValue):
        users.choose(link, password)
    assert users.linked(link) is not None


@pytest.mark.parametrize("email", ["", "ada", "@", "a b@c", "a@" + "b" * 260])
def test_what_is_no_address(users: Users, email: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        users.add(email)
    assert caught.value.code_ == "user.email"


def test_an_address_is_somebodys(users: Users) -> None:
    users.add("ada@example.com")
    with pytest.raises(Conflict):
        users.add("ADA@example.com")
    with pytest.raises(NotFound):
        users.link("bob@example.com")


def test_who_is_unknown_costs_as_much_as_who_is_wrong(
    users: Users, passwords: Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, link = users.add("ada@example.com")
    users.choose(link, GOOD)
    compared = []

    class Hasher:
        def verify(self, kept: str, _password: str) -> bool:
            compared.append(kept.split("$")[:4])
            return passing.verify(kept, _password)

    passing = passwords._hasher
    monkeypatch.setattr(passwords, "_hasher", Hasher())
    messages = set()
    for email in ("ada@example.com", "bob@example.com"):
        with pytest.raises(Unauthenticated) as caught:
            users.authenticate(email, "wrong wrong wrong")
        messages.add(str(caught.value.as_dict()))
    assert len(messages) == 1
    assert len(compared) == 2
    assert compared[0] == compared[1]
    assert compared[0][1] == "argon2id"


def test_a_password_is_kept_at_the_costs_of_today(users: Users, records: Records, clock: Clock) -> None:
    from argon2 import PasswordHasher

    _, link = users.add("ada@example.com")
    users.choose(link, GOOD)
    dearer = Users(records, Passwords(PasswordHasher(time_cost=2, memory_cost=8, parallelism=1)), clock=clock)
    dearer.authenticate("ada@example.com", GOOD)
    cheaper = users._passwords
    with records.read() as session:
        from twin.access.users import UserRecord, named

        kept = named(session, "ada@example.com").password
        assert UserRecord.__tablename__ == "users"
    assert "t=2" in kept
    assert cheaper.match(kept, GOOD)


def test_the_log_can_name_who_is_a_user(users: Users, records: Records) -> None:
    user, _ = users.add("ada@example.com", "Ada")
    assert names_of_users(records) == {user.id: "Ada"}
