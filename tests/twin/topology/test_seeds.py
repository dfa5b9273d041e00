"""What is worked out once for all that grow from one part must not be what a name alters."""

from __future__ import annotations

from tests.authoring import find
from twin.source import Source
from twin.topology.desired import Desired
from twin.topology.expand import expand
from twin.topology.seeds import fixed_names
from twin.topology.template import read_topology

TEXT = """topology: block
version: 1.0.0
uses: { connected-home: ^1.0 }
parameters:
  name: { type: string, default: lea }
  area: { type: number, default: 9 }
site: { type: Residence, title: "${name}" }
spaces:
  "${at}": { type: Room, title: "${at} of ${name}", each: { at: [east, west] } }
  hall: { use: room, properties: { volume: "${area}" } }
  kitchen: { use: room, with: { area: 12 } }
  attic: { when: name == "hugo", type: Room }
fragments:
  room:
    parameters: { area: { type: number, default: 20 } }
    type: Room
    title: "${name}, ${area}"
    properties: { area: "${area}" }
    devices: { plug: { type: Plug, title: "Plug, ${area}", relations: { serves: ["."] } } }
"""


def expanded(**parameters: str) -> Desired:
    return expand(read_topology(Source("block.yaml", TEXT), find), "block", parameters)


def test_a_name_that_a_fragment_gives_another_value_is_not_fixed() -> None:
    assert fixed_names(read_topology(Source("block.yaml", TEXT), find)) == {"name"}


def test_each_entity_has_the_values_of_its_own_names() -> None:
    found = {entity.path: entity for entity in expanded().entities}
    titles = {path.partition("/")[2]: entity.title.get("") for path, entity in found.items()}
    assert titles == {
        "": "lea",
        "east": "east of lea",
        "west": "west of lea",
        "hall": "lea, 20",
        "hall/plug": "Plug, 20",
        "kitchen": "lea, 12",
        "kitchen/plug": "Plug, 12",
    }
    assert found["block/hall"].properties == {"area": 20.0, "volume": 9.0}
    assert found["block/kitchen"].properties == {"area": 12.0}


def test_what_was_worked_out_with_other_parameters_is_forgotten() -> None:
    assert "block/attic" not in {entity.path for entity in expanded().entities}
    assert "block/attic" in {entity.path for entity in expanded(name="hugo").entities}
