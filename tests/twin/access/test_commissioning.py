"""What becomes of a box that asks to be let in, without any web: records and a clock."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from joserfc.jwk import ECKey

from tests.twin.access.conftest import Clock
from twin.access.authorizations import Authorizations
from twin.access.boxes import Box
from twin.access.clients import Client, Clients
from twin.access.commissioning import TOKEN_SECONDS, Approved, Commissioning, Let, Shown
from twin.access.device_codes import LIFETIME, DeviceCodes
from twin.access.ending import revoke_everything
from twin.access.keys import Keys
from twin.access.principals import Principal
from twin.access.revocations import Revocations
from twin.access.tokens import TokenRefused, Tokens
from twin.access.visibility import Visibilities
from twin.graph.mirror import Mirror
from twin.ontology.model import Ontology
from twin.records import Records

HERE = Approved(site="site", device="box", user="ada")


def keys(key: Any = None) -> dict[str, Any]:
    return {"keys": [(key or ECKey.generate_key("P-256")).as_dict(private=False)]}


class Boxes:
    """Records of boxes; what is in its place a test says."""

    def __init__(self, records: Records, clock: Clock) -> None:
        Revocations(records)
        Authorizations(records, clock=clock)
        self.gone: set[Box] = set()
        self.clock = clock
        self.clients = Clients(records, clock=clock, in_place=self.in_place)
        self.codes = DeviceCodes(records, clock=clock)
        self.doing = Commissioning(records, self.clients, self.codes, clock=clock)
        ring = Keys(records, clock=clock)
        self.tokens = Tokens(lambda: ring.ring, issuer="https://a", audience="https://a", current=self.clients.current)

    def in_place(self, box: Box) -> bool:
        return box not in self.gone

    def let_in(self, asset: str = "asset", where: Approved = HERE) -> Let:
        code, shown = self.doing.begin(asset, f"SN {asset}")
        assert self.doing.approve(shown, asset, where)
        found = self.doing.redeem(code)
        assert isinstance(found, Let)
        return found

    def swapped(self, let: Let, kept: dict[str, Any] | None = None) -> Client | None:
        return self.doing.swap(let.token, kept or keys(), self.in_place)

    def verified(self, client: Client) -> Principal:
        assert client.box is not None
        issued = self.tokens.issue(
            client.client_id,
            scopes=client.scopes,
            sites=client.sites,
            generation=client.generation,
            now=self.clock(),
            device=client.box.device,
        )
        return self.tokens.verify(issued.token, self.clock())


@pytest.fixture
def boxes(records: Records, clock: Clock) -> Boxes:
    return Boxes(records, clock)


def test_a_box_becomes_a_client_of_its_own(boxes: Boxes) -> None:
    code, shown = boxes.doing.begin("asset", "SN")
    assert boxes.doing.redeem(code) == "authorization_pending"
    assert boxes.doing.redeem(code) == "slow_down"
    assert boxes.doing.asked(shown.lower().replace("-", " ")) == Shown("asset", shown)
    assert boxes.doing.approve(shown, "asset", HERE)
    assert boxes.doing.asked(shown) is None
    found = boxes.doing.redeem(code)
    assert isinstance(found, Let)
    assert (found.asset, found.approved) == ("asset", HERE)
    assert not boxes.doing.commissioned("asset")
    client = boxes.swapped(found)
    assert client is not None
    assert (client.box, client.sites, client.scopes) == (
        Box("asset", "box"),
        frozenset({"site"}),
        frozenset({"telemetry:write"}),
    )
    assert client.application.proof == "key"
    assert boxes.doing.commissioned("asset")
    principal = boxes.verified(client)
    assert (principal.device, principal.own) == ("box", True)


def test_a_token_buys_one_key_and_says_so_again_to_who_has_it(boxes: Boxes) -> None:
    let, mine = boxes.let_in(), keys()
    first = boxes.swapped(let, mine)
    assert first is not None
    assert boxes.swapped(let, mine) == first
    assert boxes.swapped(let) is None
    assert boxes.clients.list() == [first]


def test_of_many_that_bring_one_token_one_is_the_box(boxes: Boxes) -> None:
    let = boxes.let_in()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: boxes.swapped(let), range(24)))
    assert sum(each is not None for each in found) == 1


def test_of_many_that_bring_one_device_code_one_gets_a_token_and_it_is_taken_back(boxes: Boxes) -> None:
    code, shown = boxes.doing.begin("asset", "SN")
    boxes.doing.approve(shown, "asset", HERE)
    with ThreadPoolExecutor(8) as pool:
        found = [each for each in pool.map(lambda _: boxes.doing.redeem(code), range(24)) if isinstance(each, Let)]
    assert len(found) == 1
    assert boxes.swapped(found[0]) is None


def test_a_token_does_not_last(boxes: Boxes, clock: Clock) -> None:
    let = boxes.let_in()
    clock.wait(TOKEN_SECONDS)
    assert boxes.swapped(let) is None
    assert boxes.doing.swap("nonsense", keys(), boxes.in_place) is None
    assert boxes.doing.swap("", keys(), boxes.in_place) is None


def test_a_place_that_is_lost_meanwhile_is_not_swapped_for(boxes: Boxes) -> None:
    let = boxes.let_in()
    boxes.gone.add(Box("asset", "box"))
    assert boxes.swapped(let) is None


def test_a_code_that_is_denied_or_late_buys_nothing(boxes: Boxes, clock: Clock) -> None:
    code, shown = boxes.doing.begin("asset", "SN")
    assert boxes.doing.deny(shown, "asset")
    assert boxes.doing.redeem(code) == "access_denied"
    assert not boxes.doing.approve(shown, "asset", HERE)
    late, late_shown = boxes.doing.begin("asset", "SN")
    clock.wait(LIFETIME)
    assert boxes.doing.asked(late_shown) is None
    assert not boxes.doing.approve(late_shown, "asset", HERE)
    assert boxes.doing.redeem(late) == "expired_token"


def test_a_form_for_one_asset_lets_no_other_in(boxes: Boxes) -> None:
    _, shown = boxes.doing.begin("asset", "SN")
    assert not boxes.doing.approve(shown, "other", HERE)
    assert not boxes.doing.deny(shown, "other")
    assert boxes.doing.asked(shown) == Shown("asset", shown)


def test_what_an_asset_asked_before_is_over_when_it_asks_again(boxes: Boxes) -> None:
    first, first_shown = boxes.doing.begin("asset", "SN")
    boxes.doing.approve(first_shown, "asset", HERE)
    other, _ = boxes.doing.begin("other", "SN")
    boxes.doing.begin("asset", "SN")
    assert boxes.doing.redeem(first) == "invalid_grant"
    assert boxes.doing.redeem(other) == "authorization_pending"


def test_codes_of_apps_and_of_boxes_do_not_mix(boxes: Boxes) -> None:
    app, app_shown = boxes.codes.begin("app", frozenset({"twin:read"}))
    box, box_shown = boxes.doing.begin("asset", "SN")
    assert boxes.doing.asked(app_shown) is None
    assert boxes.doing.redeem(app) == "invalid_grant"
    assert boxes.codes.redeem(box, "app", refresh=True) == "invalid_grant"
    asked = boxes.codes.asked(box_shown)
    assert asked is not None
    assert asked.client == "commissioning"


def test_one_client_is_one_asset_and_one_place(boxes: Boxes) -> None:
    first = boxes.swapped(boxes.let_in())
    assert first is not None
    elsewhere = Approved(site="site", device="other", user="ada")
    second = boxes.swapped(boxes.let_in(where=elsewhere))
    third = boxes.swapped(boxes.let_in("another", elsewhere))
    assert second is not None
    assert third is not None
    assert boxes.clients.list() == [third]
    assert boxes.clients.current(first.client_id) is None
    assert boxes.clients.current(second.client_id) is None


def test_who_loses_its_place_has_no_token_that_is_good(boxes: Boxes) -> None:
    client = boxes.swapped(boxes.let_in())
    assert client is not None
    principal = boxes.verified(client)
    assert boxes.tokens.holds(principal, boxes.clock())
    boxes.gone.add(Box("asset", "box"))
    assert not boxes.tokens.holds(principal, boxes.clock())
    with pytest.raises(TokenRefused):
        boxes.verified(client)
    assert not boxes.doing.commissioned("asset")
    boxes.gone.clear()
    assert boxes.tokens.holds(principal, boxes.clock())


@pytest.mark.parametrize("end", [lambda boxes: boxes.doing.end("asset"), lambda boxes: boxes.doing.rekey("x", keys())])
def test_ending_what_is_not_there_ends_nothing(boxes: Boxes, end: Callable[[Boxes], object]) -> None:
    end(boxes)
    assert boxes.clients.list() == []


def test_an_asset_can_be_ended_and_begun_again(boxes: Boxes) -> None:
    client = boxes.swapped(boxes.let_in())
    assert client is not None
    code, shown = boxes.doing.begin("asset", "SN")
    principal = boxes.verified(client)
    assert boxes.doing.end("asset") == client.client_id
    assert not boxes.tokens.holds(principal, boxes.clock())
    assert boxes.doing.asked(shown) is None
    assert boxes.doing.redeem(code) == "invalid_grant"
    assert boxes.swapped(boxes.let_in()) is not None


def test_a_restore_ends_what_was_being_swapped_and_leaves_boxes_their_keys(boxes: Boxes, records: Records) -> None:
    client, let = boxes.swapped(boxes.let_in()), boxes.let_in("other", Approved(site="site", device="o", user="ada"))
    assert client is not None
    principal = boxes.verified(client)
    revoke_everything(records)
    boxes.clients.refresh()
    assert boxes.swapped(let) is None
    assert not boxes.tokens.holds(principal, boxes.clock())
    assert boxes.clients.find(client.client_id) is not None


def test_another_key_ends_the_tokens_of_the_old_one(boxes: Boxes) -> None:
    client, new = boxes.swapped(boxes.let_in()), keys()
    assert client is not None
    principal = boxes.verified(client)
    boxes.doing.rekey(client.client_id, new)
    assert not boxes.tokens.holds(principal, boxes.clock())
    found = boxes.clients.find(client.client_id)
    assert found is not None
    assert found.application.keys == new
    assert boxes.verified(found).device == "box"


def test_another_process_knows_a_box_as_soon_as_it_asks(boxes: Boxes, records: Records) -> None:
    elsewhere = Clients(records, in_place=boxes.in_place)
    client = boxes.swapped(boxes.let_in())
    assert client is not None
    assert elsewhere.find(client.client_id) == client
    boxes.gone.add(Box("asset", "box"))
    assert elsewhere.current(client.client_id) is None


def test_a_box_sees_nothing_whatever_its_token_says() -> None:
    mirror = Mirror()
    ontology = Ontology(documents=(), types={}, relations={}, quantities={}, enums={})
    principal = Principal(
        client="c", subject="c", scopes=frozenset({"twin:read"}), sites=None, generation=1, expires=9, device="box"
    )
    visibilities = Visibilities(mirror, lambda: ontology)
    assert visibilities.of(principal, 0) == frozenset()
    assert visibilities.whole(principal, 0, "administer") == frozenset()
