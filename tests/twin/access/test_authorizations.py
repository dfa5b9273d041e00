"""What an authorization's codes and tokens buy: each once, whoever asks at the same time."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import Any

import msgspec
import pytest

from tests.twin.access.conftest import Clock
from twin.access.authorizations import CODE_SECONDS, Authorization, Authorizations, Redeemed
from twin.access.device_codes import DeviceCodes
from twin.access.revocations import Revocations
from twin.records import Records

VERIFIER = "v" * 43
CHALLENGE = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
BACK = "https://app.example/back"
DAY = 86_400
GRANTED = Authorization(
    id="a1",
    user="ada",
    client="app",
    scopes=frozenset({"twin:read"}),
    sites=frozenset({"s1"}),
    signed_in=1,
    nonce="n",
    created=0,
)


@pytest.fixture
def revocations(records: Records, clock: Clock) -> Revocations:
    return Revocations(records, clock=clock)


@pytest.fixture
def held(records: Records, clock: Clock, revocations: Revocations) -> Authorizations:
    return Authorizations(records, clock=clock)


@pytest.fixture
def devices(records: Records, clock: Clock, held: Authorizations) -> DeviceCodes:
    return DeviceCodes(records, clock=clock)


def begin(held: Authorizations, clock: Clock, name: str = "a1") -> str:
    granted = msgspec.structs.replace(GRANTED, id=name, created=clock.now)
    return held.begin(granted, redirect_uri=BACK, challenge=CHALLENGE)


def redeem(held: Authorizations, code: str, **changes: Any) -> Redeemed | None:
    said = {"client_id": "app", "redirect_uri": BACK, "verifier": VERIFIER, "refresh": True, **changes}
    return held.redeem(code, **said)


def bought(held: Authorizations, clock: Clock) -> str:
    found = redeem(held, begin(held, clock))
    assert found is not None
    return found.refresh_token


def ended(revocations: Revocations, name: str = "a1") -> bool:
    revocations.refresh()
    return name in revocations


def test_a_code_buys_what_was_granted(held: Authorizations, clock: Clock) -> None:
    found = redeem(held, begin(held, clock))
    assert found is not None
    assert found.first
    assert msgspec.structs.replace(found.authorization, created=0) == GRANTED
    assert held.of_refresh_token(found.refresh_token, "app") == found.authorization
    assert [each.id for each in held.of_user("ada")] == ["a1"]


def test_an_app_that_takes_no_refresh_token_gets_none(held: Authorizations, clock: Clock) -> None:
    found = redeem(held, begin(held, clock), refresh=False)
    assert found is not None
    assert found.refresh_token == ""


def test_a_code_shown_again_ends_what_it_bought(held: Authorizations, clock: Clock, revocations: Revocations) -> None:
    code = begin(held, clock)
    found = redeem(held, code)
    assert found is not None
    assert not ended(revocations)
    assert redeem(held, code) is None
    assert ended(revocations)
    assert held.refresh(found.refresh_token, "app") is None
    assert held.of_user("ada") == []


@pytest.mark.parametrize(
    "changes",
    [{"verifier": ""}, {"verifier": "w" * 43}, {"verifier": CHALLENGE}, {"redirect_uri": BACK + "/"}],
    ids=str,
)
def test_a_code_with_the_wrong_proof_is_spent(held: Authorizations, clock: Clock, changes: dict[str, Any]) -> None:
    code = begin(held, clock)
    assert redeem(held, code, **changes) is None
    assert redeem(held, code) is None


def test_a_code_of_another_client_is_none_and_stays_as_it_is(held: Authorizations, clock: Clock) -> None:
    code = begin(held, clock)
    assert redeem(held, code, client_id="other") is None
    assert redeem(held, code) is not None


def test_a_code_lives_for_a_minute(held: Authorizations, clock: Clock) -> None:
    code = begin(held, clock)
    clock.wait(CODE_SECONDS)
    assert redeem(held, code) is None


def test_each_refresh_token_buys_the_next(held: Authorizations, clock: Clock, revocations: Revocations) -> None:
    first = bought(held, clock)
    clock.wait(29 * DAY)
    found = held.refresh(first, "app")
    assert found is not None
    assert not found.first
    assert found.refresh_token not in {"", first}
    clock.wait(29 * DAY)
    assert held.refresh(found.refresh_token, "app") is not None
    assert not ended(revocations)


def test_a_refresh_token_shown_again_ends_its_family(
    held: Authorizations, clock: Clock, revocations: Revocations
) -> None:
    first = bought(held, clock)
    second = held.refresh(first, "app")
    assert second is not None
    assert held.refresh(first, "app") is None
    assert ended(revocations)
    assert held.refresh(second.refresh_token, "app") is None


def test_a_refresh_token_that_waits_too_long_is_none(held: Authorizations, clock: Clock) -> None:
    first = bought(held, clock)
    clock.wait(30 * DAY)
    assert held.of_refresh_token(first, "app") is None
    assert held.refresh(first, "app") is None


def test_a_refresh_token_is_its_clients(held: Authorizations, clock: Clock, revocations: Revocations) -> None:
    first = bought(held, clock)
    assert held.refresh(first, "other") is None
    held.revoke(first, "other")
    assert not ended(revocations)
    held.revoke(first, "app")
    assert ended(revocations)
    assert held.refresh(first, "app") is None


def test_what_a_user_takes_back_ends_for_that_app(held: Authorizations, clock: Clock, revocations: Revocations) -> None:
    code = begin(held, clock)
    begin(held, clock, "a2")
    held.end("ada", "other")
    held.end("bob", "app")
    assert not ended(revocations)
    held.end("ada", "app")
    assert ended(revocations)
    assert ended(revocations, "a2")
    assert redeem(held, code) is None


@pytest.mark.parametrize("kind", ["code", "refresh", "device"])
def test_of_a_hundred_at_once_one_is_answered(
    held: Authorizations, devices: DeviceCodes, clock: Clock, revocations: Revocations, kind: str
) -> None:
    code, token = begin(held, clock), ""
    device, shown = devices.begin("app", GRANTED.scopes)
    if kind == "refresh":
        found = redeem(held, code)
        assert found is not None
        token = found.refresh_token
    elif kind == "device":
        held.end("ada", "app")
        assert devices.approve(shown, msgspec.structs.replace(GRANTED, id="a3"))
    acts: dict[str, Callable[[int], object]] = {
        "code": lambda _: redeem(held, code),
        "refresh": lambda _: held.refresh(token, "app"),
        "device": lambda _: devices.redeem(device, "app", refresh=True),
    }
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(acts[kind], range(100)))
    assert sum(isinstance(each, Redeemed) for each in answers) == 1
    assert ended(revocations, "a3" if kind == "device" else "a1")


def test_what_is_long_over_is_forgotten(records: Records, held: Authorizations, clock: Clock) -> None:
    bought(held, clock)
    clock.wait(31 * DAY)
    fresh = begin(held, clock, "a2")
    with records.write() as session:
        held.sweep(session, clock.now)
    assert [each.id for each in held.of_user("ada")] == ["a2"]
    assert redeem(held, fresh) is not None
