from __future__ import annotations

import pytest

from tests.graphs import changeset, contents, entity, mirror_of, party
from twin.errors import Conflict, InvalidValue
from twin.graph.check import check
from twin.graph.declared import is_serial
from twin.graph.mirror import Mirror
from twin.graph.model import DECLARES, MANAGES, Change, Create, Delete, Entity, Entry, Link, Relation, Unlink, Update
from twin.graph.reloading import reload_site

HOME = entity("home", "site")
BOX = entity("home/box", "gateway", HOME)
OTHER = entity("home/other", "gateway", HOME)
ROOM = entity("home/room", "space", HOME)
FLEET = party("fleet", "north")


def asset(serial: str, id: str, fleet: str = "") -> Entity:  # noqa: A002 - the field's own name
    path = f"asset:{fleet}/{serial}" if fleet else f"asset:{serial}"
    return Entity(id=id, kind="asset", type="core/Asset", key=serial, path=path, site="")


ONE, TWO = asset("SN.1", "one"), asset("SN.1", "two", "north")


def declares(source: Entity, target: Entity) -> Relation:
    return Relation(type=DECLARES, source=source.id, target=target.id)


def joined(source: Entity, target: Entity) -> list[Entry]:
    return [Update(id=target.id, fields={"serial": source.key}), Link(declares(source, target))]


@pytest.fixture
def mirror() -> Mirror:
    return mirror_of([HOME, BOX, OTHER, ROOM, FLEET, ONE, TWO])


def put(mirror: Mirror, *entries: Entry) -> None:
    made = changeset(*entries)
    check(mirror, made)
    mirror.apply(Change(mirror.head + 1, made))


def test_the_same_serial_may_have_several_owners(mirror: Mirror) -> None:
    assert set(mirror.declared.of_serial("SN.1")) == {"one", "two"}
    assert sorted(mirror.declared) == ["one", "two"]
    with pytest.raises(Conflict) as refused:
        check(mirror, changeset(Create(asset("SN.1", "three"))))
    assert refused.value.code_ == "path.taken"
    put(mirror, Delete(id="one"), Delete(id="two"))
    assert not mirror.declared.of_serial("SN.1")


def test_an_asset_has_one_place_and_a_place_one_asset(mirror: Mirror) -> None:
    put(mirror, *joined(ONE, BOX))
    assert (mirror.declared.place_of("one"), mirror.declared.asset_of(BOX.id)) == (BOX.id, "one")
    refusals = {"asset.claimed": [Link(declares(ONE, OTHER))], "place.taken": [Link(declares(TWO, BOX))]}
    for code, entries in refusals.items():
        with pytest.raises(Conflict) as refused:
            check(mirror, changeset(*entries))
        assert refused.value.code_ == code
    with pytest.raises(Conflict):
        check(mirror, changeset(*joined(TWO, OTHER), Update(id=OTHER.id, fields={"serial": "x"})))
    put(mirror, Unlink(type=DECLARES, source="one", target=BOX.id), Link(declares(TWO, BOX)))
    assert mirror.declared.asset_of(BOX.id) == "two"
    assert list(mirror.declared.places()) == [("two", BOX.id)]


def test_a_place_has_the_serial_of_its_asset(mirror: Mirror) -> None:
    for entries in ([Link(declares(ONE, BOX))], [*joined(ONE, BOX), Update(id=BOX.id, fields={"serial": "SN.2"})]):
        with pytest.raises(Conflict) as refused:
            check(mirror, changeset(*entries))
        assert refused.value.code_ == "asset.bound"
    put(mirror, *joined(ONE, BOX))
    with pytest.raises(Conflict):
        check(mirror, changeset(Update(id=BOX.id, fields={"serial": None})))
    check(mirror, changeset(Update(id=BOX.id, fields={"title": {"": "Box"}})))


def test_either_end_may_go(mirror: Mirror) -> None:
    put(mirror, *joined(ONE, BOX))
    check(mirror, changeset(Delete(id=BOX.id), *joined(ONE, OTHER)))
    check(mirror, changeset(Delete(id="one"), Link(declares(TWO, BOX))))
    put(mirror, Delete(id=BOX.id))
    assert mirror.declared.place_of("one") is None
    put(mirror, *joined(ONE, OTHER))
    put(mirror, Delete(id="one"))
    assert mirror.declared.asset_of(OTHER.id) is None


@pytest.mark.parametrize("entry", [Link(declares(ONE, ROOM)), Link(declares(BOX, OTHER)), Link(declares(FLEET, BOX))])
def test_only_assets_declare_and_only_gateways_and_devices_are_declared(mirror: Mirror, entry: Link) -> None:
    with pytest.raises(InvalidValue) as refused:
        check(mirror, changeset(entry))
    assert refused.value.code_ == "relation.ends"


@pytest.mark.parametrize(
    ("serial", "path"),
    [("a b", "asset:a b"), ("SN", "asset:Nord/SN"), ("SN", "asset:SN/1"), ("SN", "sn"), ("", "asset:")],
)
def test_an_asset_stands_where_assets_are(mirror: Mirror, serial: str, path: str) -> None:
    odd = Entity(id="odd", kind="asset", type="core/Asset", key=serial, path=path, site="")
    with pytest.raises(InvalidValue):
        check(mirror, changeset(Create(odd)))


def test_serials_may_stand_in_topics_and_addresses() -> None:
    assert all(map(is_serial, ("SN-1", "0a", "00:1A:22", "x.y_z~@")))
    assert not any(map(is_serial, ("", "-1", "a/b", "a+", "#", "a b", "é", "x" * 101, "a\n")))


def test_what_is_declared_is_found_after_a_load_and_after_a_repair(mirror: Mirror) -> None:
    put(mirror, *joined(TWO, BOX), Link(Relation(type=MANAGES, source=FLEET.id, target="two")))
    again = mirror_of(mirror.entities.values(), list(mirror.relations()))
    assert again.declared.asset_of(BOX.id) == "two"
    relations = list(mirror.relations())
    for site in (HOME.id, ""):
        entities = [each for each in mirror.entities.values() if each.site == site]
        sources = {each.id for each in entities}
        reload_site(mirror, site, entities, [each for each in relations if each.source in sources])
        assert mirror.declared.asset_of(BOX.id) == "two"
        assert set(mirror.declared.of_serial("SN.1")) == {"one", "two"}
    reload_site(mirror, "", [FLEET, ONE], [])
    assert (mirror.declared.asset_of(BOX.id), list(mirror.declared)) == (None, ["one"])
    assert contents(mirror)["head"] == 1
