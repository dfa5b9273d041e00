"""Three real homes, written by hand: nothing of what their platform says of them is lost on the way."""

from __future__ import annotations

import json
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.authoring import find as find_shipped
from tests.worked.overkiz.names import COMMANDS, COMMANDS_LEFT_OUT, OF_WIDGET, STATES, STATES_LEFT_OUT
from twin.source import Diagnostics, Source
from twin.topology.expand import check_topology, expand
from twin.topology.template import read_topology

if TYPE_CHECKING:
    from twin.ontology.model import EntityType, Ontology
    from twin.topology.desired import Desired

HERE = Path(__file__).parent
HOMES = {"nexity": "setup_nexity", "climate": "setup_tahoma_climate", "villa": "setup_3_gateways"}


def find(name: str) -> Source | None:
    path = HERE / f"{name}.yaml"
    return Source(path.name, path.read_text(encoding="utf-8")) if path.is_file() else find_shipped(name)


@cache
def home(name: str) -> tuple[Ontology, Desired, Diagnostics]:
    template = read_topology(Source(f"{name}.yaml", (HERE / f"{name}.yaml").read_text(encoding="utf-8")), find)
    report = Diagnostics()
    check_topology(template, report)
    return template.ontology, expand(template, name, {}), report


def said(name: str, folder: Path) -> Any:
    return json.loads((folder / "overkiz" / f"{HOMES[name]}.json").read_text(encoding="utf-8"))


def serial(url: str) -> str:
    """``io://1234-1234-5614/11530893#1`` -> ``io-11530893-1``."""
    protocol, _, rest = url.partition("://")
    return "-".join([protocol, *re.split(r"[/#]", rest)[1:]])


@pytest.fixture(params=HOMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_nothing_is_wrong_with_it(name: str) -> None:
    assert home(name)[2].all == ()


def test_every_device_and_gateway_is_there_once(name: str, shared_data: Path) -> None:
    setup = said(name, shared_data)
    entities = home(name)[1].entities
    for kind, serials in (
        ("device", [serial(each["deviceURL"]) for each in setup["devices"]]),
        ("gateway", [each["gatewayId"] for each in setup["gateways"]]),
    ):
        assert sorted(serials) == sorted(str(each.serial) for each in entities if each.kind == kind)


def test_every_function_of_an_address_is_a_part_of_the_first(name: str, shared_data: Path) -> None:
    paths = {each.serial: each.path for each in home(name)[1].entities}
    for each in said(name, shared_data)["devices"]:
        address, _, number = each["deviceURL"].partition("#")
        if number not in {"", "1"}:
            assert paths[serial(each["deviceURL"])].startswith(paths[serial(f"{address}#1")] + "/")


def test_every_device_is_behind_its_gateway(name: str, shared_data: Path) -> None:
    desired = home(name)[1]
    serials = {each.path: each.serial for each in desired.entities}
    behind = {serials[each.target]: serials[each.source] for each in desired.relations if each.type == "CONNECTS"}
    for each in said(name, shared_data)["devices"]:
        assert behind[serial(each["deviceURL"])] == each["deviceURL"].split("/")[2]


def points_of(type_: EntityType, points: tuple[str, ...]) -> set[str]:
    """The points an entity has, and the fields of those that are objects."""
    fields = {f"{name}.{field}" for name in points for field in type_.points[name].fields or {}}
    return fields | set(points)


def test_every_state_has_a_point_and_every_point_a_state(name: str, shared_data: Path) -> None:
    ontology, desired, _ = home(name)
    entities = {each.serial: each for each in desired.entities}
    for each in said(name, shared_data)["devices"]:
        entity = entities[serial(each["deviceURL"])]
        states = {state["name"] for state in each.get("states", ())} - STATES_LEFT_OUT.keys()
        wanted = {STATES[state] for state in states}
        missing = wanted - points_of(ontology.types[entity.type], entity.points)
        assert not missing, f"{entity.path} cannot say {sorted(missing)}"
        said_of = {point.partition(".")[0] for point in wanted}
        settable = {target[2:] for target in targets(each) if target.startswith("= ")}
        unsaid = set(entity.points) - said_of - settable
        assert not unsaid, f"nobody says {sorted(unsaid)} of {entity.path}"


def targets(device: Any) -> set[str]:
    """What the commands of a device are in the twin."""
    names = {each["commandName"] for each in device["definition"]["commands"]} - COMMANDS_LEFT_OUT.keys()
    found = (OF_WIDGET.get((device["widget"], each)) or COMMANDS.get(each) for each in names)
    pairs = zip(names, found, strict=True)
    return {target or ("refresh" if each.startswith("refresh") else each) for each, target in pairs}


def test_every_command_is_a_command_or_a_setting_and_takes_as_many_arguments(name: str, shared_data: Path) -> None:
    ontology, desired, _ = home(name)
    entities = {each.serial: each for each in desired.entities}
    for each in said(name, shared_data)["devices"]:
        entity = entities[serial(each["deviceURL"])]
        type_ = ontology.types[entity.type]
        commands = {target for target in targets(each) if not target.startswith("= ")}
        assert commands <= set(entity.commands), (entity.path, sorted(commands - set(entity.commands)))
        for target in targets(each) - commands:
            assert target[2:] in entity.points
            assert type_.points[target[2:]].section == "configuration"
        for command in each["definition"]["commands"]:
            target = OF_WIDGET.get((each["widget"], command["commandName"])) or COMMANDS.get(command["commandName"])
            if target in type_.commands:
                assert len(type_.commands[target].arguments) >= command["nparams"], (entity.path, target)


def test_no_reason_is_given_for_what_is_not_left_out(shared_data: Path) -> None:
    devices = [each for name in HOMES for each in said(name, shared_data)["devices"]]
    states = {state["name"] for each in devices for state in each.get("states", ())}
    commands = {command["commandName"] for each in devices for command in each["definition"]["commands"]}
    assert STATES.keys() | STATES_LEFT_OUT.keys() == states
    assert COMMANDS.keys() | COMMANDS_LEFT_OUT.keys() == {each for each in commands if not each.startswith("refresh")}
    assert not STATES.keys() & STATES_LEFT_OUT.keys()
    assert not COMMANDS.keys() & COMMANDS_LEFT_OUT.keys()


def test_two_products_of_one_widget_have_different_points() -> None:
    entities = {each.key: each for each in home("nexity")[1].entities}
    early, later = set(entities["shutter-1"].points), set(entities["shutter-2"].points)
    assert entities["shutter-1"].type == entities["shutter-2"].type
    assert later - early == {"in_motion", "favourite", "target"}
    assert early < later


def test_a_shutter_offers_all_that_it_was_asked_for(shared_data: Path) -> None:
    most = max(len(each["definition"]["commands"]) for each in said("villa", shared_data)["devices"])
    shutter = next(each for each in home("villa")[1].entities if each.key == "shutter" and "hall" in each.path)
    aliases = Counter(COMMANDS.values())
    assert len(shutter.commands) >= most - sum(count - 1 for count in aliases.values() if count > 1)


def test_zones_of_air_are_views_that_parts_of_one_device_heat() -> None:
    desired = home("climate")[1]
    heated = {each.target: each.source for each in desired.relations if each.type == "heats"}
    assert heated == {f"climate/zone-{n}": f"climate/controller/zone-{n}" for n in range(1, 6)}
    rooms = [each for each in desired.relations if each.type == "INCLUDES" and each.source == "climate/zone-1"]
    assert len(rooms) == 3
