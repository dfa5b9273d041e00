"""Tokens, codes and grants: how long it takes to know who asks, to redeem what a thousand bring at once, and until a
grant counts for everybody.
"""

from __future__ import annotations

import asyncio
import itertools
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from joserfc import jwt
from sqlalchemy import text

from tests.bench.report import in_turn
from tests.bench.scale import write
from tests.graphs import changeset, party
from tests.rights import principal
from twin.access.authorizations import Authorization, Authorizations
from twin.access.keys import KeyRing, SigningKey
from twin.access.reach import may_have
from twin.access.revocations import Revocations
from twin.access.tokens import Tokens
from twin.engine.server import Engine
from twin.graph import query
from twin.graph.model import HAS_ROLE, Create, Held, Link, Relation, Unlink
from twin.ids import mint
from twin.records import Records
from twin.settings import Settings
from twin.times import now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.bench.report import Report
    from twin.graph.model import Entity, Entry

SIZE = 100_000
PRINCIPALS = 1000
WAYS = 1000
_ISSUER = "https://twin.test"
_TOKENS = 10_500
"""More than are remembered, so that none is known when its turn comes again."""
_THREADS = 2
"""As a server has for its records."""
_PART = 500
_SETTLE = 3
"""Seconds until the engine has put in order what was built just now."""
_CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
_VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"


def run(report: Report) -> None:
    """Who asks, what they may see, and when a change of that counts."""
    _tokens(report)
    with tempfile.TemporaryDirectory() as folder:
        _redemption(report, Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder) / "twin.sqlite", SIZE)
        asyncio.run(_grant(report, Path(folder)))


def _tokens(report: Report) -> None:
    key = SigningKey.generate()
    ring = KeyRing(key)
    tokens = Tokens(lambda: ring, issuer=_ISSUER, audience=_ISSUER, current=lambda _: 1)
    scopes, sites, at = frozenset({"twin:read", "twin:write"}), frozenset({mint()}), now()
    made = [tokens.issue("client", scopes=scopes, sites=sites, generation=1, now=at).token for _ in range(_TOKENS)]
    mine, theirs = itertools.cycle(made), itertools.cycle(made)
    registry = jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": _ISSUER},
        aud={"essential": True, "value": _ISSUER},
        exp={"essential": True},
    )

    def peer() -> None:
        token = jwt.decode(next(theirs), key.private, algorithms=["ES256"])
        registry.validate(token.claims)

    cold, joserfc = in_turn([lambda: tokens.verify(next(mine), at), peer])
    report.times("token check, cold", cold, joserfc, "joserfc", "ES256; signature, claims, generation, revocation")
    known = made[-1]
    cached, again = in_turn([lambda: tokens.verify(known, at), peer])
    report.times("token check, cached", cached, again, "joserfc", "the same token again")


def _redemption(report: Report, folder: Path) -> None:
    """A thousand bring one code. The peer: a thousand transactions of SQLite that do nothing but take the lock."""
    records = Records(folder / "records.sqlite")
    Revocations(records)
    authorizations = Authorizations(records)

    def begun() -> str:
        authorization = Authorization(
            id=mint(),
            user="ada",
            client="app",
            scopes=frozenset({"twin:read"}),
            sites=frozenset({"site"}),
            signed_in=0,
            nonce="",
            created=now(),
        )
        return authorizations.begin(authorization, redirect_uri="https://app.example/", challenge=_CHALLENGE)

    def redeemed(code: str) -> bool:
        bought = authorizations.redeem(
            code, "app", redirect_uri="https://app.example/", verifier=_VERIFIER, refresh=True
        )
        return bought is not None

    def locked(_: int) -> bool:
        with records.write() as session:
            session.execute(text("SELECT 1"))
        return True

    with ThreadPoolExecutor(_THREADS) as pool:
        code = begun()
        ours = _taken(lambda: sum(pool.map(redeemed, itertools.repeat(code, WAYS))) == 1)
        peer = _taken(lambda: all(pool.map(locked, range(WAYS))))
    records.close()
    note = f"{WAYS} redemptions on {_THREADS} threads: one succeeds, and its authorization ends"
    report.times("one code, brought a thousand times", ours, peer, "as many empty transactions", note)


def _taken(call: Callable[[], bool]) -> float:
    before = time.perf_counter()
    assert call()
    return time.perf_counter() - before


async def _grant(report: Report, folder: Path) -> None:
    """From the call that commits a grant until each of a thousand has been answered what they may see now."""
    engine = Engine(Settings(data=folder, mqtt_port=0, drift_seconds=0), "http://127.0.0.1:1")
    await engine.start()
    try:
        await _measured(report, engine)
    finally:
        await engine.stop()


async def _measured(report: Report, engine: Engine) -> None:
    people = [mint() for _ in range(PRINCIPALS)]
    places = list(_places(engine))
    for part in _parts(people):
        await engine.commit(changeset(*(Create(party("user", each)) for each in part)))
        given: list[Entry] = [_has(each, *places[at % len(places)]) for at, each in enumerate(part)]
        await engine.commit(changeset(*given))
    asked = [principal(each) for each in people]
    held, spare = places[0][0].id, itertools.cycle(places[1:3])

    def answered() -> int:
        at = now()
        sites = (engine.visibilities.of(each, at) for each in asked)
        return sum(query.select(engine.mirror, sites=each, first=0).total for each in sites)

    async def changed() -> None:
        nonlocal held
        place, role = next(spare)
        gone = Unlink(type=HAS_ROLE, source=people[0], target=held)
        await engine.commit(changeset(gone, _has(people[0], place, role)))
        held = place.id

    answered()
    await asyncio.sleep(_SETTLE)
    ours, alone = [], []
    for _ in range(7):
        before = time.perf_counter()
        await changed()
        committed = time.perf_counter()
        answered()
        ours.append(time.perf_counter() - before)
        alone.append(committed - before)
    note = f"{len(engine.mirror):,} entities, {PRINCIPALS:,} principals answered; the commit is on the disk"
    report.times("a grant, committed and in effect", sorted(ours)[3], sorted(alone)[3], "the commit alone", note)


def _places(engine: Engine) -> Iterator[tuple[Entity, str]]:
    """Where a role may be had that lets its holder read, and the role."""
    roles: list[Any] = [each for each in engine.ontology.roles.values() if "read" in each.may]
    for each in engine.mirror.entities.values():
        role = next((role for role in roles if each.kind == "space" and may_have(engine.ontology, role, each)), None)
        if role is not None:
            yield each, role.name


def _has(who: str, place: Entity, role: str) -> Link:
    return Link(Relation(type=HAS_ROLE, source=who, target=place.id, roles=(Held(role),)))


def _parts(people: list[str]) -> Iterator[list[str]]:
    return (people[start : start + _PART] for start in range(0, len(people), _PART))
