"""Learning what a token takes: keys once for all who wait, people once, and nobody who waits for ever."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.issuing import LOGIN, RSA, TWIN, issuer, jwks, part
from tests.issuing import claims as said
from tests.issuing import token as signed
from tests.twin.mqtt.peers import live, until
from twin.access.authority import Authority
from twin.access.issuers.configured import Issuer
from twin.access.issuers.signatures import Keys, keys_in
from twin.engine.authorizing import open_tokens
from twin.engine.trusting import Trusting
from twin.errors import BackendError, InvalidValue, Unauthenticated
from twin.graph.mirror import Mirror
from twin.records import Records
from twin.settings import Settings
from twin.times import now

KEYS = keys_in(jwks(RSA), ("RS256",))


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[Authority]:
    with closing(Records(tmp_path / "records.sqlite")) as records:
        yield Authority(records, TWIN, sites_of=lambda _: frozenset())


def trusting(authority: Authority, keys: Callable[[Issuer], Keys]) -> Trusting:
    async def in_pool(call: Callable[[], object]) -> object:
        return await asyncio.to_thread(call)

    mirror = Mirror()
    return Trusting((issuer('users = "everyone"'),), authority, lambda: mirror, in_pool, keys=keys)


def token(**changes: Any) -> str:
    at = now() // 1_000_000
    return signed(said(**{"iat": at, "exp": at + 300, **changes}))


def made_up(key_id: str) -> str:
    return f"{part({'alg': 'RS256', 'kid': key_id})}.{part({'iss': LOGIN})}.AAAA"


async def ready_and_verified(tokens: Trusting, shown: str) -> Any:
    await tokens.ready(shown)
    return tokens.verify(shown, now())


@live
async def test_many_who_wait_cost_one_fetch_and_one_is_new(authority: Authority) -> None:
    fetched = list[str]()

    def keys(asked: Issuer) -> Keys:
        fetched.append(asked.name)
        return KEYS

    tokens = trusting(authority, keys)
    found = await asyncio.gather(*(ready_and_verified(tokens, token(jti=str(number))) for number in range(50)))
    assert len({each.subject for each in found}) == 1
    assert fetched == ["login"]
    assert len(authority.identities.list()) == 1


@live
async def test_a_flood_of_made_up_keys_is_refused_and_costs_a_few_fetches(authority: Authority) -> None:
    fetched = list[str]()

    def keys(asked: Issuer) -> Keys:
        fetched.append(asked.name)
        return KEYS

    tokens = trusting(authority, keys)
    answers = await asyncio.gather(
        *(ready_and_verified(tokens, made_up(str(number))) for number in range(200)), return_exceptions=True
    )
    assert {type(each).__mro__[1] for each in answers} == {Unauthenticated}
    assert len(fetched) <= 3


@live
async def test_an_issuer_that_answers_nothing_holds_up_nobody_for_long(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("twin.engine.trusting._PATIENCE_SECONDS", 0.05)
    end = threading.Event()

    def keys(_: Issuer) -> Keys:
        end.wait(20)
        return KEYS

    tokens = trusting(authority, keys)
    shown = token()
    with pytest.raises(BackendError) as caught:
        await ready_and_verified(tokens, shown)
    assert caught.value.code_ == "issuer.waiting"
    assert await asyncio.wait_for(asyncio.sleep(0, "the loop goes on"), 1)
    end.set()
    await until(lambda: tokens.trusts[0].fetched > 0)
    assert (await ready_and_verified(tokens, shown)).issuer == "login"


@live
async def test_who_cannot_wait_is_told_to_come_again_and_then_comes_in(authority: Authority) -> None:
    tokens, shown = trusting(authority, lambda _: KEYS), token()
    with pytest.raises(BackendError):
        tokens.verify(shown, now())
    await until(lambda: tokens.trusts[0].fetched > 0)
    with pytest.raises(BackendError):
        tokens.verify(shown, now())
    await until(lambda: len(authority.identities.list()) == 1)
    await tokens.ready(shown)
    assert tokens.verify(shown, now()).client == "login:app"


@live
async def test_a_mistake_in_the_documents_of_an_issuer_does_not_end_the_asking(authority: Authority) -> None:
    asked = list[int]()

    def keys(_: Issuer) -> Keys:
        asked.append(1)
        if len(asked) == 1:
            raise RecursionError
        return KEYS

    tokens = trusting(authority, keys)
    await tokens.ready(made_up("x"))
    await tokens.ready(made_up("y"))
    assert len(asked) == 1
    assert tokens.trusts[0].failing
    await tokens._renew(tokens.trusts[0])
    assert not tokens.trusts[0].failing
    assert (await ready_and_verified(tokens, token())).issuer == "login"


@live
async def test_where_people_sign_in_comes_first(authority: Authority) -> None:
    assert trusting(authority, lambda _: KEYS).servers == (TWIN, LOGIN)
    authority.external_only = True
    assert trusting(authority, lambda _: KEYS).servers == (LOGIN, TWIN)


def test_without_issuers_tokens_are_ours_and_somebody_can_sign_in(authority: Authority, tmp_path: Path) -> None:
    def opened() -> Any:
        return open_tokens(authority, Settings(data=tmp_path), Mirror, asyncio.to_thread)

    assert opened() is authority.tokens
    authority.external_only = True
    with pytest.raises(InvalidValue, match="nobody could sign in"):
        opened()
    authority.external_only = False
    file = tmp_path / "issuers.toml"
    file.write_text(f'[issuers.us]\nissuer = "{TWIN}/"\naudience = "x"')
    with pytest.raises(InvalidValue, match="us is this twin itself"):
        opened()
    file.write_text(f'[issuers.login]\nissuer = "{LOGIN}"\naudience = "x"')
    assert opened().servers == (TWIN, LOGIN)
