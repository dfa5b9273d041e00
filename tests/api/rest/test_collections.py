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
        ("/spaces?where=area %3E 40", ["flat"]),
        ("/spaces?where=area %3E 43 or type is Room", ["living"]),
        ("/devices?where=has battery and not (in view:none)", ["thermostat"]),
        ('/devices?where=vendor == "Velio"&type=Valve', []),
        ("/devices?sort=-key", ["valve", "thermostat"]),
        ("/spaces?sort=area", ["flat", "living"]),
        ("/devices?sort=vendor&where=has battery", ["thermostat"]),
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
        ("/devices?where=battery %3E", 400, "where.invalid"),
        ("/devices?where=batery %3E 3", 400, "where.invalid"),
        ("/devices?sort=batery", 400, "sort.invalid"),
        ("/devices?sort=battery&after=cDo", 400, "cursor.invalid"),
        ("/devices?sort=battery&after=cDp4Cng", 400, "cursor.invalid"),
        (f"/devices?where={'(' * 2001}", 400, "limit.exceeded"),
        ("/search", 400, "value.invalid"),
        ("/search?q=lamp&after=cDp4Cng", 400, "cursor.invalid"),
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


@pytest.mark.parametrize("sort", ["key", "-key", "title", "-battery", "strokes"])
def test_pages_in_the_order_of_a_value(app: httpx2.Client, sort: str) -> None:
    whole = keys(app, f"/devices?sort={sort}")
    assert sorted(whole) == ["thermostat", "valve"]
    first = app.get(f"/api/v1/devices?sort={sort}&limit=1").json()
    second = app.get(first["next"]).json()
    assert [each["key"] for page in (first, second) for each in page["items"]] == whole
    assert second["next"] is None


def test_too_many_are_not_asked_for_a_value(app: httpx2.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.filtering.MOST_ASKED", 1)
    assert app.get("/api/v1/devices?sort=key").json()["code"] == "limit.exceeded"
    assert app.get("/api/v1/devices?where=type is Valve or type is Box").status_code == 200
    assert keys(app, "/devices?where=has battery&sort=battery") == ["thermostat"]


def test_a_search_by_name(app: httpx2.Client) -> None:
    def found(text: str) -> list[str]:
        return [each["entity"]["key"] for each in app.get("/api/v1/search", params={"q": text}).json()["items"]]

    assert found("APPARTEMENT") == found("flat") == ["flat"]
    assert sorted(found("therm")) == ["thermal", "thermostat"]
    assert found("valve living") == ["valve"]
    assert found("nowhere") == []
    first = app.get("/api/v1/search?q=the&limit=1").json()
    second = app.get(first["next"]).json()
    both = [each["entity"]["key"] for page in (first, second) for each in page["items"]]
    assert sorted(both) == ["thermal", "thermostat"]
    assert [each["entity"]["kind"] for each in app.get("/api/v1/search?q=the&kind=view").json()["items"]] == ["view"]
