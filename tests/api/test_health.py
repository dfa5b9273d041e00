"""Liveness, readiness and figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx2

    from tests.api.conftest import Served


def test_it_lives(anyone: httpx2.Client) -> None:
    assert anyone.get("/healthz").json() == {"status": "ok"}


def test_it_is_ready(anyone: httpx2.Client) -> None:
    answer = anyone.get("/readyz")
    assert (answer.status_code, answer.json()["parts"]) == (200, {"mirror": "ok", "store": "ok", "journal": "ok"})


def test_the_part_that_fails_is_named(fresh: Served) -> None:
    import httpx2

    fresh.engine.parts = {"mirror": "ok", "journal": "the disk is full"}
    answer = httpx2.get(f"{fresh.url}/readyz")
    assert (answer.status_code, answer.json()["parts"]["journal"]) == (503, "the disk is full")
    assert 'twin_part_up{part="journal"} 0.0' in httpx2.get(f"{fresh.url}/metrics").text


def test_figures_count_requests_by_route(anyone: httpx2.Client, served: Served) -> None:
    anyone.get("/healthz")
    anyone.request("PROPFIND", "/nowhere/at/all")
    text = anyone.get("/metrics").text
    assert 'twin_http_requests_total{method="GET",route="/healthz",status="200"}' in text
    assert 'method="other",route="unmatched",status="404"' in text
    assert 'twin_messages_total{fate="received"} 3.0' in text
    assert "twin_drift_total 2.0" in text
    assert "twin_drift_checks_total 7.0" in text
    assert "twin_drift_checked_seconds 1.7936892005e+09" in text
    assert f"twin_entities {len(served.engine.mirror)}.0" in text


def test_figures_name_no_tenant(served: Served, anyone: httpx2.Client) -> None:
    anyone.get(f"/api/v1/entities/{served.engine.id('hugo')}")
    text = anyone.get("/metrics").text
    assert "hugo" not in text
    assert served.engine.id("hugo") not in text
