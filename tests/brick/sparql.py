"""The seven queries in SPARQL, of the very files: what the twin, and the Cypher of a person, must answer too."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.brick.loading import Loaded

_PREFIX = "PREFIX brick: <https://brickschema.org/schema/Brick#>"
FEEDS = "(brick:feeds|^brick:isFedBy)"
_POINT = "(brick:hasPoint|^brick:isPointOf)"
_PART = "(brick:hasPart|^brick:isPartOf)"

Rows = set[tuple[str, ...]]


def ask(building: Loaded, where: str) -> Rows:
    """What the file answers; all variables, in the order of their names."""
    found = building.graph.query(f"{_PREFIX} SELECT * WHERE {{ {where} }}")
    assert found.vars is not None
    names = sorted(found.vars)
    return {tuple(str(row[name]) for name in names) for row in found}  # type: ignore[index,call-overload]  # a row of a SELECT


def terminals_and_zones(building: Loaded) -> Rows:
    """(terminal, zone)."""
    found = ask(building, f"?vav {FEEDS} ?zone . ?zone a brick:HVAC_Zone . ?vav a ?class")
    return {(vav, zone) for kind, vav, zone in found if kind.endswith("VAV")}


def temperatures_of_places(building: Loaded) -> Rows:
    """(sensor, room or zone)."""
    found = ask(
        building,
        f"?sensor a ?kind . FILTER(STRENDS(STR(?kind), 'Temperature_Sensor')) "
        f"?machine {_PART}*/{_POINT} ?sensor . ?machine {FEEDS} ?zone . "
        f"?zone a brick:HVAC_Zone . ?zone brick:hasPart? ?place",
    )
    return {(sensor, place) for _, _, place, sensor, _ in found}


def downstream(building: Loaded, machine: str) -> Rows:
    """(thing,) fed by a machine; of what has a class."""
    return {found for found in ask(building, f"<{machine}> {FEEDS}+ ?thing") if found[0] in building.ids}


def places_fed(building: Loaded, machine: str) -> Rows:
    """(room or zone,) fed by a machine or a part of it."""
    found = ask(building, f"<{machine}> {_PART}?/{FEEDS}+/brick:hasPart? ?place . ?place a ?kind")
    return {(place,) for kind, place in found if kind.endswith(("HVAC_Zone", "Room"))}


def machines_of(building: Loaded, kind: str) -> Rows:
    """(machine, place), of every place of a class."""
    return ask(building, f"?machine {FEEDS}+/brick:hasPart? ?place . ?place a brick:{kind}")


def points_of_zones(building: Loaded) -> Rows:
    """(machine, point, zone)."""
    return ask(building, f"?zone a brick:HVAC_Zone . ?machine {FEEDS} ?zone . ?machine {_POINT} ?point")


def rooms_of_floors(building: Loaded) -> Rows:
    """(floor, room)."""
    return ask(building, f"?floor {_PART} ?room . ?room a brick:Room . ?floor a brick:Floor")


def floors(building: Loaded, of: str) -> Rows:
    """(floor,) of a building."""
    return ask(building, f"<{of}> {_PART} ?floor . ?floor a brick:Floor")


def shortest(building: Loaded, start: str, end: str) -> int | None:
    """How many steps it takes. SPARQL has no shortest path: a way of so many steps is asked for, and one of fewer must
    not be there.
    """
    step = f"({FEEDS}|brick:hasPart)"
    for length in range(1, 5):
        if building.graph.query(f"{_PREFIX} ASK {{ <{start}> {'/'.join([step] * length)} <{end}> }}").askAnswer:
            return length
    return None


def members(building: Loaded) -> Rows:
    """(room, zone)."""
    return {(room, zone) for room, zone in ask(building, "?zone a brick:HVAC_Zone . ?zone brick:hasPart ?room")}
