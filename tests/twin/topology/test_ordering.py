from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.authoring import find
from twin.ids import sort_key
from twin.source import Source
from twin.topology.desired import Desired
from twin.topology.expand import expand
from twin.topology.template import read_topology

KEYS = st.from_regex(r"[a-c0-2][a-c0-2-]{0,2}", fullmatch=True)
HEAD = "topology: t\nversion: 1.0.0\nuses: { connected-home: ^1.0 }\nsite: { type: Residence }\n"


def expanded(rooms: dict[str, list[str]]) -> Desired:
    lines = ["gateways:", "  zz: { type: Box, connects: { rule: type is Device } }", "spaces:"]
    for room, plugs in rooms.items():
        devices = ", ".join(f'"{plug}": {{ type: Plug, relations: {{ serves: ["."] }} }}' for plug in plugs)
        lines.append(f'  "{room}": {{ type: Room, devices: {{ {devices} }} }}')
    return expand(read_topology(Source("t.yaml", HEAD + "\n".join(lines) + "\n"), find), "t")


@settings(deadline=None)  # the first of them compiles the ontology
@given(st.dictionaries(KEYS, st.lists(KEYS, max_size=4, unique=True), min_size=1, max_size=5))
def test_what_is_desired_is_in_natural_order(rooms: dict[str, list[str]]) -> None:
    desired = expanded(rooms)
    paths = [entity.path for entity in desired.entities]
    assert paths == sorted(paths, key=sort_key)
    ends = [(sort_key(one.source), one.type, sort_key(one.target)) for one in desired.relations]
    assert ends == sorted(ends)
    assert len(ends) == 2 * sum(len(plugs) for plugs in rooms.values())
