from __future__ import annotations

import pytest

from tests.twin.access.conftest import Clock
from tests.twin.access.test_authorizations import GRANTED
from twin.access.authorizations import Authorizations, Redeemed
from twin.access.device_codes import LIFETIME, DeviceCodes
from twin.access.revocations import Revocations
from twin.records import Records

READ = frozenset({"twin:read"})


@pytest.fixture
def devices(records: Records, clock: Clock) -> DeviceCodes:
    Revocations(records)
    Authorizations(records, clock=clock)
    return DeviceCodes(records, clock=clock)


def poll(devices: DeviceCodes, code: str) -> object:
    found = devices.redeem(code, "app", refresh=True)
    return "token" if isinstance(found, Redeemed) else found


def test_a_box_waits_until_somebody_lets_it_in(devices: DeviceCodes, clock: Clock) -> None:
    code, shown = devices.begin("app", READ)
    assert poll(devices, code) == "authorization_pending"
    clock.wait(5)
    assert poll(devices, code) == "authorization_pending"
    asked = devices.asked(shown.lower().replace("-", " "))
    assert asked is not None
    assert (asked.client, asked.scopes, asked.user_code) == ("app", READ, shown)
    assert devices.approve(shown, GRANTED)
    assert poll(devices, code) == "token"
    assert poll(devices, code) == "invalid_grant"


def test_a_box_that_does_not_wait_has_to_wait_longer(devices: DeviceCodes, clock: Clock) -> None:
    code, _ = devices.begin("app", READ)
    poll(devices, code)
    clock.wait(4)
    assert poll(devices, code) == "slow_down"
    clock.wait(9)
    assert poll(devices, code) == "slow_down"
    clock.wait(15)
    assert poll(devices, code) == "authorization_pending"


def test_a_box_may_be_turned_away(devices: DeviceCodes) -> None:
    code, shown = devices.begin("app", READ)
    assert devices.deny(shown)
    assert poll(devices, code) == "access_denied"
    assert devices.asked(shown) is None
    assert not devices.approve(shown, GRANTED)


def test_it_is_answered_once_and_in_time(devices: DeviceCodes, clock: Clock) -> None:
    code, shown = devices.begin("app", READ)
    assert devices.approve(shown, GRANTED)
    assert not devices.deny(shown)
    late, late_shown = devices.begin("app", READ)
    clock.wait(LIFETIME)
    assert poll(devices, code) == poll(devices, late) == "expired_token"
    assert devices.asked(late_shown) is None


def test_a_code_is_its_clients(devices: DeviceCodes) -> None:
    code, shown = devices.begin("app", READ)
    devices.approve(shown, GRANTED)
    assert devices.redeem(code, "other", refresh=True) == "invalid_grant"
    assert poll(devices, "nonsense") == "invalid_grant"
    assert poll(devices, code) == "token"


def test_user_codes_are_short_and_spell_nothing(devices: DeviceCodes) -> None:
    shown = {devices.begin("app", READ)[1] for _ in range(50)}
    assert len(shown) == 50
    for each in shown:
        assert len(each) == 9
        assert set(each) <= set("BCDFGHJKLMNPQRSTVWXZ-")
