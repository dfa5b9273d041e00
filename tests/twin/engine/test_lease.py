from __future__ import annotations

import multiprocessing
import os
import stat
from pathlib import Path

from twin.engine.lease import Announcement, Lease

SAID = Announcement(1, "http://a", 8080, "mqtt://a", 5, "secret", "t")


def test_one_has_it_at_a_time(tmp_path: Path) -> None:
    first, second = Lease(tmp_path), Lease(tmp_path)
    assert first.take()
    assert first.take(), "it has it already"
    assert not second.take()
    assert (first.held, second.held) == (True, False)
    assert second.holder() == str(os.getpid())
    first.release()
    first.release()
    assert second.take()
    second.release()


def hold(directory: Path, holding: object) -> None:
    assert Lease(directory).take()
    holding.set()  # type: ignore[attr-defined]
    multiprocessing.Event().wait()


def test_a_killed_process_holds_it_no_more(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    holding, lease = context.Event(), Lease(tmp_path)
    process = context.Process(target=hold, args=(tmp_path, holding), daemon=True)
    process.start()
    assert holding.wait(60)
    assert not lease.take()
    process.kill()
    process.join()
    assert lease.take()
    lease.release()


def test_what_the_owner_says_is_its_users_alone_and_goes_with_it(tmp_path: Path) -> None:
    first, second = Lease(tmp_path), Lease(tmp_path)
    assert second.owner() is None
    first.take()
    first.announce(SAID)
    assert second.owner() == SAID
    assert stat.S_IMODE((tmp_path / "owner.json").stat().st_mode) == 0o600
    first.release()
    assert second.owner() is None
    assert sorted(each.name for each in tmp_path.iterdir()) == ["lock"]


def test_the_next_owner_removes_what_a_killed_one_said(tmp_path: Path) -> None:
    killed, following = Lease(tmp_path), Lease(tmp_path)
    killed.announce(SAID)
    following.take()
    assert Lease(tmp_path).owner() is None
    following.release()


def test_a_file_that_says_nothing_is_no_owner(tmp_path: Path) -> None:
    (tmp_path / "owner.json").write_text("{}")
    assert Lease(tmp_path).owner() is None
    assert Lease(tmp_path).holder() == "unknown"
