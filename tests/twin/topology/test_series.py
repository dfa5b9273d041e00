from __future__ import annotations

import pytest

from twin.errors import AuthoringError
from twin.source import Source
from twin.topology.series import read_series


def test_a_map_names_the_point_of_each_file() -> None:
    found = read_series(Source("map.yaml", "site: flat\nseries: { a.csv: kitchen/climate.temperature }\n"))
    target = found.series["a.csv"]
    assert (found.site, target.device, target.point) == ("flat", "kitchen/climate", "temperature")
    assert str(target.place) == "map.yaml:2:18"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("series: {}\n", "key.missing"),
        ("site: flat\nseries: []\n", "value.type"),
        ("site: flat\nseries: { a.csv: kitchen }\n", "path.invalid"),
        ("site: flat\nseries: { a/b.csv: kitchen/t.x }\n", "key.invalid"),
        ("site: flat\nseries: { a.csv: k/t.x, b.csv: k/t.x }\n", "series.duplicate"),
        ("site: Flat!\nseries: { a.csv: k/t.x }\n", "value.invalid"),
        ("topology: flat\n", "document.kind"),
        ("serie: {}\n", "document.kind"),
    ],
)
def test_what_is_wrong_with_a_map(text: str, code: str) -> None:
    with pytest.raises(AuthoringError) as caught:
        read_series(Source("map.yaml", text))
    assert [found.code for found in caught.value.diagnostics] == [code]
