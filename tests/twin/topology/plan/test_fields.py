"""Every field of an entity: created, compared, shown with its unit, committed; and whose it is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.plans import act, applied, asked, fields_of, planned, site, wanted
from twin.engine.documents import shipped_ontology
from twin.graph.mirror import Mirror
from twin.graph.model import Computed, Entity, Update
from twin.topology.desired import DesiredEntity
from twin.topology.plan import Beside, Take

VALVE = "connected-home/RadiatorValve"


def valve(**fields: Any) -> DesiredEntity:
    points = fields.pop("points", ("temperature", "setpoint"))
    return wanted("home/valve", "device", fields.pop("type", VALVE), points=points, **fields)


def held(mirror: Mirror, path: str = "home/valve") -> Entity:
    found = mirror.by_path(path)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("field", "first", "second", "shown"),
    [
        ("commands", ("open",), ("open", "close"), "commands open -> open, close"),
        ("points", ("temperature",), ("temperature", "setpoint"), "points temperature -> temperature, setpoint"),
        ("computed", {}, {"power": Computed("sum", "active_power")}, "power computed: sum of active_power"),
        (
            "computed",
            {"power": Computed("sum", "active_power")},
            {"power": Computed("max", "active_power", "type is Meter")},
            "power computed sum of active_power -> max of active_power where type is Meter",
        ),
        ("roles", {}, {"tenant": "t/Tenant"}, 'roles.tenant: "t/Tenant"'),
        ("roles", {"tenant": "t/Tenant"}, {"tenant": "t/Guest"}, 'roles.tenant "t/Tenant" -> "t/Guest"'),
        ("rule", None, 'within "/floor-1"', 'rule: "within "/floor-1""'),
        ("rule", 'within "/a"', None, 'rule "within "/a"" -> (none)'),
    ],
)
def test_what_the_topology_alone_decides_is_created_changed_and_shown(
    field: str, first: Any, second: Any, shown: str
) -> None:
    mirror = Mirror()
    applied(mirror, asked(site(), valve(**{field: first})))
    assert getattr(held(mirror), field) == first
    made = applied(mirror, asked(site(), valve(**{field: second})))
    assert shown in str(made)
    assert made.counts == {"change": 1}
    assert getattr(held(mirror), field) == second
    assert planned(mirror, asked(site(), valve(**{field: second}))).empty


def test_a_wish_is_shown_in_the_points_unit() -> None:
    mirror = Mirror()
    applied(mirror, asked(site(), valve(desired={"setpoint": 19})))
    assert held(mirror).desired == {"setpoint": 19}
    assert held(mirror).declared == {"desired.setpoint": 19}
    beside = Beside(shipped_ontology())
    made = planned(mirror, asked(site(), valve(desired={"setpoint": 20})), beside=beside)
    assert "setpoint 19 -> 20 Cel" in str(made)
    act(mirror, Update(id=held(mirror).id, fields={"desired": {"setpoint": 22}}))
    kept = planned(mirror, asked(site(), valve(desired={"setpoint": 19})), beside=beside)
    assert kept.empty
    assert "setpoint 22 Cel kept (last changed by ana, 3 Nov 2026)" in str(kept)
    clash = planned(mirror, asked(site(), valve(desired={"setpoint": 20})), beside=beside)
    assert "setpoint 22 Cel here, 20 Cel in the topology" in str(clash)
    assert clash.conflicts == 1


@pytest.mark.parametrize(("take", "value"), [("topology", 20), ("live", 22)])
def test_a_conflict_about_a_wish_is_settled_as_one_about_a_property(take: Take, value: int) -> None:
    mirror = Mirror()
    applied(mirror, asked(site(), valve(desired={"setpoint": 19})))
    act(mirror, Update(id=held(mirror).id, fields={"desired": {"setpoint": 22}}))
    applied(mirror, asked(site(), valve(desired={"setpoint": 20})), take)
    assert held(mirror).desired == {"setpoint": value}
    assert planned(mirror, asked(site(), valve(desired={"setpoint": 20}))).empty


def test_defaults_are_put_once_and_then_left_alone() -> None:
    mirror = Mirror()
    first = asked(site(), valve(defaults={"setpoint": 19}, property_defaults={"vendor": "Velio"}))
    applied(mirror, first)
    assert (held(mirror).desired, held(mirror).properties) == ({"setpoint": 19}, {"vendor": "Velio"})
    assert held(mirror).declared == {}
    other = asked(site(), valve(defaults={"setpoint": 18}, property_defaults={"vendor": "Sonia"}))
    assert planned(mirror, other).empty
    act(mirror, Update(id=held(mirror).id, fields={"desired": {}}))
    assert planned(mirror, first).empty


def test_a_topology_may_give_what_was_a_default_and_fall_back_to_it() -> None:
    mirror = Mirror()
    applied(mirror, asked(site(), valve(defaults={"setpoint": 19})))
    applied(mirror, asked(site(), valve(desired={"setpoint": 21}, defaults={"setpoint": 19})))
    assert held(mirror).desired == {"setpoint": 21}
    applied(mirror, asked(site(), valve(defaults={"setpoint": 19})))
    assert (held(mirror).desired, held(mirror).declared) == ({"setpoint": 19}, {})


def test_a_default_that_the_topology_overrides_is_known_from_the_type() -> None:
    ontology, mirror = shipped_ontology(), Mirror()
    known = ontology.types[VALVE]
    point = replace(known.points["setpoint"], default=19)
    beside = Beside(replace(ontology, types={VALVE: replace(known, points={"setpoint": point})}))
    applied(mirror, asked(site(), valve(defaults={"setpoint": 19})))
    assert fields_of(planned(mirror, asked(site(), valve(desired={"setpoint": 21})), beside=beside)) == {
        "setpoint": (19, 21)
    }


def test_a_user_who_set_a_default_to_something_else_is_asked() -> None:
    mirror = Mirror()
    applied(mirror, asked(site(), valve(defaults={"setpoint": 19})))
    act(mirror, Update(id=held(mirror).id, fields={"desired": {"setpoint": 23}}))
    made = planned(mirror, asked(site(), valve(desired={"setpoint": 21})))
    assert fields_of(made, "!") == {"setpoint": (23, 21)}


def test_nothing_is_wished_of_a_point_that_is_gone_and_the_default_of_one_that_is_new() -> None:
    mirror = Mirror()
    applied(mirror, asked(site(), valve(desired={"setpoint": 19})))
    act(mirror, Update(id=held(mirror).id, fields={"desired": {"setpoint": 25}}))
    applied(mirror, asked(site(), valve(points=("temperature",))))
    assert (held(mirror).desired, held(mirror).declared) == ({}, {})
    applied(mirror, asked(site(), valve(defaults={"setpoint": 19})))
    assert held(mirror).desired == {"setpoint": 19}


def test_another_type_takes_properties_that_it_has_not_and_brings_its_defaults() -> None:
    ontology, mirror = shipped_ontology(), Mirror()
    lamp, meter = "connected-home/Light", "connected-home/HeatMeter"
    plain = replace(ontology.types[meter], properties={})
    beside = Beside(replace(ontology, types={**ontology.types, meter: plain}))
    applied(mirror, asked(site(), valve(type=lamp, properties={"vendor": "Velio"}, points=())))
    other = valve(type=meter, property_defaults={"size": 0}, points=())
    made = planned(mirror, asked(site(), other), beside=beside)
    assert fields_of(made) == {"type": (lamp, meter), "size": (None, 0), "vendor": ("Velio", None)}
    assert 'vendor "Velio" -> (none)' in str(made)


def test_a_point_that_follows_another_is_shown_by_paths() -> None:
    mirror = Mirror()
    room = wanted("home/room", points=("temperature",), sources={"temperature": ("home/room/a", "temperature")})
    a, b = (wanted(f"home/room/{key}", "device", VALVE) for key in "ab")
    applied(mirror, asked(site(), room, a, b))
    after = wanted("home/room", points=("temperature",), sources={"temperature": ("home/room/b", "temperature")})
    made = applied(mirror, asked(site(), after, a, b))
    assert "temperature from home/room/a.temperature -> home/room/b.temperature" in str(made)
    assert held(mirror, "home/room").sources == {"temperature": (held(mirror, "home/room/b").id, "temperature")}


def test_a_new_entity_is_shown_with_what_is_true_of_it() -> None:
    made = planned(
        Mirror(), asked(site(), wanted("home/floor-7", type="connected-home/Floor", properties={"level": 7}))
    )
    assert str(made).splitlines()[1].split(maxsplit=3) == ["+", "space", "home/floor-7", "Floor, level 7"]
