"""A file into a directory: the same twin, and another timeline."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.graphs import changeset, entity
from tests.moving import MESSAGES, WORKED, make, messages, seen
from tests.twin.store.test_moving import census
from twin.access.clients import Clients
from twin.access.keys import Keys
from twin.engine import Twin
from twin.engine.home import Home
from twin.engine.moving import backup, restore
from twin.errors import BackendError, Conflict, InvalidValue, TwinError
from twin.graph.model import Create
from twin.records import Records
from twin.store.moving import Census
from twin.store.neo4j import Neo4jStore
from twin.telemetry.deadletters import DeadLetters

if TYPE_CHECKING:
    from twin.store.neo4j import Address


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory and its backup."""
    folder = tmp_path_factory.mktemp("made")
    make(folder / "data")
    backup(folder / "data", folder / "x.twin")
    return folder


def differences(arrived: Census, left: Census) -> list[str]:
    """But for the journal's id, which is another."""
    assert (arrived.watermark.offset, arrived.watermark.counters) == (left.watermark.offset, left.watermark.counters)
    return [each for each in arrived.differences(left) if each != "watermark"]


def kids(data: Path) -> set[str]:
    with closing(Records(data / "records.sqlite")) as records:
        return {each.kid for each in Keys(records).list()}


def test_what_is_restored_is_what_was_backed_up_and_of_another_timeline(made: Path, tmp_path: Path) -> None:
    done = restore(made / "x.twin", tmp_path / "new")
    assert differences(seen(tmp_path / "new"), seen(made / "data")) == []
    old, new = (Home(each).open_graph() for each in (made / "data", tmp_path / "new"))
    assert new.load().timeline == done.timeline != old.load().timeline
    assert new.load_states()[1].journal != old.load_states()[1].journal
    for store in (old, new):
        store.close()
    assert done.aside is None
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    left = {path.name for path in (tmp_path / "new").iterdir()}
    assert left <= {"lock", "twin.sqlite", "records.sqlite", "journal"}


def test_messages_beyond_the_watermark_come_along_and_numbers_go_on(made: Path, tmp_path: Path) -> None:
    restore(made / "x.twin", tmp_path / "new")
    assert messages(tmp_path / "new", WORKED) == [str(number).encode() for number in range(WORKED, MESSAGES)]


def test_letters_are_those_of_what_is_worked_in_under_the_new_journal(made: Path, tmp_path: Path) -> None:
    restore(made / "x.twin", tmp_path / "new")
    with closing(Home(tmp_path / "new").open_graph()) as store:
        journal = store.load_states()[1].journal
    with closing(Records(tmp_path / "new" / "records.sqlite")) as records:
        found = DeadLetters(records).list()
    assert [(each.number, each.journal) for each in found] == [(3, journal)]


def test_secrets_of_clients_stay_and_keys_are_new(made: Path, tmp_path: Path) -> None:
    restore(made / "x.twin", tmp_path / "new")
    assert not kids(tmp_path / "new") & kids(made / "data")
    with closing(Records(tmp_path / "new" / "records.sqlite")) as records:
        assert [each.name for each in Clients(records).list()] == ["app"]


def test_a_directory_that_is_taken_is_left_alone(made: Path, tmp_path: Path) -> None:
    make(tmp_path / "mine", seed=2)
    before = seen(tmp_path / "mine")
    with pytest.raises(Conflict) as caught:
        restore(made / "x.twin", tmp_path / "mine")
    assert caught.value.code_ == "data.occupied"
    assert seen(tmp_path / "mine") == before


def test_one_that_is_served_is_refused(made: Path, tmp_path: Path) -> None:
    make(tmp_path / "mine", seed=2)
    with Home(tmp_path / "mine").owned(), pytest.raises(Conflict) as caught:
        restore(made / "x.twin", tmp_path / "mine", replace=True)
    assert caught.value.code_ == "data.owned"


def test_what_is_replaced_is_kept_as_a_directory_of_its_own(made: Path, tmp_path: Path) -> None:
    make(tmp_path / "mine", seed=2)
    before, keys = seen(tmp_path / "mine"), kids(tmp_path / "mine")
    done = restore(made / "x.twin", tmp_path / "mine", replace=True)
    assert differences(seen(tmp_path / "mine"), seen(made / "data")) == []
    assert done.aside is not None
    aside = Path(done.aside)
    assert aside.parent == tmp_path / "mine"
    assert seen(aside) == before
    assert kids(aside) == keys
    assert len(messages(aside)) == MESSAGES


def test_external_issuers_come_along_where_none_are_said(made: Path, tmp_path: Path) -> None:
    shutil.copytree(made / "data", tmp_path / "data")
    (tmp_path / "data" / "issuers.toml").write_text("[issuers.old]\n")
    backup(tmp_path / "data", tmp_path / "x.twin")
    restore(tmp_path / "x.twin", tmp_path / "new")
    assert (tmp_path / "new" / "issuers.toml").read_text() == "[issuers.old]\n"
    (tmp_path / "new" / "issuers.toml").write_text("[issuers.new]\n")
    done = restore(tmp_path / "x.twin", tmp_path / "new", replace=True)
    assert done.aside is not None
    for folder in (tmp_path / "new", Path(done.aside)):
        assert (folder / "issuers.toml").read_text() == "[issuers.new]\n"


def test_a_damaged_file_touches_nothing(made: Path, tmp_path: Path) -> None:
    make(tmp_path / "mine", seed=2)
    before = seen(tmp_path / "mine")
    whole = (made / "x.twin").read_bytes()
    (tmp_path / "x.twin").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InvalidValue) as caught:
        restore(tmp_path / "x.twin", tmp_path / "mine", replace=True)
    assert caught.value.code_ == "backup.damaged"
    assert seen(tmp_path / "mine") == before
    assert not list((tmp_path / "mine").glob("re[ps]*"))


def test_no_directory_is_made_for_what_is_no_backup(tmp_path: Path) -> None:
    with pytest.raises(InvalidValue):
        restore(tmp_path / "none", tmp_path / "new")
    assert list(tmp_path.iterdir()) == []


class Broken(Exception):
    """A process that ends in the middle."""


@pytest.mark.parametrize("replace", ["", "replace"])
@pytest.mark.parametrize("part", ["_fill", "_put_in_place"])
def test_one_that_was_broken_off_is_refused_and_can_be_done_again(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str, replace: str
) -> None:
    data = tmp_path / "mine"
    before = None
    if replace:
        make(data, seed=2)
        before = seen(data)

    def broken(*_: object) -> None:
        raise Broken

    module = sys.modules["twin.engine.moving.restore"]
    with monkeypatch.context() as patch:
        patch.setattr(module._Restore, part, broken)
        with pytest.raises(Broken):
            restore(made / "x.twin", data, replace=bool(replace))
    with pytest.raises(Conflict) as caught:
        Twin(data)
    assert caught.value.code_ == "restore.unfinished"
    done = restore(made / "x.twin", data)
    assert differences(seen(data), seen(made / "data")) == []
    if replace:
        assert done.aside is not None
        assert seen(Path(done.aside)) == before
        assert len(list(data.glob("replaced-*"))) == 1


def test_a_script_that_was_open_mixes_nothing(made: Path, tmp_path: Path) -> None:
    data = tmp_path / "mine"
    make(data, seed=2)
    with Twin(data) as script:
        restore(made / "x.twin", data, replace=True)
        with pytest.raises(Conflict) as caught:
            script.commit(changeset(Create(entity("late", "site"))))
        assert caught.value.code_ == "store.restored"
        assert script.mirror.timeline == script.store.load().timeline
        with Twin(made / "data") as original:
            assert script.mirror.entities == original.mirror.entities
        head = script.mirror.head
        assert script.commit(changeset(Create(entity("now", "site")))).sequence == head + 1


def test_a_plan_of_before_is_foreign(tmp_path: Path) -> None:
    with Twin(tmp_path / "old") as twin:
        twin.apply(twin.plan(Path("examples/flat.yaml")))
        made = twin.plan(Path("examples/flat.yaml"), parameters={"name": "Fürth"})
    backup(tmp_path / "old", tmp_path / "x.twin")
    restore(tmp_path / "x.twin", tmp_path / "new")
    with Twin(tmp_path / "new") as twin:
        with pytest.raises(TwinError) as caught:
            twin.apply(made)
        assert caught.value.code_ == "plan.foreign"
        known = twin.store.changes(0)[0].changeset
        assert twin.commit(known).sequence == 1


def test_a_graph_that_is_taken_elsewhere_is_left_alone(made: Path, tmp_path: Path) -> None:
    other = f"sqlite:///{tmp_path}/other.sqlite"
    make(tmp_path / "mine", seed=3, graph=other)
    before = seen(tmp_path / "mine")
    with pytest.raises(Conflict) as caught:
        restore(made / "x.twin", tmp_path / "new", other)
    assert caught.value.code_ == "store.occupied"
    assert seen(tmp_path / "mine") == before
    assert not (tmp_path / "new" / "restoring.json").exists()


def test_a_full_disk_leaves_a_directory_that_is_restored_again(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    module = sys.modules["twin.engine.moving.restore"]
    with monkeypatch.context() as patch:
        patch.setattr(module, "copy_sqlite", full)
        with pytest.raises(BackendError, match="No space left") as caught:
            restore(made / "x.twin", tmp_path / "new")
    assert caught.value.code_ == "file.unwritable"
    restore(made / "x.twin", tmp_path / "new")
    assert differences(seen(tmp_path / "new"), seen(made / "data")) == []


@pytest.mark.neo4j
@pytest.mark.timeout(300)
def test_into_neo4j_and_from_there_again(
    made: Path, tmp_path: Path, neo4j_address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.neo4j_server import wipe

    monkeypatch.setenv("TWIN_NEO4J_PASSWORD", neo4j_address.password)
    wipe(neo4j_address)
    scheme, host = neo4j_address.uri.split("://")
    url = f"{scheme}://{neo4j_address.user}@{host}/{neo4j_address.database}"
    restore(made / "x.twin", tmp_path / "new", url)
    with closing(Neo4jStore(neo4j_address)) as store:
        assert differences(census(store), seen(made / "data")) == []
        store.commit([changeset(Create(entity("more", "site")))], store.head())
    backup(tmp_path / "new", tmp_path / "y.twin")
    restore(tmp_path / "y.twin", tmp_path / "file")
    with closing(Neo4jStore(neo4j_address)) as store:
        assert differences(seen(tmp_path / "file"), census(store)) == []
    done = restore(made / "x.twin", tmp_path / "new", replace=True)
    assert done.aside is not None
    assert differences(seen(Path(done.aside)), seen(tmp_path / "file")) == []
    with closing(Neo4jStore(neo4j_address)) as store:
        assert differences(census(store), seen(made / "data")) == []
    shutil.rmtree(tmp_path / "new")
