from __future__ import annotations

import threading

import pytest

from twin.turns import Turns

LONG = 60.0


def test_nobody_is_overtaken() -> None:
    turns, order = Turns(), list[int]()

    def act(number: int) -> None:
        with turns.turn(LONG):
            order.append(number)

    threads = [threading.Thread(target=act, args=(number,)) for number in range(16)]
    with turns.turn(LONG):
        for number, thread in enumerate(threads, 1):
            thread.start()
            while len(turns._waiting) < number:
                assert thread.is_alive()
    for thread in threads:
        thread.join(LONG)
    assert order == list(range(16))


def test_a_turn_within_a_turn_is_a_mistake_and_ends_neither() -> None:
    turns = Turns()
    with turns.turn(LONG):
        for _ in range(2):
            with pytest.raises(RuntimeError, match="already"), turns.turn(LONG):
                pass
    with turns.turn(0):
        pass


def test_what_raises_passes_the_turn_on() -> None:
    turns = Turns()
    with pytest.raises(LookupError), turns.turn(LONG):
        raise LookupError
    with turns.turn(0):
        pass


def test_who_does_not_wait_any_longer_leaves_the_queue() -> None:
    turns, caught = Turns(), list[TimeoutError]()

    def act() -> None:
        try:
            with turns.turn(0):
                pass
        except TimeoutError as error:
            caught.append(error)

    with turns.turn(LONG):
        thread = threading.Thread(target=act)
        thread.start()
        thread.join(LONG)
        assert [error.strerror for error in caught] == ["its turn had not come after 0 s"]
    with turns.turn(0):
        pass


class _Interrupted:
    """A lock whose wait ends as one does on Ctrl-C, at the worst moment or before it."""

    def __init__(self, turns: Turns, *, late: bool) -> None:
        self._turns, self._late = turns, late

    def acquire(self, **_: float) -> bool:
        if self._late:
            self._turns._pass_on()
        raise KeyboardInterrupt

    def release(self) -> None:
        pass


@pytest.mark.parametrize("late", [False, True])
def test_who_is_interrupted_does_not_keep_the_turn(*, late: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    turns = Turns()
    turns._whose = -1  # another thread's
    monkeypatch.setattr("twin.turns._Waiting.__init__", _made(turns, late=late))
    with pytest.raises(KeyboardInterrupt), turns.turn(LONG):
        pass
    assert not turns._waiting
    assert turns._whose == (None if late else -1)


def _made(turns: Turns, *, late: bool) -> object:
    def init(self: object, thread: int) -> None:
        vars(self).update(thread=thread, come=_Interrupted(turns, late=late))

    return init
