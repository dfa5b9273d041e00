from __future__ import annotations

from twin.events import Bus, Subscriber


def mailbox(bound: int = 3, wants: object = None) -> tuple[Subscriber[str], list[str]]:
    rings: list[str] = []
    made: Subscriber[str] = Subscriber(
        wants=lambda event: event != "unwanted",
        key=lambda event: event[0] if event[0].islower() else None,
        ready=lambda: rings.append("ring"),
        bound=bound,
    )
    return made, rings


def test_events_arrive_in_order_and_the_bell_rings_once_a_batch() -> None:
    bus: Bus[str] = Bus()
    box, rings = mailbox()
    bus.subscribe(box)
    for event in ("a1", "unwanted", "b1"):
        bus.publish(event)
    assert rings == ["ring"]
    assert box.take() == ["a1", "b1"]
    assert box.take() == []
    bus.publish("c1")
    assert rings == ["ring", "ring"]


def test_a_slow_subscriber_gets_the_newest_of_each_key_and_is_told_how_many_were_folded() -> None:
    box, _ = mailbox(bound=2)
    for event in ("a1", "b1", "a2", "b2", "a3"):
        box.offer(event)
    assert box.take() == ["b2", "a3"]
    assert box.coalesced == 3
    assert not box.overrun


def test_what_cannot_be_folded_and_does_not_fit_ends_it_loudly() -> None:
    bus: Bus[str] = Bus()
    box, rings = mailbox(bound=2)
    bus.subscribe(box)
    for event in ("X", "Y", "Z"):
        bus.publish(event)
    assert box.overrun
    assert box.closed
    assert rings == ["ring", "ring"]
    bus.publish("later")
    assert len(bus) == 0


def test_an_unsubscribed_one_hears_nothing() -> None:
    bus: Bus[str] = Bus()
    box, _ = mailbox()
    bus.unsubscribe(bus.subscribe(box))
    bus.publish("a1")
    assert box.take() == []


def test_one_that_fails_is_ended_and_the_others_hear_everything() -> None:
    bus: Bus[str] = Bus()
    bad, _ = mailbox()
    bad.wants = lambda _: bool(1 // 0)
    good, _ = mailbox()
    bus.subscribe(bad)
    bus.subscribe(good)
    bus.publish("a1")
    assert bad.closed
    assert good.take() == ["a1"]


def test_an_interruption_ends_all_and_says_why() -> None:
    bus: Bus[str] = Bus()
    box, rings = mailbox()
    bus.subscribe(box)
    bus.publish("a1")
    bus.interrupt("nothing is heard")
    bus.interrupt("nothing is heard still")
    assert (box.closed, box.overrun, box.interrupted) == (True, False, "nothing is heard")
    assert box.take() == ["a1"]
    assert rings == ["ring", "ring"]
    bus.publish("b1")
    assert len(bus) == 0
