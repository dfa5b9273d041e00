"""What an ontology says of its members, as an app meets it: wishes, roles, what goes, objects, computed points."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from graphql import print_type

from api.graphql.schema import build
from api.texts import advice
from tests.api.building import AT, HERE, Double, ontology, point, prop
from tests.api.conftest import Served, token
from twin.graph.model import Actor, Change, ChangeSet, Computed, Update
from twin.ontology.model import Deprecation, FieldType, Ontology, RoleType

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

THERMOSTAT = "hugo/flat/living/thermostat"


def field(name: str, value: str) -> FieldType:
    nothing = dict.fromkeys(("unit", "values", "enum", "minimum", "maximum", "default", "fields", "items"))
    return FieldType(name=name, value=value, optional=False, title={}, place=HERE, **nothing)  # type: ignore[arg-type]


def rich() -> Ontology:
    plain = ontology()
    thermostat, room = plain.types["home/Thermostat"], plain.types["home/Room"]
    old = Deprecation("home/Thermostat.temperature", "home/Thermostat.air", "1.1", "2.0", HERE)
    points = {
        **thermostat.points,
        "temperature": replace(thermostat.points["temperature"], deprecated=old),
        "setpoint": replace(
            thermostat.points["setpoint"],
            title={"en": "Setpoint", "fr": "Consigne"},
            description={"en": "What is wished.", "fr": "Ce qui est voulu."},
        ),
        "energy": point("energy", unit="kW.h", accumulates=True, private=True, declared_by="home/Thermostat"),
        "schedule": point(
            "schedule", "object", fields={"from": field("from", "string")}, declared_by="home/Thermostat"
        ),
        "faults": point("faults", "list", items=field("", "string"), declared_by="home/Thermostat"),
        "plan": point(
            "plan", "list", section="configuration", items=field("", "string"), declared_by="home/Thermostat"
        ),
        "rule": point("rule", "string", declared_by="home/Thermostat"),
    }
    gone = prop("vendor", "string", deprecated=Deprecation("home/Thermostat.vendor", None, None, None, HERE))
    mean = {**room.points, "power": point("power", unit="W", optional=True, declared_by="home/Room")}
    types = {
        **plain.types,
        thermostat.name: replace(
            thermostat,
            points=points,
            properties={**thermostat.properties, "vendor": gone},
            description={"en": "Keeps it warm."},
            deprecated=Deprecation("home/Thermostat", "home/Valve", None, "3.0", HERE),
        ),
        room.name: replace(room, points=mean),
    }
    tenant = RoleType(
        "home/Tenant",
        "Tenant",
        ("home/Flat",),
        frozenset({"share", "read"}),  # type: ignore[arg-type]
        (),
        {"en": "Tenant", "fr": "Locataire"},
        {},
        HERE,
    )
    return replace(plain, types=types, roles={tenant.name: tenant})


CHANGES: dict[str, dict[str, Any]] = {
    THERMOSTAT: {
        "points": ("temperature", "setpoint", "mode", "schedule", "faults", "plan", "rule", "energy"),
        "commands": ("boost",),
        "desired": {"setpoint": 20.0, "mode": "eco", "plan": ["a"]},
    },
    "hugo/flat": {"roles": {"tenant": "home/Tenant", "lost": "home/Gone"}},
    "hugo/flat/living": {"points": ("temperature", "power"), "computed": {"power": Computed("sum", "active_power")}},
    "hugo/thermal": {"rule": "type is HeatingEquipment"},
}


@contextmanager
def web(folder: Path) -> Iterator[tuple[Served, httpx2.Client]]:
    engine = Double(folder)
    engine.ontology = rich()
    entries = tuple(Update(id=engine.id(path), fields=fields) for path, fields in CHANGES.items())
    changeset = ChangeSet(op_id="enrich", actor=Actor("test", "test"), at=AT, entries=entries)
    engine.mirror.apply(Change(engine.mirror.head + 1, changeset))
    served = Served(engine)
    try:
        bearer = token(served, "twin:read twin:read-private")
        with httpx2.Client(base_url=served.url, headers={"Authorization": f"Bearer {bearer}"}) as app:
            yield served, app
    finally:
        served.close()
        engine.records.close()


@pytest.fixture
def rich_web(tmp_path: Path) -> Iterator[tuple[Served, httpx2.Client]]:
    with web(tmp_path) as found:
        yield found


def ask(app: httpx2.Client, query: str) -> Any:
    answer = app.post("/graphql", json={"query": query}).json()
    assert "errors" not in answer, answer
    return answer["data"]


def test_what_is_wished_stands_beside_what_is_reported(rich_web: tuple[Served, httpx2.Client]) -> None:
    served, app = rich_web
    served.on_loop(lambda: served.engine.tell(THERMOSTAT, "setpoint", 18.5))
    found = ask(
        app,
        """{ entity(ref: "hugo/flat/living/thermostat") { offers ... on Thermostat {
            setpoint { reported { value } desired } warm: setpoint(unit: "[degF]") { desired }
            mode { desired reported { value } } plan { desired } }
            points { name desired } } }""",
    )["entity"]
    assert found["offers"] == ["boost"]
    assert found["setpoint"] == {"reported": {"value": 18.5}, "desired": 20.0}
    assert found["warm"] == {"desired": pytest.approx(68.0)}
    assert found["mode"] == {"desired": "eco", "reported": None}
    assert found["plan"] == {"desired": ["a"]}
    assert {each["name"]: each["desired"] for each in found["points"]}["plan"] == ["a"]
    here = f"/api/v1/entities/{served.engine.id(THERMOSTAT)}/points/setpoint"
    assert app.get(here, params={"unit": "K"}).json()["desired"] == pytest.approx(293.15)


def test_objects_and_lists_are_told_as_they_are(rich_web: tuple[Served, httpx2.Client]) -> None:
    served, app = rich_web

    def tell() -> None:
        served.engine.tell(THERMOSTAT, "schedule", {"from": "07:00"})
        served.engine.tell(THERMOSTAT, "faults", ["E1", "E2"])
        served.engine.tell(THERMOSTAT, "rule", "x")

    served.on_loop(tell)
    found = ask(
        app,
        """{ entity(ref: "hugo/flat/living/thermostat") { ... on Thermostat {
            schedule { value quality } faults { value } rulePoint { value } } points { name reading { value } } } }""",
    )["entity"]
    assert found["schedule"]["value"] == {"from": "07:00"}
    assert found["faults"]["value"] == ["E1", "E2"]
    assert found["rulePoint"]["value"] == "x"
    assert {each["name"]: each["reading"] for each in found["points"]}["faults"] == {"value": ["E1", "E2"]}
    rest = app.get(f"/api/v1/entities/{served.engine.id(THERMOSTAT)}/points/schedule").json()
    assert rest["reading"]["value"] == {"from": "07:00"}


def test_places_to_fill_rules_and_what_is_computed(rich_web: tuple[Served, httpx2.Client]) -> None:
    served, app = rich_web
    found = ask(
        app,
        """{ flat: entity(ref: "hugo/flat") { roles { key role title fr: title(lang: "fr") permissions } }
            view: entity(ref: "hugo/thermal") { ... on View { rule } }
            room: entity(ref: "hugo/flat/living") { points { name computed { function of rule } } } }""",
    )
    places = [
        {"key": "tenant", "role": "Tenant", "title": "Tenant", "fr": "Locataire", "permissions": ["read", "share"]}
    ]
    assert found["flat"]["roles"] == places
    assert found["view"]["rule"] == "type is HeatingEquipment"
    assert found["room"]["points"] == [
        {"name": "temperature", "computed": None},
        {"name": "power", "computed": {"function": "sum", "of": "active_power", "rule": None}},
    ]
    flat = app.get(f"/api/v1/entities/{served.engine.id('hugo/flat')}").json()
    assert flat["roles"] == [{key: value for key, value in places[0].items() if key != "fr"}]
    room = app.get(f"/api/v1/entities/{served.engine.id('hugo/flat/living')}/points/power").json()
    assert room["computed"] == {"function": "sum", "of": "active_power", "rule": None}


def test_points_are_described_in_the_language_asked_for(rich_web: tuple[Served, httpx2.Client]) -> None:
    found = ask(
        rich_web[1],
        """{ entity(ref: "hugo/flat/living/thermostat") { points { name title(lang: "fr") description(lang: "fr")
            de: title(lang: "de") private accumulates deprecated } } }""",
    )["entity"]["points"]
    points = {each.pop("name"): each for each in found}
    assert points["setpoint"]["title"] == "Consigne"
    assert points["setpoint"]["description"] == "Ce qui est voulu."
    assert points["setpoint"]["de"] == "Setpoint"
    assert points["mode"]["title"] == "mode"
    assert (points["energy"]["private"], points["energy"]["accumulates"]) == (True, True)
    assert points["temperature"]["deprecated"] == "use air (since 1.1, gone in 2.0)"


def test_the_schema_tells_what_the_ontology_says() -> None:
    found = build(rich()).core.type_map
    text = print_type(found["Thermostat"])
    assert (
        'temperature(\n    """UCUM code to tell it in, for Cel."""\n    unit: String\n  ): NumberReading @deprecated'
        in text
    )
    assert '@deprecated(reason: "use air (since 1.1, gone in 2.0)")' in text
    assert 'vendor: String @deprecated(reason: "nothing replaces it")' in text
    assert "What is wished." in text
    assert "An index: its increase means something, its average nothing." in text
    assert "Private: there only with the scope twin:read-private." in text
    assert "On its way out: use Valve (gone in 3.0)." in text
    assert "schedule: JSONReading" in text
    assert "plan: JSONSetting" in text
    assert 'Thermostat @deprecated(reason: "use Valve (gone in 3.0)")' in print_type(found["DeviceType"])


@pytest.mark.parametrize(
    ("deprecation", "text"),
    [
        (Deprecation("home/Radiator.temp", "home/Radiator.temperature", None, None, HERE), "use temperature"),
        (
            Deprecation("home/Radiator.temp", "other/Valve.temperature", "1.1", None, HERE),
            "use Valve.temperature (since 1.1)",
        ),
        (Deprecation("home/Radiator", None, None, "2.0", HERE), "nothing replaces it (gone in 2.0)"),
    ],
)
def test_advice(deprecation: Deprecation, text: str) -> None:
    assert advice(deprecation) == text
