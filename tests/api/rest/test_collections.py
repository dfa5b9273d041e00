"""Lists, one page after another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import httpx2


def keys(app: httpx2.Client, address: str) -> list[str]:
    answer = app.get(f"/api/v1{address}")
    assert answer.status_code == 200, answer.text
    return [item["key"] for item in answer.json()["items"]]


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("/sites", ["hugo"]),
        ("/spaces", ["flat", "living"]),
        ("/spaces?type=Room", ["living"]),
        ("/views", ["thermal"]),
        ("/gateways", ["box"]),
        ("/devices", ["thermostat", "valve"]),
        ("/devices?type=HeatingEquipment", ["thermostat", "valve"]),
        ("/devices?type=BatteryPowered", ["thermostat"]),
        ("/devices?type=home/Valve", ["valve"]),
        ("/devices?under=hugo/flat/living/thermostat", ["valve"]),
        ("/devices?in=hugo/thermal", ["thermostat", "valve"]),
        ("/devices?measures=air_temperature", ["thermostat"]),
        ("/devices?measures=air_temperature&measures=relative_humidity", ["thermostat"]),
        ("/devices?ref=hugo/flat/living/thermostat", ["thermostat"]),
        ("/devices?ref=hugo/flat", []),
        ("/devices?ref=nowhere", []),
    ],
)
def test_what_is_listed(app: httpx2.Client, address: str, found: list[str]) -> None:
    assert keys(app, address) == found


def test_the_next_page_is_named(app: httpx2.Client) -> None:
    first = app.get("/api/v1/devices?type=HeatingEquipment&limit=1")
    following = first.json()["next"]
    assert first.headers["link"] == f'<{following}>; rel="next"'
    second = app.get(following)
    assert [item["key"] for item in second.json()["items"]] == ["valve"]
    assert second.json()["next"] is None
    assert "link" not in second.headers


@pytest.mark.parametrize(
    ("address", "status", "code"),
    [
        ("/devices?type=Room", 400, "type.unknown"),
        ("/devices?measures=happiness", 400, "measure.unknown"),
        ("/devices?limit=0", 400, "value.invalid"),
        ("/devices?limit=1001", 400, "value.invalid"),
        ("/devices?limit=many", 400, "value.invalid"),
        ("/devices?after=x", 400, "cursor.invalid"),
        ("/devices?in=hugo/flat", 400, "view.expected"),
        ("/devices?under=nowhere", 404, "entity.unknown"),
        ("/devices?ref=hugo/flat&type=Valve", 400, "value.invalid"),
        ("/thermostats", 404, "path.unknown"),
    ],
)
def test_what_is_wrong_is_said(app: httpx2.Client, address: str, status: int, code: str) -> None:
    answer = app.get(f"/api/v1{address}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == f"/docs#{code}"


def test_a_wrong_parameter_is_named(app: httpx2.Client) -> None:
    [mistake] = app.get("/api/v1/devices?limit=many").json()["errors"]
    assert (mistake["in"], mistake["name"]) == ("query", "limit")
