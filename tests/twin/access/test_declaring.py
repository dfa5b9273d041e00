from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.graphs import changeset, entity, mirror_of, party
from tests.running import ROOT
from twin.access import declaring
from twin.access.boxes import Box
from twin.access.declaring import Declaration
from twin.access.placing import in_place
from twin.errors import Conflict, InvalidValue, NotFound, TwinError
from twin.graph.check import check
from twin.graph.model import Change
from twin.ontology.compile import compile_documents
from twin.ontology.model import Document

if TYPE_CHECKING:
    from twin.graph.mirror import Mirror
    from twin.graph.model import Entity, Entry
    from twin.ontology.model import Ontology

NAMES = ("core", "connected-home")


@pytest.fixture(scope="module")
def words() -> Ontology:
    return _words()


def _words() -> Ontology:
    texts = [(ROOT / "ontologies" / f"{name}.yaml") for name in NAMES]
    documents = tuple(Document(each.stem, "1.1.0", each.name, each.read_text(encoding="utf-8")) for each in texts)
    return compile_documents(documents)


HOME = entity("home", "site", type="connected-home/Residence")
BOX = entity("home/box", "gateway", HOME, type="connected-home/EnOceanBox")
SPARE = entity("home/spare", "gateway", HOME, type="connected-home/EnOceanBox")
CLIMATE = entity("home/climate", "device", HOME, type="connected-home/ClimateSensor", serial="CL-1")
DOOR = entity("home/door", "device", HOME, type="connected-home/GarageDoor", properties={"model": "NiceSpin"})
PLACES = (BOX, SPARE, CLIMATE, DOOR)
FLEET = party("fleet", "north")


@pytest.fixture
def mirror() -> Mirror:
    return mirror_of([HOME, *PLACES, FLEET])


def put(mirror: Mirror, entries: list[Entry]) -> None:
    if entries:
        made = changeset(*entries)
        check(mirror, made)
        mirror.apply(Change(mirror.head + 1, made))


def declared(mirror: Mirror, words: Ontology, serial: str, fleet: str = "", **said: str) -> Entity:
    said.setdefault("type", "EnOceanBox")
    put(mirror, declaring.declare(mirror, words, Declaration(serial=serial, fleet=fleet, **said)))
    found = declaring.asset_in(mirror, serial, fleet)
    assert found is not None
    return found


def refused(code: str, call: object, *arguments: object) -> None:
    with pytest.raises(TwinError) as error:
        call(*arguments)  # type: ignore[operator]
    assert error.value.code_ == code


def test_an_asset_is_declared_once_and_changed_after(mirror: Mirror, words: Ontology) -> None:
    box = declared(mirror, words, "EB-1", "north", vendor="Eltako")
    assert box.path == "asset:north/EB-1"
    assert declaring.owner_of(mirror, box) == FLEET
    assert declaring.state_of(mirror, box) == "declared"
    same = Declaration(serial="EB-1", fleet="north", type="EnOceanBox", vendor="Eltako")
    assert declaring.declare(mirror, words, same) == []
    assert declared(mirror, words, "EB-1", "north").properties == {"fits": "connected-home/EnOceanBox"}
    own = declared(mirror, words, "EB-1")
    assert own.id != box.id
    assert declaring.owner_of(mirror, own) is None


@pytest.mark.parametrize(
    ("said", "fits"),
    [
        ({"type": "connected-home/ClimateSensor"}, "connected-home/ClimateSensor"),
        ({"type": "gateway"}, "gateway"),
        ({"model": "NiceSpin"}, "connected-home/GarageDoor"),
        ({"type": "NiceSpin"}, "connected-home/GarageDoor"),
        ({"type": "device", "model": "NiceSpin"}, "connected-home/GarageDoor"),
        ({"type": "device", "model": "X-1"}, "device"),
    ],
)
def test_what_an_asset_is_may_be_said_in_several_ways(words: Ontology, said: dict[str, str], fits: str) -> None:
    assert declaring.made_for(words, Declaration(serial="x", **said)) == fits


def test_what_cannot_be_declared_is_said_to_be(mirror: Mirror, words: Ontology) -> None:
    for code, said in {
        "serial.invalid": Declaration(serial="a/b", type="gateway"),
        "fleet.unknown": Declaration(serial="a", type="gateway", fleet="south"),
        "asset.type": Declaration(serial="a", type="Residence"),
    }.items():
        refused(code, declaring.declare, mirror, words, said)
    refused("asset.type", declaring.declare, mirror, words, Declaration(serial="a", model="Unheard"))


def test_an_asset_gets_a_place_that_it_can_have(mirror: Mirror, words: Ontology) -> None:
    box = declared(mirror, words, "EB-1")
    assert [each.path for each in declaring.places(mirror, words, box, [each.id for each in PLACES])] == [
        "home/box",
        "home/spare",
    ]
    refused("asset.unfit", declaring.claim, mirror, words, box, DOOR)
    refused("place.taken", declaring.claim, mirror, words, box, CLIMATE)
    refused("asset.unfit", declaring.claim, mirror, words, box, HOME)
    put(mirror, declaring.claim(mirror, words, box, BOX))
    place = declaring.place_of(mirror, box)
    assert place is not None
    assert (place.id, place.serial, declaring.state_of(mirror, box)) == (BOX.id, "EB-1", "claimed")
    assert declaring.claim(mirror, words, box, place) == []
    refused("asset.claimed", declaring.claim, mirror, words, box, SPARE)
    refused("asset.claimed", declaring.remove, mirror, box)
    refused("asset.claimed", declaring.declare, mirror, words, Declaration(serial="EB-1", type="device"))
    waiting = declared(mirror, words, "CL-1", type="ClimateSensor")
    assert [each.path for each in declaring.places(mirror, words, waiting, [CLIMATE.id])] == ["home/climate"]
    put(mirror, declaring.claim(mirror, words, waiting, CLIMATE))
    other = declared(mirror, words, "GD-1", type="GarageDoor", model="Other")
    refused("asset.unfit", declaring.claim, mirror, words, other, DOOR)


def test_another_box_takes_its_place_and_history(mirror: Mirror, words: Ontology) -> None:
    old, new = declared(mirror, words, "EB-1"), declared(mirror, words, "EB-2")
    refused("asset.unclaimed", declaring.replace, mirror, words, old, new)
    put(mirror, declaring.claim(mirror, words, old, BOX))
    put(mirror, declaring.replace(mirror, words, old, new))
    assert (mirror.declared.asset_of(BOX.id), mirror.entities[BOX.id].serial) == (new.id, "EB-2")
    assert declaring.state_of(mirror, old) == "declared"
    assert declaring.replace(mirror, words, new, new) == []
    put(mirror, declaring.claim(mirror, words, old, SPARE))
    refused("asset.claimed", declaring.replace, mirror, words, old, new)
    put(mirror, declaring.release(mirror, old))
    assert mirror.entities[SPARE.id].serial is None
    assert declaring.release(mirror, old) == []
    put(mirror, declaring.remove(mirror, old))
    assert declaring.asset_in(mirror, "EB-1", "") is None


def test_what_is_blocked_gets_no_place_and_keeps_its_own(mirror: Mirror, words: Ontology) -> None:
    box = declared(mirror, words, "EB-1")
    put(mirror, declaring.claim(mirror, words, box, BOX))
    put(mirror, declaring.block(box, blocked=True))
    assert declaring.block(mirror.entities[box.id], blocked=True) == []
    assert declaring.state_of(mirror, mirror.entities[box.id]) == "blocked"
    assert not in_place(mirror, Box(box.id, BOX.id))
    assert declared(mirror, words, "EB-1", vendor="New").properties["state"] == "blocked"
    put(mirror, declaring.release(mirror, box))
    refused("asset.blocked", declaring.claim, mirror, words, mirror.entities[box.id], mirror.entities[BOX.id])
    put(mirror, declaring.block(mirror.entities[box.id], blocked=False))
    put(mirror, declaring.claim(mirror, words, mirror.entities[box.id], mirror.entities[BOX.id]))
    assert in_place(mirror, Box(box.id, BOX.id))


class Stock(RuleBasedStateMachine):
    """Whatever is done, and refused: nothing is two assets, no asset is two things, and who has no place is let in
    nowhere.
    """

    words = _words()
    serials = st.sampled_from(("EB-1", "EB-2", "EB-3"))
    owners = st.sampled_from(("", "north"))

    def __init__(self) -> None:
        super().__init__()
        self.mirror = mirror_of([HOME, *PLACES, FLEET])
        self.let_in: set[Box] = set()

    def act(self, entries: object, *arguments: object) -> None:
        try:
            put(self.mirror, entries(*arguments))  # type: ignore[operator]
        except (Conflict, InvalidValue, NotFound):
            return

    def named(self, serial: str, owner: str) -> Entity | None:
        return declaring.asset_in(self.mirror, serial, owner)

    @rule(serial=serials, owner=owners, kind=st.sampled_from(("EnOceanBox", "gateway", "device")))
    def declare(self, serial: str, owner: str, kind: str) -> None:
        self.act(declaring.declare, self.mirror, self.words, Declaration(serial=serial, fleet=owner, type=kind))

    @rule(serial=serials, owner=owners, place=st.sampled_from(PLACES))
    def claim(self, serial: str, owner: str, place: Entity) -> None:
        if (found := self.named(serial, owner)) is not None:
            self.act(declaring.claim, self.mirror, self.words, found, self.mirror.entities[place.id])

    @rule(serial=serials, owner=owners)
    def release(self, serial: str, owner: str) -> None:
        if (found := self.named(serial, owner)) is not None:
            self.act(declaring.release, self.mirror, found)

    @rule(old=serials, owner=owners, new=serials)
    def replace(self, old: str, owner: str, new: str) -> None:
        first, second = self.named(old, owner), self.named(new, owner)
        if first is not None and second is not None:
            self.act(declaring.replace, self.mirror, self.words, first, second)

    @rule(serial=serials, owner=owners, blocked=st.booleans())
    def block(self, serial: str, owner: str, blocked: bool) -> None:  # noqa: FBT001 - drawn
        if (found := self.named(serial, owner)) is not None:
            put(self.mirror, declaring.block(found, blocked=blocked))

    @rule(serial=serials, owner=owners)
    def remove(self, serial: str, owner: str) -> None:
        if (found := self.named(serial, owner)) is not None:
            self.act(declaring.remove, self.mirror, found)

    @invariant()
    def each_place_is_one_asset(self) -> None:
        edges = [(each.source, each.target) for each in self.mirror.relations() if each.type == "DECLARES"]
        assert sorted(edges) == sorted(self.mirror.declared.places())
        for ends in zip(*edges, strict=True):
            assert len(set(ends)) == len(ends)
        for asset, place in edges:
            assert self.mirror.entities[place].serial == self.mirror.entities[asset].key

    @invariant()
    def only_who_has_the_place_is_let_in(self) -> None:
        held = {Box(*each) for each in self.mirror.declared.places()}
        self.let_in |= held
        for box in self.let_in:
            asset = self.mirror.get(box.asset)
            blocked = asset is not None and declaring.state_of(self.mirror, asset) == "blocked"
            assert in_place(self.mirror, box) == (box in held and not blocked)


TestStock = Stock.TestCase
TestStock.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
