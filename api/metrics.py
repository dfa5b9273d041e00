"""Figures for Prometheus: what was counted here, and what the engine counts, read when somebody asks.

Labels are routes, methods, parts and fates: nothing of a site, a client or a device is in them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from prometheus_client.metrics_core import Metric

    from api.engine import Drift, Engine
    from twin.access.issuers.trust import Trust

__all__ = ["Metrics"]

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


_COUNTED = (
    (
        "twin_messages",
        "MQTT messages from devices, by what became of them.",
        ("received", "journaled", "denied", "dropped", "decoded", "undecodable"),
    ),
    (
        "twin_readings",
        "Decoded readings, by their fate.",
        ("applied", "late", "duplicate", "quarantined", "dead"),
    ),
)


_TOLD = ("delivered", "withheld", "overflowed", "expired", "oversized", "abandoned", "unsaid")


class Metrics:
    """One app's figures, in a registry of its own."""

    def __init__(self, engine: Engine) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_OfEngine(engine))
        self._requests = Counter(
            "twin_http_requests", "Answers to HTTP requests.", ["method", "route", "status"], registry=self._registry
        )

    def count(self, method: str, route: str, status: int) -> None:
        """One request more; a method nobody knows is not a label."""
        self._requests.labels(method if method in _METHODS else "other", route, str(status)).inc()

    def page(self) -> bytes:
        """All figures, in Prometheus' text format."""
        return generate_latest(self._registry)


class _OfEngine(Collector):
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def collect(self) -> Iterable[Metric]:
        engine = self._engine
        yield GaugeMetricFamily("twin_entities", "Entities in the mirror.", value=len(engine.mirror))
        yield CounterMetricFamily("twin_commits", "ChangeSets in the log.", value=engine.mirror.head)
        yield GaugeMetricFamily("twin_mqtt_connections", "MQTT clients connected.", value=engine.connections)
        yield from _told(engine.told)
        yield GaugeMetricFamily("twin_subscriptions", "Open subscriptions to readings.", value=len(engine.readings))
        yield from _drift(engine.drift)
        yield from _issuers(engine.tokens.trusts)
        up = GaugeMetricFamily("twin_part_up", "Whether a part works (1) or not (0).", labels=["part"])
        for part, state in engine.health().items():
            up.add_metric([part], float(state == "ok"))
        yield up
        yield from _processes(engine)
        if engine.role == "owner":  # or each message would count as often as there are processes
            yield from _telemetry(engine.counters.now())


def _told(counts: Mapping[str, int]) -> Iterable[Metric]:
    """What apps are told over MQTT, where this process tells them."""
    text = "Topic filters that apps subscribe to over MQTT."
    yield GaugeMetricFamily("twin_mqtt_subscriptions", text, value=counts.get("subscriptions", 0))
    text = "Messages that wait for apps to take them, over MQTT."
    yield GaugeMetricFamily("twin_mqtt_waiting", text, value=counts.get("waiting", 0))
    family = CounterMetricFamily("twin_mqtt_told", "Messages for apps, once for each, by their fate.", labels=["fate"])
    for fate in _TOLD:
        family.add_metric([fate], counts.get(fate, 0))
    yield family


def _issuers(trusts: Iterable[Trust]) -> Iterable[Metric]:
    """External issuers, by what the settings call them."""
    up = GaugeMetricFamily("twin_issuer_up", "Whether an issuer's keys could be fetched.", labels=["issuer"])
    text = "When an issuer's keys were last fetched, in seconds since 1970; 0: never."
    fetched = GaugeMetricFamily("twin_issuer_keys_fetched_seconds", text, labels=["issuer"])
    for each in trusts:
        up.add_metric([each.issuer.name], float(bool(each.fetched) and not each.failing))
        fetched.add_metric([each.issuer.name], each.fetched / 1e6)
    yield up
    yield fetched


def _processes(engine: Engine) -> Iterable[Metric]:
    """This process among those of its twin."""
    role = GaugeMetricFamily("twin_role", "What this process is (1) and is not (0).", labels=["role"])
    for name in ("owner", "follower"):
        role.add_metric([name], float(engine.role == name))
    yield role
    yield GaugeMetricFamily("twin_lag", "Changes of the graph that this process knows of and lacks.", value=engine.lag)
    yield GaugeMetricFamily("twin_feeds", "Processes that follow this one, or that it follows.", value=engine.feeds)
    live = "Whether readings are told as they come (1) or not (0)."
    yield GaugeMetricFamily("twin_readings_live", live, value=float(not engine.silent))


def _drift(drift: Drift) -> Iterable[Metric]:
    yield CounterMetricFamily("twin_drift", "Sites that differed from the store, and were repaired.", value=drift.found)
    yield CounterMetricFamily("twin_drift_checks", "Comparisons of all sites with the store.", value=drift.checked)
    last = drift.last or 0
    yield GaugeMetricFamily(
        "twin_drift_checked_seconds", "When the last of them ended, since 1970; 0: never.", value=last
    )


def _telemetry(counts: Mapping[str, int]) -> Iterable[Metric]:
    """Invariant 4's counters, as Prometheus groups them."""
    yield GaugeMetricFamily("twin_messages_pending", "Messages kept and not worked in.", value=counts.get("pending", 0))
    text = "Messages acknowledged once, and in no journal and no store any more."
    yield CounterMetricFamily("twin_messages_missing", text, value=counts.get("missing", 0))
    for name, text, labels in _COUNTED:
        family = CounterMetricFamily(name, text, labels=["fate"])
        for fate in labels:
            family.add_metric([fate], counts.get(fate, 0))
        yield family
