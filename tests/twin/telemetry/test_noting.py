from __future__ import annotations

from tests.rights import principal
from twin.access.audit import Deed
from twin.mqtt.door import Admission
from twin.telemetry.noting import Noting


class Audit:
    """What was noted, under a clock that a test moves."""

    def __init__(self) -> None:
        self.deeds: list[Deed] = []
        self.at = 0
        self.noting = Noting(self.deeds.append, lambda: self.at)

    def deny(self, topic: str, who: str = "ana") -> str:
        self.noting.denied("publish", Admission(None, address="::1"), principal(who), topic)
        return self.deeds[-1].detail


def test_who_asks_for_ever_other_topics_fills_no_audit() -> None:
    audit = Audit()
    said = [audit.deny(f"t/{number}") for number in range(1000)]
    assert said == [*(f"t/{number}" for number in range(10)), *["and other topics"] * 990]
    assert audit.deny("t/3") == "t/3"
    assert audit.deny("t/999", "ben") == "t/999"
    audit.at += 60_000_001
    assert audit.deny("t/999") == "t/999"


def test_what_is_long_is_cut_and_no_secret_is_kept() -> None:
    audit = Audit()
    audit.noting.came(principal("ana"), "x" * 5000, "::1")
    audit.noting.refused("::2")
    audit.noting.refused("::2", principal("ana"))
    audit.noting.ended(Admission(None, address="::3"), principal("ana"))
    assert [len(each.detail) for each in audit.deeds] == [201, 0, 0, 0]
    assert [(each.action, each.result, each.user, each.address) for each in audit.deeds] == [
        ("mqtt.connect", "ok", "ana", "::1"),
        ("mqtt.connect", "token.invalid", "", "::2"),
        ("mqtt.connect", "scope.insufficient", "ana", "::2"),
        ("mqtt.end", "token.invalid", "ana", "::3"),
    ]
