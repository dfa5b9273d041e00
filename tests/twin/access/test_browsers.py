from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from argon2 import PasswordHasher

from twin.access.browsers import BROWSER_SECONDS, Browsers, forget_browsers
from twin.access.passwords import Passwords
from twin.access.users import Users
from twin.records import Records

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    opened = Records(tmp_path / "records.sqlite")
    yield opened
    opened.close()


def test_a_browser_is_known_to_its_user_for_a_while(records: Records) -> None:
    at = [1_000_000]
    users = Users(records, Passwords(PasswordHasher(1, 8, 1)))
    browsers = Browsers(records, clock=lambda: at[0])
    ada, bob = users.add("ada@example.com")[0], users.add("bob@example.com")[0]
    secret, other = browsers.note(ada.id), browsers.note(ada.id)
    assert browsers.knows(secret, "Ada@Example.com ")
    assert not browsers.knows(secret, bob.email)
    assert not browsers.knows(secret, "nobody@example.com")
    assert not browsers.knows("", ada.email)
    assert not browsers.knows("guessed", ada.email)
    at[0] += BROWSER_SECONDS * 1_000_000
    assert not browsers.knows(secret, ada.email)
    fresh = browsers.note(ada.id)
    with records.write() as session:
        browsers.sweep(session, at[0])
    at[0] = 1_000_000
    assert not browsers.knows(other, ada.email)
    assert browsers.knows(fresh, ada.email)
    with records.write() as session:
        forget_browsers(session, ada.id)
    assert not browsers.knows(fresh, ada.email)
