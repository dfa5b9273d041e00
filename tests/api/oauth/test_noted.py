"""What the audit keeps of people who sign in, of what they let apps do, and of tokens."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.api.conftest import Served
    from tests.api.oauth.people import App, Person
    from twin.access.audit import Deed


def kept(served: Served, since: int) -> list[Deed]:
    asyncio.run(served.engine.auditing.flush())
    return [each.deed for each in served.engine.audit.export() if each.id > since]


def last(served: Served) -> int:
    asyncio.run(served.engine.auditing.flush())
    newest = served.engine.audit.list(limit=1)
    return newest[0].id if newest else 0


def test_from_the_sign_in_to_the_token_taken_back(served: Served, app: App, ada: Person) -> None:
    since = last(served)
    tokens = app.tokens(ada, "hugo")
    app.post("revoke", token=tokens["refresh_token"])
    found = kept(served, since)
    assert [each.action for each in found] == ["sign-in", "consent.give", "token.issue", "token.revoke"]
    assert {each.result for each in found} == {"ok"}
    assert {each.address for each in found} == {"127.0.0.1"}
    assert len({each.user for each in found[:3]}) == 1
    _, consent, issued, _ = found
    assert served.engine.id("hugo") in consent.detail
    assert issued.client == consent.client
    assert issued.token
    assert issued.detail.startswith("authorization_code: ")


def test_what_is_refused_is_kept_and_no_secret_with_it(served: Served, app: App, ada: Person) -> None:
    since = last(served)
    ada.sign_in(password="not the password")
    app.redeem("not-a-code")
    app.post("token", grant_type="client_credentials", client_secret="guessed")
    found = kept(served, since)
    assert [(each.action, each.result) for each in found] == [
        ("sign-in", "login.invalid"),
        ("token.issue", "invalid_grant"),
        ("token.issue", "invalid_request"),
    ]
    assert found[0].detail
    said = repr(found)
    assert not any(secret in said for secret in ("not the password", "not-a-code", "guessed"))


def test_what_is_typed_into_the_wrong_field_is_not_kept(served: Served, ada: Person) -> None:
    since = last(served)
    shown = ada.get("/login")
    ada.send(shown, email="my secret password", password="x")
    assert "my secret password" not in repr(kept(served, since))
