"""The web of the small building, with people who hold its sites."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.conftest import Served
from tests.api.oauth.people import OPEN, App, Person


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    while OPEN:
        OPEN.pop().close()


@pytest.fixture(autouse=True)
def _patient(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test has all of its tries: throttles are a test of their own."""
    authority = served.engine.authority
    for throttle in (authority._of_account, authority._of_address, authority._of_codes):
        monkeypatch.setattr(throttle, "_full_at", type(throttle._full_at)())


@pytest.fixture
def ada(served: Served) -> Person:
    """A person who holds both sites."""
    return Person(served, "ada@example.com")


@pytest.fixture
def app(served: Served) -> App:
    """An app with a secret."""
    return App(served)


@pytest.fixture
def phone(served: Served) -> App:
    """An app on somebody's phone, which can keep no secret."""
    return App(served, "Phone", proof="none", redirect_uris=("https://app.example/back", "http://127.0.0.1/back"))


def bearer(token: str) -> dict[str, Any]:
    return {"Authorization": f"Bearer {token}"}
