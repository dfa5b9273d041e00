from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from tests.upgrades import AFTER, documents, settle
from twin import Twin
from twin.engine.upgrading import Options, Upgrading
from twin.errors import AuthoringError, BackendError, Conflict, InvalidValue, NotFound, TwinError
from twin.graph.model import ChangeSet, Committed, Sent, Update
from twin.graph.readings import Reading, order_key
from twin.ids import mint
from twin.store import StateBatch, Watermark

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WANTED = ["abode@2"]


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    return documents(tmp_path)


@pytest.fixture
def twin(tmp_path: Path, folders: tuple[Path, Path]) -> Iterator[Twin]:
    settle(tmp_path / "data", folders[0], 3)
    with Twin(tmp_path / "data", user="ana", ontology_path=[folders[1]]) as made:
        yield made


@pytest.fixture
def upgrading(twin: Twin) -> Iterator[Upgrading]:
    with twin.upgrading() as found:
        yield found


def edit(twin: Twin, path: str, **fields: Any) -> Committed:
    entries = (Update(id=twin.find(path).id, fields=fields),)
    return twin.commit(ChangeSet(op_id=mint(), actor=twin.actor, at=1, entries=entries))


def say(twin: Twin, path: str, point: str, value: Any) -> None:
    reading = Reading(value, 1000, 1000, order_key(0, 1000, 0, value))
    twin.store.write_states(StateBatch({(twin.find(path).id, point): reading}, Watermark("j", 1)))
    twin.refresh()


def types(twin: Twin) -> dict[str, str]:
    twin.follow()
    return {site.key: twin.find(f"{site.key}/room-1/stove").type for site in twin.sites()}


def refused(call: Callable[[], Any]) -> TwinError:
    with pytest.raises(TwinError) as caught:
        call()
    return caught.value


class Beside:
    """A twin beside which something happens before each commit."""

    def __init__(self, twin: Twin, before: Callable[[ChangeSet], None]) -> None:
        self.actor, self.store = twin.actor, twin.store
        self._twin = twin
        self._before = before

    @property
    def mirror(self) -> Any:
        return self._twin.mirror

    def follow(self) -> None:
        self._twin.follow()

    def commit(self, changeset: ChangeSet) -> Committed:
        self._before(changeset)
        return self._twin.commit(changeset)


def test_a_plan_says_what_happens_at_every_site_and_changes_nothing(twin: Twin, upgrading: Upgrading) -> None:
    before = twin.mirror.head
    plan = upgrading.plan(WANTED, ["home-1", "home-3"])
    assert [(row.site, row.said) for row in plan.rows] == [
        ("home-1", "abode 1.4.0 -> 2.0.0"),
        ("home-3", "abode 1.4.0 -> 2.0.0"),
    ]
    assert plan.rows[0].counts["change"] == 4
    assert [subject for subject, _ in plan.breaking] == [
        "abode/Chamber.use",
        "abode/Counter.energy",
        "abode/Stove",
        "abode/Warm.temp",
    ]
    assert str(plan).endswith("Plan: 2 sites to upgrade, 8 entities to change.")
    assert (twin.store.head(), list(upgrading.records.upgrades())) == (before, [])


def test_sites_come_one_by_one_and_the_others_stay_as_they_are(twin: Twin, upgrading: Upgrading) -> None:
    edit(twin, "home-1/room-1/stove", desired={"wanted": 22.0}, title={"": "Ana's"})
    say(twin, "home-1/room-1/counter", "energy", 12000.0)
    say(twin, "home-2/room-1/counter", "energy", 5000.0)
    done = upgrading.run(WANTED, ["home-1"])
    assert [(site.site, site.state) for site in done.sites] == [("home-1", "done")]
    assert types(twin) == {"home-1": "abode/Heater", "home-2": "abode/Stove", "home-3": "abode/Stove"}
    stove = twin.find("home-1/room-1/stove")
    assert (stove.desired, stove.title, stove.points) == ({"wanted": 71.6}, {"": "Ana's"}, ("temperature", "wanted"))
    assert stove.sends == {"temp": Sent("temperature"), "wanted": Sent("wanted", "Cel")}
    assert twin.find("home-1/room-1").properties == {"span": 12, "use": "living"}
    assert twin.find("home-1/warm").rule == "type is Heater and has temperature"
    assert [each.path for each in twin.entities(view="home-1/warm")] == ["home-1/room-1/stove"]
    assert [each.path for each in twin.entities(view="home-2/warm")] == ["home-2/room-1/stove"]
    twin.refresh()
    readings = [twin.read(f"home-{number}/room-1/counter", "energy") for number in (1, 2)]
    assert [each.value for each in readings if each is not None] == [12.0, 5000.0]
    old = twin.ontology.types["abode/Stove"]
    assert old.deprecated is not None
    assert old.deprecated.use == "abode/Heater"
    assert twin.ontology.of(twin.find("home-2").id).types["abode/Counter"].points["energy"].unit == "W.h"
    assert twin.ontology.of(twin.find("home-1").id).types["abode/Counter"].points["energy"].unit == "kW.h"
    assert {entity.path for entity in twin.devices(type="Stove")} == {"home-2/room-1/stove", "home-3/room-1/stove"}


def test_once_all_have_come_nothing_of_the_older_version_is_left(twin: Twin, upgrading: Upgrading) -> None:
    upgrading.run(WANTED, ["all"])
    assert set(types(twin).values()) == {"abode/Heater"}
    assert "abode/Stove" not in twin.ontology.types
    assert twin.ontology.older == {}
    assert sorted(twin.mirror.documents) == ["abode", "abode@1.4.0", "core"]
    before = twin.store.head()
    again = upgrading.run(WANTED, ["all"])
    assert (again.sites, again.summary.rpartition(": ")[2]) == ((), "nothing to do.")
    assert twin.store.head() == before


@pytest.mark.parametrize("state", ["planned", "failed"])
def test_what_was_committed_and_not_recorded_is_settled_by_the_log(
    twin: Twin, upgrading: Upgrading, state: str
) -> None:
    done = upgrading.run(WANTED, ["home-1", "home-2"])
    (row,) = [site for site in upgrading.records.sites(done.id) if site.site == "home-1"]
    sequence, row.state, row.sequence = row.sequence, state, None
    upgrading.records.write(row)
    before = twin.store.head()
    assert upgrading.resume(done.id).sites == ()
    settled = upgrading.records.site(done.id, row.site_id)
    assert settled is not None
    assert (settled.state, settled.sequence, twin.store.head()) == ("done", sequence, before)


def test_one_that_fails_does_not_stop_the_others_and_comes_when_it_is_resumed(twin: Twin, upgrading: Upgrading) -> None:
    broken = [twin.find("home-2").id]

    def fail(changeset: ChangeSet) -> None:
        if changeset.site in broken:
            raise BackendError("the disk is full")

    beside = Upgrading(Beside(twin, fail), upgrading.records, twin._ontology_path)
    outcome = beside.run(WANTED, ["all"])
    assert [(site.site, site.state) for site in outcome.sites] == [
        ("home-1", "done"),
        ("home-2", "failed"),
        ("home-3", "done"),
    ]
    assert outcome.failed[0].problem == "backend.unavailable: the disk is full"
    assert "2 upgraded, 1 failed. Try those again: twin upgrade --resume" in outcome.summary
    broken.clear()
    again = beside.resume(outcome.id)
    assert [(site.site, site.state) for site in again.sites] == [("home-2", "done")]


def test_the_first_that_fails_stops_the_others_if_so_wished(twin: Twin, upgrading: Upgrading) -> None:
    def fail(changeset: ChangeSet) -> None:
        if changeset.site is not None:
            raise BackendError("the disk is full")

    outcome = Upgrading(Beside(twin, fail), upgrading.records, twin._ontology_path).run(
        WANTED, ["all"], stop_on_error=True
    )
    assert [site.site for site in outcome.sites] == ["home-1"]
    assert {site.state for site in upgrading.records.sites(outcome.id)} == {"planned", "failed"}


def test_a_user_who_changes_a_site_meanwhile_loses_nothing(twin: Twin, upgrading: Upgrading) -> None:
    left = [40.0, 41.0]

    def change(changeset: ChangeSet) -> None:
        if changeset.site is not None and left:
            edit(twin, "home-1/room-1", properties={"span": left.pop()})

    Upgrading(Beside(twin, change), upgrading.records, twin._ontology_path).run(WANTED, ["home-1"])
    assert twin.find("home-1/room-1").properties == {"span": 40.0, "use": "living"}


def test_a_site_that_never_rests_is_given_up(twin: Twin, upgrading: Upgrading) -> None:
    def change(changeset: ChangeSet) -> None:
        if changeset.site is not None:
            edit(twin, "home-1/room-1", title={"": mint()})

    outcome = Upgrading(Beside(twin, change), upgrading.records, twin._ontology_path).run(WANTED, ["home-1"])
    assert "again and again" in outcome.failed[0].problem


def test_a_site_goes_back_and_keeps_what_users_have_changed(twin: Twin, upgrading: Upgrading) -> None:
    say(twin, "home-1/room-1/counter", "energy", 12000.0)
    say(twin, "home-1/room-1/stove", "temp", 21.5)
    before = {entity.path: _plain(entity) for entity in twin.mirror.entities.values()}
    done = upgrading.run(WANTED, ["all"])
    edit(twin, "home-1/room-1", properties={"span": 14.0, "use": "bed"})
    back = upgrading.rollback(done.id, ["home-1"])
    assert [(site.site, site.state) for site in back.sites] == [("home-1", "returned")]
    assert back.notes == (
        "= home-1/room-1: span stays 14.0, as set since",
        "! home-1/room-1: use = bed, which there was no place for before",
    )
    twin.refresh()
    after = {entity.path: _plain(entity) for entity in twin.mirror.entities.values() if entity.path != "home-1/room-1"}
    assert {path: value for path, value in after.items() if path.startswith("home-1")} == {
        path: value for path, value in before.items() if path.startswith("home-1") and path != "home-1/room-1"
    }
    values = [twin.read("home-1/room-1/counter", "energy"), twin.read("home-1/room-1/stove", "temp")]
    assert [each.value for each in values if each is not None] == [12000.0, 21.5]
    assert types(twin) == {"home-1": "abode/Stove", "home-2": "abode/Heater", "home-3": "abode/Heater"}


def _plain(entity: Any) -> dict[str, Any]:
    return {
        name: value
        for name, value in msgspec.to_builtins(entity).items()
        if name not in {"revision", "updated", "updated_by", "sends", "made"}
    }


def test_a_site_that_went_back_may_come_again(twin: Twin, upgrading: Upgrading) -> None:
    done = upgrading.run(WANTED, ["home-1"])
    upgrading.rollback(done.id, ["home-1"])
    again = upgrading.run(WANTED, ["home-1"])
    assert (again.id, again.sites[0].state, again.sites[0].attempt) == (done.id, "done", 1)
    assert twin.find("home-1/room-1/stove").sends == {"temp": Sent("temperature"), "wanted": Sent("wanted", "Cel")}
    assert upgrading.rollback(done.id, ["home-1"]).sites[0].state == "returned"


def test_a_return_that_was_interrupted_is_resumed(twin: Twin, upgrading: Upgrading) -> None:
    done = upgrading.run(WANTED, ["home-1"])
    row = done.sites[0]
    row.state = "returning"
    upgrading.records.write(row)
    assert [(site.site, site.state) for site in upgrading.resume(done.id).sites] == [("home-1", "returned")]
    row.state = "returning"
    upgrading.records.write(row)
    before = twin.store.head()
    assert upgrading.resume(done.id).sites == ()
    assert twin.store.head() == before


def test_what_no_step_covers_is_refused_before_anything_is_changed(
    twin: Twin, upgrading: Upgrading, folders: tuple[Path, Path]
) -> None:
    bare = AFTER[: AFTER.index("migrations:")]
    (folders[1] / "abode.yaml").write_text(bare)
    before = twin.store.head()
    error = refused(lambda: upgrading.run(WANTED, ["all"]))
    assert (type(error), error.code_) == (Conflict, "upgrade.uncovered")
    assert {gap["subject"]: gap["step"] for gap in error.details["gaps"]} == {
        "abode/Chamber.use": "{ default: Chamber.use, value: … }",
        "abode/Counter.energy": "{ convert: Counter.energy, from: W.h, to: kW.h }",
        "abode/Stove": "{ rename: Stove, to: … } or { remove: Stove, reason: … }",
    }
    assert twin.store.head() == before


def test_what_cannot_be_a_goal_is_refused(twin: Twin, upgrading: Upgrading, folders: tuple[Path, Path]) -> None:
    codes = {
        "abode@3": "upgrade.version",
        "nothing@1": "ontology.unknown",
        "No Name": "ontology.unknown",
    }
    for wanted, code in codes.items():
        error = refused(lambda wanted=wanted: upgrading.plan([wanted], ["all"]))  # type: ignore[misc]
        assert (type(error), error.code_) == (InvalidValue, code)
    assert refused(lambda: upgrading.plan(WANTED, ["home-9"])).code_ == "site.unknown"
    assert refused(lambda: upgrading.resume("nothing")).code_ == "upgrade.unknown"
    upgrading.run(WANTED, ["home-1"])
    assert refused(lambda: upgrading.plan([str(folders[0] / "abode.yaml")], ["all"])).code_ == "upgrade.older"
    (folders[1] / "abode.yaml").write_text(AFTER + "\n# other\n")
    assert refused(lambda: upgrading.plan(WANTED, ["all"])).code_ == "upgrade.same_version"


def test_what_is_deleted_with_its_type_has_to_be_allowed(
    twin: Twin, upgrading: Upgrading, folders: tuple[Path, Path]
) -> None:
    text = AFTER.replace("  Counter:\n    is: Device\n", "  Other:\n    is: Device\n").replace(
        "{ convert: Counter.energy, from: W.h, to: kW.h }", "{ remove: Counter, reason: sold }"
    )
    (folders[1] / "abode.yaml").write_text(text)
    assert refused(lambda: upgrading.run(WANTED, ["all"])).code_ == "plan.deletes"
    done = upgrading.run(WANTED, ["home-1"], allow_delete=True)
    assert twin.mirror.by_path("home-1/room-1/counter") is None
    back = upgrading.rollback(done.id, ["home-1"])
    assert back.notes == ("! home-1/room-1/counter was deleted with its type",)


def test_a_plan_does_not_install_what_others_would_not_survive(twin: Twin, folders: tuple[Path, Path]) -> None:
    error = refused(lambda: twin.plan(folders[1] / "cottage.yaml", site="home-9"))
    assert error.code_ == "ontology.in_use"
    assert "twin upgrade --ontology abode@2.0.0 --sites all" in error.help


def test_sites_of_two_versions_are_planned_by_the_topology_of_each(
    twin: Twin, upgrading: Upgrading, folders: tuple[Path, Path]
) -> None:
    before, after = folders
    upgrading.run(WANTED, ["home-1"])
    assert twin.plan(before / "cottage.yaml", site="home-2").empty
    assert twin.plan(after / "cottage.yaml", site="home-1").deletes == 0
    assert refused(lambda: twin.plan(after / "cottage.yaml", site="home-2")).code_ == "upgrade.needed"
    assert refused(lambda: twin.plan(before / "cottage.yaml", site="home-1")).code_ == "upgrade.needed"
    twin.apply(twin.plan(before / "cottage.yaml", site="home-4"))
    assert twin.find("home-4").made.ontologies["abode"] == "1.4.0"  # type: ignore[union-attr]
    assert twin.find("home-4/room-1/stove").type == "abode/Stove"
    assert twin.mirror.documents["abode"].version == "2.0.0"


def test_the_state_is_kept_when_the_twin_is_opened_again(tmp_path: Path, folders: tuple[Path, Path]) -> None:
    settle(tmp_path / "data", folders[0], 2)
    with Twin(tmp_path / "data", ontology_path=[folders[1]]) as twin, twin.upgrading() as upgrading:
        upgrading.run(WANTED, ["home-1"])
    with Twin(tmp_path / "data") as twin:
        assert list(twin.ontology.older) == [twin.find("home-2").id]
        assert twin.ontology.types["abode/Stove"].deprecated is not None


def test_a_topology_comes_to_all_sites_that_are_made_of_it(
    twin: Twin, upgrading: Upgrading, folders: tuple[Path, Path]
) -> None:
    upgrading.run(WANTED, ["home-1", "home-2"])
    topologies, file = upgrading.topologies, folders[1] / "cottage.yaml"
    edit(twin, "home-2/room-1", title={"": "Ana's"})
    file.write_text(file.read_text().replace("span: 12", "span: 15"))
    fleet = topologies.plan(file, ["all"])
    assert [(row.site, row.counts.get("change"), row.problem.split(":")[0]) for row in fleet.rows] == [
        ("home-1", 1, ""),
        ("home-2", 1, ""),
        ("home-3", None, "upgrade.needed"),
    ]
    done = topologies.run(fleet)
    assert [(site.site, site.state) for site in done.sites] == [
        ("home-1", "done"),
        ("home-2", "done"),
        ("home-3", "failed"),
    ]
    room = twin.find("home-2/room-1")
    assert (room.properties["span"], room.title) == (15, {"": "Ana's"})
    assert twin.find("home-2").made.version == "2.0.0"  # type: ignore[union-attr]
    upgrading.run(WANTED, ["home-3"])
    assert [(site.site, site.state) for site in topologies.resume(done.id).sites] == [("home-3", "done")]
    assert topologies.plan(file, ["all"]).upgrades == ()


def test_a_topology_that_deletes_has_to_be_allowed_and_goes_back(
    twin: Twin, upgrading: Upgrading, folders: tuple[Path, Path]
) -> None:
    upgrading.run(WANTED, ["all"])
    topologies, file = upgrading.topologies, folders[1] / "cottage.yaml"
    first = topologies.run(topologies.plan(file, ["home-1"]))
    text = file.read_text()
    file.write_text(text.replace("      counter: { type: Counter }\n", "").replace("version: 2.0.0", "version: 2.1.0"))
    fleet = topologies.plan(file, ["home-1"])
    assert fleet.total("delete") == 1
    assert refused(lambda: topologies.run(fleet)).code_ == "plan.deletes"
    done = topologies.run(fleet, Options(allow_delete=True))
    assert twin.mirror.by_path("home-1/room-1/counter") is None
    back = topologies.rollback(done.id, ["home-1"])
    assert [(site.state, site.problem) for site in back.sites] == [("returned", "")]
    assert twin.mirror.by_path("home-1/room-1/counter") is not None
    gone = topologies.rollback(first.id, ["home-1"])
    assert "no record has the text of cottage 1.0.0" in gone.sites[0].problem


def test_a_topology_that_is_wrong_is_refused(upgrading: Upgrading, tmp_path: Path) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text("topology: cottage\nversion: 1\nsite: { type: Nothing }\n")
    with pytest.raises(AuthoringError):
        upgrading.topologies.plan(file, ["all"])
    with pytest.raises(NotFound):
        upgrading.topologies.resume("nothing")
